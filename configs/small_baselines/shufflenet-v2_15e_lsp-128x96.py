_base_ = [
    '../_base_/models/topdown.py',
    '../_base_/data/lsp.py',
    '../_base_/pipelines/128x96.py',
    '../_base_/schedules/adam_cosine_15e.py',
]

model = dict(
    backbone=dict(type='ShuffleNetV2', widen_factor=1.0),
    head=dict(in_channels=1024, out_channels=14, decoder=_base_.codec),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
