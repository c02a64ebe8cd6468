# Height x width 224x224, channel gains as for DSNT; heatmaps of its baseline: sigma 1 cell, its
# centre rounded, decoded to a quarter cell.
_base_ = ['augmentation.py']

codec = dict(type='MSRAHeatmap', input_size=(224, 224), heatmap_size=(28, 28), sigma=1)
train_pipeline = [
    *_base_.augmentation,
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='mmpose_sat.RandomChannelGain'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    *_base_.loading,
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]
