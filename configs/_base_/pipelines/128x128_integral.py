# Height x width 128x128, coordinates of integral regression.
_base_ = ['topdown.py']

codec = dict(type='mmpose_sat.IntegralLabel', input_size=(128, 128))
_base_.train_pipeline[3].update(shift_factor=0.02, shift_prob=1)
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
