# Height x width 256x256, coordinates of integral regression.
_base_ = ['augmentation.py']

codec = dict(type='mmpose_sat.IntegralLabel', input_size=(256, 256))
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
