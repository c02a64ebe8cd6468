# The network of the paper's figure on the test set.
_base_ = [
    '../_base_/models/flattenet.py',
    '../_base_/data/mpii.py',
    '../_base_/pipelines/384x384.py',
    '../_base_/schedules/adam_140e.py',
]

model = dict(
    backbone=dict(depth=152, init_cfg=dict(checkpoint='torchvision://resnet152')),
    head=dict(out_channels=16, decoder=_base_.codec),
)
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='mpii/PCKh', rule='greater'))
auto_scale_lr = dict(base_batch_size=32)
