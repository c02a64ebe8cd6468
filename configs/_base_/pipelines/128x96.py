# Height x width 128x96, heatmaps at a quarter of it; six of ten are rotated. Cells are coarse for
# such small people: sub-cell Gaussians, decoded by DARK.
_base_ = ['augmentation.py']

codec = dict(
    type='MSRAHeatmap',
    input_size=(96, 128),
    heatmap_size=(24, 32),
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7,
)
_base_.augmentation[-1].rotate_prob = 0.6
train_pipeline = [
    *_base_.augmentation,
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    *_base_.loading,
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]
