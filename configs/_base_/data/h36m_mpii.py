# Human3.6M and MPII, half and half in every batch; tested as h36m.py. MPII's joints are those of
# Human3.6M but spine and neck base, which it has not. The leaf adds the pipelines.
_base_ = ['h36m.py']

mpii_to_h36m = [
    *((6, 0), (2, 1), (1, 2), (0, 3), (3, 4), (4, 5), (5, 6), (7, 8), (9, 10)),
    *((13, 11), (14, 12), (15, 13), (12, 14), (11, 15), (10, 16)),
]
train_dataloader = dict(
    batch_size=128,
    sampler=dict(
        _delete_=True, type='MultiSourceSampler', batch_size=128, source_ratio=[1, 1], shuffle=True
    ),
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/h36m.py'),
        datasets=[
            dict(
                _base_.train_dataloader.dataset,
                pipeline=[dict(type='GetBBoxCenterScale', padding=1.0)],
            ),
            dict(
                type='mmpose_sat.MpiiDataset',
                data_root='{{$MMPOSE_SAT_MPII:data/mpii}}',
                data_mode='topdown',
                ann_file='annotations/mpii_train.json',
                data_prefix=dict(img='images/'),
                pipeline=[
                    dict(type='KeypointConverter', num_keypoints=17, mapping=mpii_to_h36m),
                    dict(type='GetBBoxCenterScale', padding=1.25),
                ],
            ),
        ],
    ),
)
