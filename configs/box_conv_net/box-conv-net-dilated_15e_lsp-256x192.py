_base_ = ['box-conv-net_15e_lsp-256x192.py']

model = dict(backbone=dict(operator='dilated'))
