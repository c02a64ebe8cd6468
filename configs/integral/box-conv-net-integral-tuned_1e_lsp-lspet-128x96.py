# The package's weights, trained for heatmaps, and an epoch of integral regression. Heatmaps are
# near 0 beside the joint, as a rectified sum needs them; a softmax would begin all but flat.
_base_ = [
    '../_base_/models/box_conv_net_128x96.py',
    '../_base_/data/lsp_lspet.py',
    '../_base_/pipelines/128x96_integral.py',
    '../_base_/schedules/tune_1e.py',
]

model = dict(
    head=dict(
        type='mmpose_sat.IntegralHead',
        out_channels=14,
        deconv_out_channels=None,
        activation='relu',
        loss=dict(_delete_=True, type='mmpose_sat.IntegralLoss'),
        decoder=_base_.codec,
    ),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='lsp/PCK', rule='greater'))
