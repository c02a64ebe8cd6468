# Height x width 256x256, coordinates of integral regression in space. The boxes of Human3.6M's
# files are padded already.
_base_ = ['augmentation.py']

codec = dict(type='mmpose_sat.IntegralLabel3D', input_size=(256, 256))
_base_.augmentation[1].padding = 1.0
_base_.loading[1].padding = 1.0
pack = dict(
    type='PackPoseInputs',
    meta_keys=(
        *('id', 'img_id', 'img_path', 'category_id', 'ori_shape', 'img_shape'),
        *('input_size', 'input_center', 'input_scale', 'flip', 'flip_direction', 'flip_indices'),
        *('camera', 'action'),  # for the metric
    ),
)
train_pipeline = [
    *_base_.augmentation,
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    pack,
]
val_pipeline = [*_base_.loading, dict(type='TopdownAffine', input_size=codec['input_size']), pack]
