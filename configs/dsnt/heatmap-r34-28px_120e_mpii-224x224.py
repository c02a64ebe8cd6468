_base_ = [
    '../_base_/models/resnet.py',
    '../_base_/data/mpii.py',
    '../_base_/pipelines/224x224_heatmap.py',
    '../_base_/schedules/rmsprop_120e.py',
]

model = dict(
    backbone=dict(
        depth=34,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        init_cfg=dict(checkpoint='torchvision://resnet34'),
    ),
    head=dict(
        in_channels=512,
        out_channels=16,
        deconv_out_channels=None,
        final_layer=dict(kernel_size=1, bias=False),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='mpii/PCKh', rule='greater'))
