# Height x width 128x96, heatmaps at an eighth of it, 7 px wide, with a background; the paper's
# masks, permuted channels and grey borders; six of ten are rotated.
_base_ = ['augmentation.py']

codec = dict(type='mmpose_sat.CentredHeatmap', input_size=(96, 128), heatmap_size=(12, 16))
_base_.augmentation[-1].rotate_prob = 0.6
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
