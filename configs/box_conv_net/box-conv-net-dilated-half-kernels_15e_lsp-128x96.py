# The sizes nearest to half of the paper's that four dilated taps can span.
_base_ = ['box-conv-net_15e_lsp-128x96.py']

model = dict(backbone=dict(operator='dilated', kernel_sizes=(7, 7, 13, 7, 7)))
