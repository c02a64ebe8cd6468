# Look Into Person as it is distributed. The leaf adds the pipelines.
_base_ = ['loaders.py']

dataset_type = 'mmpose_sat.LipDataset'  # read by MMPoseInferencer too
data_root = '{{$MMPOSE_SAT_LIP:data/lip}}'
train_dataloader = dict(
    num_workers=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='TrainVal_pose_annotations/lip_train_set.csv',
        data_prefix=dict(img='TrainVal_images/train_images/'),
    ),
)
val_dataloader = dict(
    num_workers=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='TrainVal_pose_annotations/lip_val_set.csv',
        data_prefix=dict(img='TrainVal_images/val_images/'),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='mmpose_sat.PCKh', prefix='lip')
test_evaluator = val_evaluator
