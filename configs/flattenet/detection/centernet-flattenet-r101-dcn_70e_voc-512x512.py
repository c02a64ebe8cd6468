# The paper's detector: CenterNet on ResNet-101 with deformable convolutions in its last stage,
# tested from both sides (`--tta` of MMDetection's tools/test.py). The schedule is CenterNet's on
# VOC (arXiv 1904.07850): 70 epochs of batches of 32, x 0.1 at 45 and 60.
_base_ = [
    'mmdet::centernet/centernet_r18-dcnv2_8xb16-crop512-140e_coco.py',
]

model = dict(
    backbone=dict(
        depth=101,
        dcn=dict(type='DCNv2', deform_groups=1, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101'),
    ),
    neck=dict(
        _delete_=True,
        type='mmpose_sat.FlatteningNeck',
        in_channels=2048,
        layers=[dict(kernel_size=5, groups=(32, 32), multiplier=2)],
    ),
    bbox_head=dict(num_classes=20),
)
voc = dict(
    type='VOCDataset',
    data_root='{{$MMPOSE_SAT_VOC:data/VOCdevkit}}/',
    filter_cfg=dict(filter_empty_gt=True, min_size=32),
    pipeline=_base_.train_pipeline,
)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        ignore_keys=['dataset_type'],
        datasets=[
            dict(
                voc,
                ann_file=f'{year}/ImageSets/Main/trainval.txt',
                data_prefix=dict(sub_data_root=f'{year}/'),
            )
            for year in ('VOC2007', 'VOC2012')
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='VOCDataset',
        data_root=voc['data_root'],
        ann_file='VOC2007/ImageSets/Main/test.txt',
        data_prefix=dict(sub_data_root='VOC2007/'),
        test_mode=True,
        pipeline=_base_.test_pipeline,
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='VOCMetric', metric='mAP', eval_mode='11points')
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1.25e-4), clip_grad=None)
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=70, milestones=[45, 60], gamma=0.1, by_epoch=True)
]
train_cfg = dict(max_epochs=70)
auto_scale_lr = dict(base_batch_size=32)
