# The paper's network on LIP.
_base_ = [
    '../_base_/models/u_context_cpm.py',
    '../_base_/data/lip.py',
    '../_base_/pipelines/256x256_cpm.py',
    '../_base_/schedules/adam_plateau_100e.py',
]

model = dict(
    backbone=dict(out_channels=17),
    head=dict(
        out_channels=16,
        loss=dict(loss_weight=17 * 32 * 32 / 2),  # sums over cells, halved, as in the paper's code
        decoder=_base_.codec,
    ),
)
_base_.param_scheduler[0].monitor = 'lip/PCKh'
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lip/PCKh', rule='greater'))
