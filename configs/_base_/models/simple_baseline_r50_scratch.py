# The baseline, without ImageNet weights.
_base_ = ['topdown.py']

model = dict(
    backbone=dict(type='ResNet', depth=50, init_cfg=None),
    head=dict(in_channels=2048),
)
