# R1 in space, strategy 1.
_base_ = ['integral-3d-r50_140e_h36m-256x256.py']

model = dict(
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        _delete_=True,
        type='mmpose_sat.DirectRegressionHead3D',
        in_channels=2048,
        out_channels=17,
        decoder=_base_.codec,
    ),
)
