# Kernels of a third of the size that they have at 256x192.
_base_ = ['box-conv-net_15e_lsp-128x96.py']

model = dict(backbone=dict(kernel_sizes=(5, 7, 11, 7, 5)))
