_base_ = [
    '../_base_/models/box_conv_net.py',
    '../_base_/data/lsp.py',
    '../_base_/pipelines/256x192.py',
    '../_base_/schedules/adam_140e.py',
]

model = dict(head=dict(out_channels=14, decoder=_base_.codec))
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
