# Height x width 128x96, heatmaps at an eighth of it, 7 px wide, with a background; the paper's
# masks, permuted channels and grey borders; six of ten are rotated.
_base_ = ['topdown.py']

codec = dict(type='mmpose_sat.CentredHeatmap', input_size=(96, 128), heatmap_size=(12, 16))
_base_.train_pipeline[3].rotate_prob = 0.6
_base_.train_pipeline[4].type = _base_.val_pipeline[2].type = 'mmpose_sat.PaddedAffine'
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
_base_.train_pipeline[5:5] = [
    dict(type='mmpose_sat.RandomBodyMask'),
    dict(type='mmpose_sat.RandomChannelPermutation'),
]
