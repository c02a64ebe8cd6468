# 24 epochs and 12 more from half the learning rate, in bfloat16: seven hours on one core of a CPU.
_base_ = ['box-conv-net_15e_lsp-lspet-128x96.py']

_base_.param_scheduler[-1].update(end=24, T_max=24)
restart = dict(type='CosineRestartLR', begin=24, end=36, periods=[12], restart_weights=[0.5])
param_scheduler = [*_base_.param_scheduler, dict(**restart, eta_min=0, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=36, val_interval=1)
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.AutocastBackboneHook')]
