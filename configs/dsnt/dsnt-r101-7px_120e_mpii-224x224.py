_base_ = ['dsnt-r101-28px_120e_mpii-224x224.py']

model = dict(backbone=dict(strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1)))
train_dataloader = dict(batch_size=32)
auto_scale_lr = dict(base_batch_size=32)
