# Height x width 384x288, heatmaps at an eighth of it, 3 cells wide, without a background.
_base_ = ['topdown.py']

codec = dict(
    type='mmpose_sat.CentredHeatmap',
    input_size=(288, 384),
    heatmap_size=(36, 48),
    sigma=24,
    background=False,
    weigh_missing=False,
)
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
_base_.train_pipeline.insert(3, dict(type='RandomHalfBody'))
