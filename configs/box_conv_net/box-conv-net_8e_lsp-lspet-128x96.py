# Eight epochs in bfloat16, which one core of a CPU takes two hours for; then box-conv-net_2x8e.
_base_ = ['box-conv-net_15e_lsp-lspet-128x96.py']

_base_.param_scheduler[-1].update(end=8, T_max=8)
train_cfg = dict(max_epochs=8, val_interval=1)
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.AutocastBackboneHook')]
