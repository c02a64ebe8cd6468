# The recipe of arXiv 1906.11367 on COCO: as on MPII, x 0.1 at 170 and 200 of 210 epochs.
_base_ = ['adam_140e.py']

param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=210, milestones=[170, 200], gamma=0.1, by_epoch=True)
]
train_cfg = dict(max_epochs=210, val_interval=10)
