# DSNT's other baseline: heatmap matching.
_base_ = [
    '../_base_/models/resnet18_scratch.py',
    '../_base_/data/lsp.py',
    '../_base_/pipelines/128x96_heatmap.py',
    '../_base_/schedules/adam_cosine_15e_heads.py',
]

model = dict(
    head=dict(
        out_channels=14,
        deconv_out_channels=(256, 256),
        deconv_kernel_sizes=(4, 4),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
