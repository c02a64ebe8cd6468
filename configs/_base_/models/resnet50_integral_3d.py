# ResNet-50 and volumes, I*. The leaf adds head.decoder.
_base_ = ['resnet.py']

model = dict(
    backbone=dict(depth=50, init_cfg=dict(checkpoint='torchvision://resnet50')),
    head=dict(
        type='mmpose_sat.IntegralHead3D',
        in_channels=2048,
        out_channels=17,
        loss=dict(_delete_=True, type='mmpose_sat.IntegralLoss3D'),
    ),
)
