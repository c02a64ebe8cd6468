_base_ = ['dsnt-r101-28px_120e_mpii-224x224.py']

model = dict(backbone=dict(strides=(1, 1, 1, 1), dilations=(1, 2, 4, 8)))
train_dataloader = dict(batch_size=12)
auto_scale_lr = dict(base_batch_size=12)
