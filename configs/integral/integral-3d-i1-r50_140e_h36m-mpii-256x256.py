# I1 in space, strategy 2: half of each batch from MPII, which has no depth.
_base_ = [
    '../_base_/models/resnet50_integral_3d.py',
    '../_base_/data/h36m_mpii.py',
    '../_base_/pipelines/256x256_integral_3d.py',
    '../_base_/schedules/adam_140e.py',
]

model = dict(head=dict(loss=dict(heatmap='gaussian'), decoder=_base_.codec))
pipeline = [t for t in _base_.train_pipeline if t['type'] != 'GetBBoxCenterScale']
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.SwitchLossHook', epoch=70)]
default_hooks = dict(checkpoint=dict(save_best='h36m/MPJPE', rule='less'))
auto_scale_lr = dict(base_batch_size=128)
