_base_ = [
    '../_base_/models/resnet.py',
    '../_base_/data/mpii.py',
    '../_base_/pipelines/224x224_dsnt.py',
    '../_base_/schedules/rmsprop_120e.py',
]

model = dict(
    backbone=dict(
        depth=50,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        init_cfg=dict(checkpoint='torchvision://resnet50'),
    ),
    head=dict(
        in_channels=2048,
        out_channels=16,
        type='mmpose_sat.DSNTHead',
        loss=dict(_delete_=True, type='mmpose_sat.DSNTLoss', regulariser='js'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='mpii/PCKh', rule='greater'))
