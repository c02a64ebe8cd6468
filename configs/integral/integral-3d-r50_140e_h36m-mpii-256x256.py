# I* in space, strategy 2.
_base_ = ['integral-3d-i1-r50_140e_h36m-mpii-256x256.py']

model = dict(head=dict(loss=dict(heatmap=None)))
custom_hooks = _base_.custom_hooks[:-1]
