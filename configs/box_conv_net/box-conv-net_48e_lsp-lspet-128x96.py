# 24 epochs, and twice 12 more from half the learning rate, the backbone in bfloat16.
_base_ = ['box-conv-net_15e_lsp-lspet-128x96.py']

_base_.param_scheduler[-1].update(end=24, T_max=24)
param_scheduler = [
    *_base_.param_scheduler,
    dict(
        type='CosineRestartLR',
        begin=24,
        end=48,
        periods=[12, 12],
        restart_weights=[0.5, 0.5],
        eta_min=0,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(max_epochs=48, val_interval=1)
custom_hooks = [*_base_.custom_hooks, dict(type='mmpose_sat.AutocastBackboneHook')]
