# The demo's network and people, coordinates in place of heatmaps.
_base_ = ['../box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py']

label = dict(type='mmpose_sat.DSNTLabel', input_size=(96, 128))
codec = dict(_delete_=True, **label)
_base_.train_dataloader.dataset.pipeline[-2].encoder = label
model = dict(
    head=dict(
        type='mmpose_sat.DSNTHead',
        loss=dict(_delete_=True, type='mmpose_sat.DSNTLoss', regulariser='js'),
        decoder=codec,
    ),
)
