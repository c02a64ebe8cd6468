# MMPose's own DSNTHead, to compare with.
_base_ = [
    '../_base_/models/resnet18_scratch.py',
    '../_base_/data/lsp.py',
    '../_base_/pipelines/128x96_mmpose.py',
    '../_base_/schedules/adam_cosine_15e_heads.py',
]

model = dict(
    head=dict(
        _delete_=True,
        type='DSNTHead',
        in_channels=512,
        in_featuremap_size=(3, 4),
        num_joints=14,
        deconv_out_channels=(256, 256),
        deconv_kernel_sizes=(4, 4),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
