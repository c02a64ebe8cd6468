# Height x width 128x96; heatmaps of DSNT's baseline: sigma 1 cell, its centre rounded, decoded to a
# quarter cell; six of ten are rotated.
_base_ = ['topdown.py']

codec = dict(
    type='MSRAHeatmap',
    input_size=(96, 128),
    heatmap_size=(12, 16),
    sigma=1,
)
_base_.train_pipeline[3].rotate_prob = 0.6
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
