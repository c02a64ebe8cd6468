# Height x width 384x384, heatmaps at a quarter of it, sigma 3 cells as MMPose has it at this size.
_base_ = ['augmentation.py']

codec = dict(type='MSRAHeatmap', input_size=(384, 384), heatmap_size=(96, 96), sigma=3)
train_pipeline = [
    *_base_.augmentation,
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    *_base_.loading,
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]
