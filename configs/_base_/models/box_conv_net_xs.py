# The network of the demo: four narrow stages, for minutes on two CPU cores.
_base_ = ['box_conv_net.py']

model = dict(
    backbone=dict(
        stem_channels=32,
        channels=(32, 64, 64, 32),
        num_pairs=(1, 1, 1, 1),
        kernel_sizes=(13, 19, 19, 13),
        out_indices=(3,),
    ),
    head=dict(in_channels=32),
)
