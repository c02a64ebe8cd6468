# Height x width 224x224, coordinates and channel gains of DSNT.
_base_ = ['augmentation.py']

codec = dict(type='mmpose_sat.DSNTLabel', input_size=(224, 224))
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
