# H1 in space, strategy 1.
_base_ = ['integral-3d-r50_140e_h36m-256x256.py']

model = dict(head=dict(decode='argmax', loss=dict(joint=None, heatmap='gaussian')))
