# ResNet-18 without ImageNet weights. The leaf chooses the head.
_base_ = ['topdown.py']

model = dict(
    backbone=dict(type='ResNet', depth=18, init_cfg=None),
    head=dict(in_channels=512),
)
