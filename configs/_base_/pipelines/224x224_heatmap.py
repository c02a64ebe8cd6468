# Height x width 224x224, channel gains as for DSNT; heatmaps of its baseline: sigma 1 cell, its
# centre rounded, decoded to a quarter cell.
_base_ = ['topdown.py']

codec = dict(type='MSRAHeatmap', input_size=(224, 224), heatmap_size=(28, 28), sigma=1)
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
_base_.train_pipeline.insert(5, dict(type='mmpose_sat.RandomChannelGain'))
