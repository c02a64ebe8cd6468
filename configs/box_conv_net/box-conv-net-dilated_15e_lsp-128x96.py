# Of the sizes that four dilated taps can span, those nearest to the boxes'.
_base_ = ['box-conv-net_15e_lsp-128x96.py']

model = dict(backbone=dict(operator='dilated', kernel_sizes=(7, 7, 13, 7, 7)))
