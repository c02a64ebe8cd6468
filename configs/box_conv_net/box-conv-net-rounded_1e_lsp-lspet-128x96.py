# The package's weights with boxes of whole pixels: an epoch of fine-tuning for all else.
_base_ = ['box-conv-net_15e_lsp-lspet-128x96.py']

load_from = 'mmpose_sat://box-conv-net_48e_lsp-lspet-128x96'
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='mmpose_sat.AutocastBackboneHook'),
    dict(type='mmpose_sat.FreezeBoxesHook', begin=0),
]
optim_wrapper = dict(optimizer=dict(lr=3e-4))
_base_.param_scheduler[-1].update(end=1, T_max=1)
train_cfg = dict(max_epochs=1, val_interval=1)
