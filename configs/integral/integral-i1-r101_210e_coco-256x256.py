# The paper's network on COCO; its schedule there is not printed.
_base_ = [
    '../_base_/models/resnet.py',
    '../_base_/data/coco.py',
    '../_base_/pipelines/256x256_integral.py',
    '../_base_/schedules/adam_210e.py',
]

model = dict(
    backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')),
    head=dict(
        type='mmpose_sat.IntegralHead',
        in_channels=2048,
        out_channels=17,
        deconv_out_channels=(256, 256, 256),
        loss=dict(_delete_=True, type='mmpose_sat.IntegralLoss', heatmap='gaussian'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(batch_size=128, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=128)
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater'))
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.SwitchLossHook', epoch=105)]
