# A small detector of rendered people (tools/make_synthetic_people.py), from scratch on a CPU; for
# MMDetection, and as det_model of MMPoseInferencer.
_base_ = ['mmdet::_base_/default_runtime.py']

model = dict(
    type='CenterNet',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(type='ResNet', depth=18, norm_eval=False, norm_cfg=dict(type='BN')),
    neck=dict(
        type='mmpose_sat.FlatteningNeck',
        in_channels=512,
        layers=[dict(kernel_size=5, groups=(16, 32), multiplier=8)],
    ),
    bbox_head=dict(
        type='CenterNetHead',
        num_classes=1,
        in_channels=64,
        feat_channels=64,
        loss_center_heatmap=dict(type='GaussianFocalLoss', loss_weight=1.0),
        loss_wh=dict(type='L1Loss', loss_weight=0.1),
        loss_offset=dict(type='L1Loss', loss_weight=1.0),
    ),
    train_cfg=None,
    test_cfg=dict(topk=100, local_maximum_kernel=3, max_per_img=20),
)
border = dict(  # CenterNetHead asks for one: of no width where sides are multiples of 32
    type='RandomCenterCropPad',
    ratios=None,
    border=None,
    mean=[0, 0, 0],
    std=[1, 1, 1],
    to_rgb=True,
    test_mode=True,
    test_pad_mode=['size_divisor', 32],
)
# Sides that 32 divides: a border around the image, which costs AP, is never needed.
resize = dict(type='Resize', scale=(160, 128), keep_ratio=False)
data = dict(
    type='CocoDataset',
    data_root='{{$MMPOSE_SAT_SYNTHETIC:data/synthetic}}/',
    metainfo=dict(classes=('person',)),
)
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        data,
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            resize,
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs'),
        ],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        data,
        ann_file='annotations/val.json',
        data_prefix=dict(img='val/'),
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile', to_float32=True),
            resize,
            border,
            dict(
                type='PackDetInputs',
                meta_keys=(
                    *('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'border'),
                ),
            ),
        ],
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type='CocoMetric', ann_file=data['data_root'] + 'annotations/val.json', metric='bbox'
)
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3), clip_grad=dict(max_norm=35))
param_scheduler = [
    dict(type='LinearLR', begin=0, end=100, start_factor=0.01, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end=8, T_max=8, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=8, val_interval=4)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=1), logger=dict(interval=20))
custom_hooks = [dict(type='mmpose_sat.KeepMemoryHook')]
randomness = dict(seed=0)
