# Height x width 128x96, coordinates of integral regression; six of ten are rotated.
_base_ = ['topdown.py']

codec = dict(type='mmpose_sat.IntegralLabel', input_size=(96, 128))
_base_.train_pipeline[3].rotate_prob = 0.6
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
