# I2 in space, strategy 2: half of each batch from MPII, which has no depth.
_base_ = ['integral-3d-i1-r50_140e_h36m-mpii-256x256.py']

model = dict(head=dict(loss=dict(heatmap='one_hot')))
