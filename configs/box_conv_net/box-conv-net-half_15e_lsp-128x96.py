# Half the channels, about a quarter of the multiply-adds; as deep as the usual network.
_base_ = ['box-conv-net_15e_lsp-128x96.py']

model = dict(backbone=dict(channels=(48, 96, 192, 96, 48)), head=dict(in_channels=48))
