# Feature maps have half the side that they have at 256x192: so have the largest boxes.
_base_ = ['box_conv_net.py']

model = dict(backbone=dict(kernel_sizes=(7, 9, 15, 9, 7)))
