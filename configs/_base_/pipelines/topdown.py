# What all top-down pipelines do: flip, scale 0.75-1.25, rotation 30 deg. A size's file has the
# codec, and sets with it the sizes of both crops, train_pipeline[4] and val_pipeline[2], and the
# encoder of the target, train_pipeline[5].
train_pipeline = [
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
    dict(type='TopdownAffine'),
    dict(type='GenerateTarget'),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine'),
    dict(type='PackPoseInputs'),
]
