# I1: the heatmap loss H1 for a third of the epochs, then only the joint loss.
_base_ = ['integral-r18_15e_lsp-128x96.py']

model = dict(head=dict(loss=dict(heatmap='gaussian')))
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.SwitchLossHook', epoch=5)]
