# Two stages from scratch.
_base_ = [
    '../_base_/models/u_context_cpm.py',
    '../_base_/data/lsp.py',
    '../_base_/pipelines/128x96_cpm.py',
    '../_base_/schedules/adam_cosine_10e.py',
]

model = dict(
    backbone=dict(out_channels=15, num_stages=2, trunk_init_cfg=None),
    head=dict(
        out_channels=14, num_stages=2, loss=dict(loss_weight=15 * 12 * 16 / 2), decoder=_base_.codec
    ),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
