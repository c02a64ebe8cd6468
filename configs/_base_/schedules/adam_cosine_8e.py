_base_ = ['adam_cosine_15e.py']

param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end=8, T_max=8, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=8, val_interval=4)
