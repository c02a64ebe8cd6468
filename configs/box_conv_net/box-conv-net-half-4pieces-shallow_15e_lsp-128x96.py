# Half the channels, kernels in four pieces, as deep as the usual network.
_base_ = ['box-conv-net-half_15e_lsp-128x96.py']

model = dict(backbone=dict(pieces=4))
