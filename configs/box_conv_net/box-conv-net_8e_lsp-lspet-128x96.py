# The weights that come with the package: eight epochs in bfloat16 on one core of a CPU.
_base_ = ['box-conv-net_15e_lsp-lspet-128x96.py']

_base_.param_scheduler[-1].update(end=8, T_max=8)
train_cfg = dict(max_epochs=8, val_interval=1)
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.AutocastBackboneHook')]
