# In none of the papers: FlatteNet's decoding, coordinates by DSNT.
_base_ = [
    '../_base_/models/flattenet.py',
    '../_base_/data/mpii.py',
    '../_base_/pipelines/256x256_dsnt.py',
    '../_base_/schedules/adam_140e.py',
]

model = dict(
    backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')),
    head=dict(
        type='mmpose_sat.DSNTHead',
        out_channels=16,
        loss=dict(_delete_=True, type='mmpose_sat.DSNTLoss', regulariser='js'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='mpii/PCKh', rule='greater'))
auto_scale_lr = dict(base_batch_size=32)
