# The baseline, from MMPose's own random initialisation.
_base_ = ['topdown.py']

model = dict(
    backbone=dict(type='ResNet', depth=50),
    head=dict(in_channels=2048),
)
