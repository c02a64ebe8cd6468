# Two hourglasses, both with depth 64.
_base_ = ['integral-3d-i1-r50_140e_h36m-256x256.py']

model = dict(
    backbone=dict(
        _delete_=True, type='mmpose_sat.StackedHourglass', out_channels=17 * 64, num_stacks=2
    ),
    head=dict(in_channels=17 * 64, num_stages=2, final_layer=None, deconv_out_channels=None),
)
