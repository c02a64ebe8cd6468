# One more epoch for the package's weights, whatever head now makes coordinates of their heatmaps.
_base_ = ['adam_cosine_15e.py']

load_from = 'mmpose_sat://box-conv-net_48e_lsp-lspet-128x96'
optim_wrapper = dict(optimizer=dict(lr=3e-4))
_base_.param_scheduler[-1].update(end=1, T_max=1)
train_cfg = dict(max_epochs=1, val_interval=1)
