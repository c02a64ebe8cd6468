# R1: coordinates from pooled features.
_base_ = [
    '../_base_/models/resnet18_scratch.py',
    '../_base_/data/lsp.py',
    '../_base_/pipelines/128x96_integral.py',
    '../_base_/schedules/adam_cosine_15e_heads.py',
]

model = dict(
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='mmpose_sat.DirectRegressionHead',
        out_channels=14,
        loss=dict(_delete_=True, type='mmpose_sat.IntegralLoss'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
