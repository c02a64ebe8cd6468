# The weights that come with the package: a third time eight epochs, the rate starting anew.
_base_ = ['box-conv-net_2x8e_lsp-lspet-128x96.py']

randomness = dict(seed=2)
load_from = 'work_dirs/box-conv-net_2x8e_lsp-lspet-128x96/epoch_8.pth'
