# ResNet with ImageNet weights. The leaf chooses its depth, weights and head.
_base_ = ['topdown.py']

model = dict(backbone=dict(type='ResNet', init_cfg=dict(type='Pretrained')))
