# With ten times the regulariser: heatmaps gather around the joint sooner.
_base_ = ['box-conv-net-dsnt_15e_lsp-128x96.py']

model = dict(head=dict(loss=dict(weight=10.0)))
