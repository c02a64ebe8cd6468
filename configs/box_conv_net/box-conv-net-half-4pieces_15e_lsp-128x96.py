# Half the channels, kernels in four pieces, as many pairs of units as take the same multiply-adds.
_base_ = ['box-conv-net_15e_lsp-128x96.py']

model = dict(
    backbone=dict(channels=(48, 96, 192, 96, 48), num_pairs=(8, 16, 32, 16, 8), pieces=4),
    head=dict(in_channels=48),
)
