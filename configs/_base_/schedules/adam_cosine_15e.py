# A short schedule for a CPU: warm-up, then one cosine to zero.
# Box coordinates and slopes of PReLU are never decayed, whatever decay an optimizer is given.
_base_ = ['../runtime.py']

optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=4e-3, weight_decay=0.0),
    paramwise_cfg=dict(custom_keys={k: dict(decay_mult=0) for k in ('.coords', '.activate')}),
)
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end=15, T_max=15, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=15, val_interval=3)
auto_scale_lr = dict(base_batch_size=32)
