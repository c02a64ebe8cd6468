# Height x width 512x512, heatmaps at an eighth of it, twice as wide in px as at 256; turns of up to
# 30 degrees.
_base_ = ['augmentation.py']

codec = dict(
    type='mmpose_sat.CentredHeatmap', input_size=(512, 512), heatmap_size=(64, 64), sigma=14
)
_base_.augmentation[-1].update(scale_prob=0.5)
affine = dict(type='mmpose_sat.PaddedAffine', input_size=codec['input_size'])
train_pipeline = [
    *_base_.augmentation,
    affine,
    dict(type='mmpose_sat.RandomBodyMask'),
    dict(type='mmpose_sat.RandomChannelPermutation'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [*_base_.loading, affine, dict(type='PackPoseInputs')]
