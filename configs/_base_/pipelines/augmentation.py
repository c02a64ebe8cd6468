# What all pipelines do before and beside the crop: flip, scale 0.75-1.25, rotation 30 deg.
augmentation = [
    dict(type='mmpose_sat.LoadImageOrSkip'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(
        type='RandomBBoxTransform',
        shift_prob=0,
        scale_factor=(0.75, 1.25),
        rotate_factor=30,
        rotate_prob=1,
    ),
]
loading = [dict(type='LoadImage'), dict(type='GetBBoxCenterScale')]
