# HG-I1: eight hourglasses with a loss each.
_base_ = ['integral-i1-r50_140e_mpii-256x256.py']

model = dict(
    backbone=dict(_delete_=True, type='mmpose_sat.StackedHourglass', out_channels=16, num_stacks=8),
    head=dict(in_channels=16, num_stages=8, final_layer=None, deconv_out_channels=None),
)
