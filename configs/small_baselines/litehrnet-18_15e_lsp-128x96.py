_base_ = [
    '../_base_/models/topdown.py',
    '../_base_/data/lsp.py',
    '../_base_/pipelines/128x96.py',
    '../_base_/schedules/adam_cosine_15e.py',
]

stages = dict(
    num_modules=(2, 4, 2),
    num_branches=(2, 3, 4),
    num_blocks=(2, 2, 2),
    module_type=('LITE', 'LITE', 'LITE'),
    with_fuse=(True, True, True),
    reduce_ratios=(8, 8, 8),
    num_channels=((40, 80), (40, 80, 160), (40, 80, 160, 320)),
)
model = dict(
    backbone=dict(
        type='LiteHRNet',
        in_channels=3,
        extra=dict(
            stem=dict(stem_channels=32, out_channels=32, expand_ratio=1),
            num_stages=3,
            stages_spec=stages,
            with_head=True,
        ),
    ),
    head=dict(in_channels=40, out_channels=14, deconv_out_channels=None, decoder=_base_.codec),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
