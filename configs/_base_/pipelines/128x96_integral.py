# Height x width 128x96, coordinates of integral regression; six of ten are rotated.
_base_ = ['augmentation.py']

codec = dict(type='mmpose_sat.IntegralLabel', input_size=(96, 128))
_base_.augmentation[-1].rotate_prob = 0.6
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
