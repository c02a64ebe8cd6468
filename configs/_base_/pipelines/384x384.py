# Height x width 384x384, heatmaps at a quarter of it, sigma 3 cells as MMPose has it at this size.
_base_ = ['topdown.py']

codec = dict(type='MSRAHeatmap', input_size=(384, 384), heatmap_size=(96, 96), sigma=3)
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
