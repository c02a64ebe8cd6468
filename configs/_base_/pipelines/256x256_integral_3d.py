# Height x width 256x256, coordinates of integral regression in space. The boxes of Human3.6M's
# files are padded already.
_base_ = ['topdown.py']

codec = dict(type='mmpose_sat.IntegralLabel3D', input_size=(256, 256))
_base_.train_pipeline[1].padding = _base_.val_pipeline[1].padding = 1.0
_base_.train_pipeline[3].update(
    type='mmpose_sat.RandomBBoxTransform3D', shift_factor=0.02, shift_prob=1
)
_base_.train_pipeline[4].input_size = _base_.val_pipeline[2].input_size = codec['input_size']
_base_.train_pipeline[5].encoder = codec
_base_.train_pipeline[6].meta_keys = _base_.val_pipeline[3].meta_keys = (
    *('id', 'img_id', 'img_path', 'category_id', 'ori_shape', 'img_shape'),
    *('input_size', 'input_center', 'input_scale', 'flip', 'flip_direction', 'flip_indices'),
    *('camera', 'action'),  # for the metric
)
