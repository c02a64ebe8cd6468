# One more epoch for the package's weights, whatever head now makes coordinates of them. A softmax
# needs logits some ten times as large as the heights of Gaussians that they were trained for.
_base_ = ['adam_cosine_15e.py']

load_from = 'mmpose_sat://box-conv-net_48e_lsp-lspet-128x96'
optim_wrapper = dict(
    optimizer=dict(lr=3e-4),
    paramwise_cfg=dict(custom_keys={'head.final_layer': dict(lr_mult=10)}),
)
_base_.param_scheduler[-1].update(end=1, T_max=1)
train_cfg = dict(max_epochs=1, val_interval=1)
