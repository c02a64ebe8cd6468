# Height x width 256x256, heatmaps at an eighth of it, 7 px wide, with a background; the paper's
# masks, permuted channels, grey borders and turns of up to 40 degrees. The box is the whole image:
# the leaf sets GetBBoxCenterScale.padding otherwise. As in the paper's code, the mask and the
# permutation come first, on the photograph: no mask is lost on the grey borders.
_base_ = ['topdown.py']

codec = dict(type='mmpose_sat.CentredHeatmap', input_size=(256, 256), heatmap_size=(32, 32))
_base_.train_pipeline[1].padding = _base_.val_pipeline[1].padding = 1.0
_base_.train_pipeline[3].update(scale_prob=0.5, rotate_factor=40)
_base_.train_pipeline[4].type = _base_.val_pipeline[2].type = 'mmpose_sat.PaddedAffine'
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
_base_.train_pipeline[1:1] = [
    dict(type='mmpose_sat.RandomBodyMask'),
    dict(type='mmpose_sat.RandomChannelPermutation'),
]
