# I1 in space, strategy 1.
_base_ = ['integral-3d-r50_140e_h36m-256x256.py']

model = dict(head=dict(loss=dict(heatmap='gaussian')))
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.SwitchLossHook', epoch=70)]
