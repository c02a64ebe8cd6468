# MPII with Tompson's validation split, in the layout MMPose documents. The leaf adds the pipelines.
_base_ = ['loaders.py']

dataset_type = 'mmpose_sat.MpiiDataset'  # read by MMPoseInferencer too
data_root = '{{$MMPOSE_SAT_MPII:data/mpii}}'
train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/mpii_train.json',
        data_prefix=dict(img='images/'),
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/mpii_val.json',
        headbox_file=data_root + '/annotations/mpii_gt_val.mat',
        data_prefix=dict(img='images/'),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='mmpose_sat.PCKh')
test_evaluator = val_evaluator
