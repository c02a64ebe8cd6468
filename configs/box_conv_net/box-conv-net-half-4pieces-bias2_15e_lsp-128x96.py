# So deep a network keeps its gradients even with biases of 2 in batch normalisation.
_base_ = ['box-conv-net-half-4pieces_15e_lsp-128x96.py']

model = dict(
    backbone=dict(
        init_cfg=[
            dict(type='Kaiming', layer='Conv2d', mode='fan_in'),
            dict(type='Constant', val=1, bias=2, layer='_BatchNorm'),
        ],
    ),
)
