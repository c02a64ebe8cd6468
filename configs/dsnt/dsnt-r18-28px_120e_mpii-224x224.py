_base_ = ['dsnt-r34-28px_120e_mpii-224x224.py']

model = dict(backbone=dict(depth=18, init_cfg=dict(checkpoint='torchvision://resnet18')))
