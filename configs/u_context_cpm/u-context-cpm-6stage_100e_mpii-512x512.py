# MPII with heatmaps of 64 cells: the paper does not say how they come about; here, from an input of
# twice the size.
_base_ = [
    '../_base_/models/u_context_cpm.py',
    '../_base_/data/mpii.py',
    '../_base_/pipelines/512x512_cpm.py',
    '../_base_/schedules/adam_plateau_100e.py',
]

model = dict(
    backbone=dict(out_channels=17),
    head=dict(out_channels=16, loss=dict(loss_weight=17 * 64 * 64 / 2), decoder=_base_.codec),
)
_base_.param_scheduler[0].monitor = 'mpii/PCKh'
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='mpii/PCKh', rule='greater'))
