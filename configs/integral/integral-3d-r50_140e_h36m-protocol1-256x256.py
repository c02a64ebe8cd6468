# Protocol 1: trained on S9 too, which is in the file of the test set; tested on every 64th frame of
# S11 by the error after alignment.
_base_ = ['integral-3d-r50_140e_h36m-256x256.py']

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/h36m.py'),
        datasets=[
            dict(_base_.train_dataloader.dataset, pipeline=[]),
            dict(
                _base_.train_dataloader.dataset,
                ann_file=_base_.val_dataloader.dataset.ann_file,
                subjects=('S9',),
                pipeline=[],
            ),
        ],
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(subjects=('S11',)))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='h36m/PA-MPJPE'))
