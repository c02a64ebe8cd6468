# Boxes in four weighted pieces (arXiv 1906.11367, Fig. 2).
_base_ = ['box-conv-net_15e_lsp-128x96.py']

model = dict(backbone=dict(pieces=4))
