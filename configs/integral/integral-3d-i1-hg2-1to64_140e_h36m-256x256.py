# Two hourglasses, coarse to fine: heatmaps of the plane, then volumes of depth 64.
_base_ = ['integral-3d-i1-hg2_140e_h36m-256x256.py']

model = dict(backbone=dict(out_channels=(17, 17 * 64)), head=dict(depth=(1, 64)))
