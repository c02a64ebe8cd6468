# Height x width 128x96, coordinates and heatmaps of MMPose's own heads; six of ten are rotated.
_base_ = ['augmentation.py']

codec = dict(
    type='IntegralRegressionLabel',
    input_size=(96, 128),
    heatmap_size=(12, 16),
    sigma=2.0,
    normalize=True,
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
