# Eight epochs more, the rate starting anew; then box-conv-net_3x8e.
_base_ = ['box-conv-net_8e_lsp-lspet-128x96.py']

optim_wrapper = dict(optimizer=dict(lr=3e-3))
randomness = dict(seed=1)
load_from = 'work_dirs/box-conv-net_8e_lsp-lspet-128x96/epoch_8.pth'
