# Height x width 128x96, one distribution per axis, two bins to a pixel; six of ten are rotated.
_base_ = ['topdown.py']

codec = dict(
    type='SimCCLabel',
    input_size=(96, 128),
    sigma=(3.46, 4.0),  # the root of an eighth of each side, as RTMPose has it at 256x192
    simcc_split_ratio=2.0,
    normalize=False,
    use_dark=False,
)
_base_.train_pipeline[3].rotate_prob = 0.6
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
