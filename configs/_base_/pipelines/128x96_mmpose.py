# Height x width 128x96, coordinates and heatmaps of MMPose's own heads; six of ten are rotated.
_base_ = ['topdown.py']

codec = dict(
    type='IntegralRegressionLabel',
    input_size=(96, 128),
    heatmap_size=(12, 16),
    sigma=1.0,  # cells, as for our heads: at 3 x 4 cells a wider target says little
    normalize=True,
)
_base_.train_pipeline[3].rotate_prob = 0.6
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
