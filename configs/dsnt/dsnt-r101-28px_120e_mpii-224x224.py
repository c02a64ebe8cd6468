_base_ = ['dsnt-r50-28px_120e_mpii-224x224.py']

model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint='torchvision://resnet101')))
train_dataloader = dict(batch_size=24)
auto_scale_lr = dict(base_batch_size=24)
