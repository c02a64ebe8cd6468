_base_ = ['../runtime.py']

# The recipe of arXiv 1801.07372 on MPII: RMSProp 2.5e-4, x 0.1 at 60 and 90 of 120 epochs, batch
# of 32.
optim_wrapper = dict(
    optimizer=dict(type='RMSprop', lr=2.5e-4, weight_decay=0.0),
    paramwise_cfg=dict(custom_keys={'.coords': dict(decay_mult=0)}),
)
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=120, milestones=[60, 90], gamma=0.1, by_epoch=True)
]
train_cfg = dict(max_epochs=120, val_interval=5)
auto_scale_lr = dict(base_batch_size=32)
