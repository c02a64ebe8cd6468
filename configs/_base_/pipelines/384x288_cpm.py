# Height x width 384x288, heatmaps at an eighth of it, 3 cells wide, without a background.
_base_ = ['augmentation.py']

codec = dict(
    type='mmpose_sat.CentredHeatmap',
    input_size=(288, 384),
    heatmap_size=(36, 48),
    sigma=24,
    background=False,
    weigh_missing=False,
)
train_pipeline = [
    *_base_.augmentation[:3],
    dict(type='RandomHalfBody'),
    *_base_.augmentation[3:],
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    *_base_.loading,
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]
