_base_ = ['u-context-cpm-2stage_10e_lsp-128x96.py']

model = dict(backbone=dict(context='none'))
