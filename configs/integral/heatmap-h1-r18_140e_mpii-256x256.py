_base_ = ['heatmap-h1-r50_140e_mpii-256x256.py']

model = dict(
    backbone=dict(depth=18, init_cfg=dict(checkpoint='torchvision://resnet18')),
    head=dict(in_channels=512),
)
