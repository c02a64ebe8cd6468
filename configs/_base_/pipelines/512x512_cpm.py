# Height x width 512x512, heatmaps at an eighth of it, twice as wide in px as at 256; turns of up to
# 30 degrees.
_base_ = ['topdown.py']

codec = dict(
    type='mmpose_sat.CentredHeatmap', input_size=(512, 512), heatmap_size=(64, 64), sigma=14
)
_base_.train_pipeline[3].update(scale_prob=0.5)
_base_.train_pipeline[4].type = _base_.val_pipeline[2].type = 'mmpose_sat.PaddedAffine'
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
_base_.train_pipeline[5:5] = [
    dict(type='mmpose_sat.RandomBodyMask'),
    dict(type='mmpose_sat.RandomChannelPermutation'),
]
