_base_ = [
    '../_base_/models/simple_baseline_r50_scratch.py',
    '../_base_/data/mpii.py',
    '../_base_/pipelines/256x256.py',
    '../_base_/schedules/adam_140e.py',
]

model = dict(head=dict(out_channels=16, decoder=_base_.codec))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='mpii/PCKh', rule='greater'))
