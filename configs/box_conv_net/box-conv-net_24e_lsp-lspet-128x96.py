# 24 epochs in bfloat16, which one core of a CPU takes five hours for.
_base_ = ['box-conv-net_15e_lsp-lspet-128x96.py']

_base_.param_scheduler[-1].update(end=24, T_max=24)
train_cfg = dict(max_epochs=24, val_interval=1)
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.AutocastBackboneHook')]
