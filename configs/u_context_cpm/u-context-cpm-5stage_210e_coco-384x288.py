# The author's variant for COCO: five stages, no background, the usual recipe and normalisation.
_base_ = [
    '../_base_/models/u_context_cpm.py',
    '../_base_/data/coco.py',
    '../_base_/pipelines/384x288_cpm.py',
    '../_base_/schedules/adam_210e.py',
]

model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(out_channels=17, num_stages=5, context_cfg=dict(mode='nearest')),
    head=dict(out_channels=17, num_stages=5, decoder=_base_.codec),
)
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater'))
