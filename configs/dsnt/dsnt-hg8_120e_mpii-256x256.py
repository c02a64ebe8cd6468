_base_ = [
    '../_base_/models/topdown.py',
    '../_base_/data/mpii.py',
    '../_base_/pipelines/256x256_dsnt.py',
    '../_base_/schedules/rmsprop_120e.py',
]

model = dict(
    backbone=dict(type='mmpose_sat.StackedHourglass', out_channels=16, num_stacks=8),
    head=dict(
        type='mmpose_sat.DSNTHead',
        in_channels=16,
        out_channels=16,
        num_stages=8,
        final_layer=None,
        loss=dict(_delete_=True, type='mmpose_sat.DSNTLoss', regulariser='js'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(batch_size=6, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=6)
default_hooks = dict(checkpoint=dict(save_best='mpii/PCKh', rule='greater'))
