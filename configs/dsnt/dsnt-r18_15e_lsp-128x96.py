# Two deconvolutions, so that heatmaps have 16x12 cells as in the other heads compared on LSP.
_base_ = [
    '../_base_/models/resnet18_scratch.py',
    '../_base_/data/lsp.py',
    '../_base_/pipelines/128x96_dsnt.py',
    '../_base_/schedules/adam_cosine_15e_heads.py',
]

model = dict(
    head=dict(
        type='mmpose_sat.DSNTHead',
        out_channels=14,
        deconv_out_channels=(256, 256),
        loss=dict(_delete_=True, type='mmpose_sat.DSNTLoss', regulariser='js'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
