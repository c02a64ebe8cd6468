_base_ = ['box-conv-net-half-kernels_15e_lsp-128x96.py']

model = dict(backbone=dict(operator='normalized_box'))
