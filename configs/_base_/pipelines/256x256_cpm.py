# Height x width 256x256, heatmaps at an eighth of it, 7 px wide, with a background; the paper's
# masks, permuted channels, grey borders and turns of up to 40 degrees. The box is the whole image:
# the leaf sets GetBBoxCenterScale.padding otherwise.
_base_ = ['augmentation.py']

codec = dict(type='mmpose_sat.CentredHeatmap', input_size=(256, 256), heatmap_size=(32, 32))
_base_.augmentation[1].padding = 1.0
_base_.loading[1].padding = 1.0
_base_.augmentation[-1].update(scale_prob=0.5, rotate_factor=40)
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
