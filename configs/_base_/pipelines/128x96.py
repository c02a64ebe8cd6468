# Height x width 128x96, heatmaps at a quarter of it; six of ten are rotated. Cells are coarse for
# such small people: sub-cell Gaussians, decoded by DARK.
_base_ = ['topdown.py']

codec = dict(
    type='MSRAHeatmap',
    input_size=(96, 128),
    heatmap_size=(24, 32),
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7,
)
_base_.train_pipeline[3].rotate_prob = 0.6
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
