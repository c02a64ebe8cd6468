# ShuffleNetV2 1x. The paper does not print the groups; these fit its count.
_base_ = ['flattenet-r50_140e_mpii-256x256.py']

model = dict(
    backbone=dict(
        _delete_=True,
        type='ShuffleNetV2',
        init_cfg=dict(type='Pretrained', checkpoint='mmcls://shufflenet_v2'),
    ),
    neck=dict(in_channels=1024, layers=[dict(groups=(64, 16), multiplier=2)]),
)
