# I3: the heatmap loss H3 for half of the epochs, then only the joint loss.
_base_ = ['integral-r50_140e_mpii-256x256.py']

model = dict(head=dict(loss=dict(heatmap='disc', input_size=(256, 256))))
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.SwitchLossHook', epoch=70)]
