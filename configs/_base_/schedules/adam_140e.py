_base_ = ['../runtime.py']

# The recipe of arXiv 1906.11367 on MPII: Adam 1e-3, x 0.1 at 90 and 120 of 140 epochs, batch 64.
# Box coordinates and slopes of PReLU are never decayed, whatever decay an optimizer is given.
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=1e-3, weight_decay=0.0),
    paramwise_cfg=dict(custom_keys={k: dict(decay_mult=0) for k in ('.coords', '.activate')}),
)
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=140, milestones=[90, 120], gamma=0.1, by_epoch=True)
]
train_cfg = dict(max_epochs=140, val_interval=5)
auto_scale_lr = dict(base_batch_size=64)
