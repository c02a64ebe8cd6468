# The paper's segmentation network, for MMSegmentation: two layers of 7 x 7 kernels, tested at six
# scales and from both sides with `tools/test.py CONFIG CHECKPOINT --tta` of that package. Schedule
# and augmentation are MMSegmentation's for PASCAL-Context.
_base_ = [
    'mmseg::_base_/datasets/pascal_context_59.py',
    'mmseg::_base_/default_runtime.py',
    'mmseg::_base_/schedules/schedule_80k.py',
]

model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=_base_.crop_size,
    ),
    backbone=dict(
        type='ResNet',
        depth=101,
        norm_eval=False,
        out_indices=(3,),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101'),
    ),
    neck=dict(
        type='mmpose_sat.FlatteningNeck',
        in_channels=2048,
        layers=[
            dict(kernel_size=7, multiplier=2),
            dict(kernel_size=7, multiplier=2, groups=(64, 64)),
        ],
    ),
    decode_head=dict(
        type='FCNHead',
        in_channels=128,
        in_index=0,
        channels=128,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0,
        num_classes=59,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss'),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='slide', crop_size=_base_.crop_size, stride=(320, 320)),
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.activate': dict(decay_mult=0)}))  # slopes
