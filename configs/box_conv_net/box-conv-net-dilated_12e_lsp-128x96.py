_base_ = ['box-conv-net_12e_lsp-128x96.py']

model = dict(backbone=dict(operator='dilated'))
