# Human3.6M, protocol 1: trained on S9 too, which is in the file of the test set; tested on every
# 64th frame of S11 by the error after alignment. The leaf adds the pipelines.
_base_ = ['h36m.py']

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/h36m.py'),
        datasets=[
            _base_.train_dataloader.dataset,
            dict(
                _base_.train_dataloader.dataset,
                ann_file=_base_.val_dataloader.dataset.ann_file,
                subjects=('S9',),
            ),
        ],
    ),
)
val_dataloader = dict(dataset=dict(subjects=('S11',)))
test_dataloader = val_dataloader
