_base_ = ['topdown.py']

model = dict(
    backbone=dict(type='mmpose_sat.BoxConvNet'),
    head=dict(in_channels=96, deconv_out_channels=None),
)
