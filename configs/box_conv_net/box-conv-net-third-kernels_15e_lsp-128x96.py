# A third of the kernels of 256x192, on maps of half the side.
_base_ = ['box-conv-net_15e_lsp-128x96.py']

model = dict(backbone=dict(kernel_sizes=(5, 7, 11, 7, 5)))
