# Heatmaps of 64x64 cells.
_base_ = ['integral-i1-r50_140e_mpii-256x256.py']

model = dict(head=dict(deconv_out_channels=(256, 256, 256), deconv_kernel_sizes=(4, 4, 4)))
