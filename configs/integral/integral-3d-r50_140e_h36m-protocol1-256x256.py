# I* in space, protocol 1.
_base_ = [
    '../_base_/models/resnet50_integral_3d.py',
    '../_base_/data/h36m_protocol1.py',
    '../_base_/pipelines/256x256_integral_3d.py',
    '../_base_/schedules/adam_140e.py',
]

model = dict(head=dict(decoder=_base_.codec))
train_dataloader = dict(batch_size=128, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='h36m/PA-MPJPE', rule='less'))
auto_scale_lr = dict(base_batch_size=128)
