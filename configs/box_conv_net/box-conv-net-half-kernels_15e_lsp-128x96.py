# Feature maps have half the side that they have at 256x192: so have the largest boxes.
_base_ = ['box-conv-net_15e_lsp-128x96.py']

model = dict(backbone=dict(kernel_sizes=(7, 9, 15, 9, 7)))
