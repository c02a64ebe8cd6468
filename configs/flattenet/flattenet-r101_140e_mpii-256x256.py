_base_ = ['flattenet-r50_140e_mpii-256x256.py']

model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')))
