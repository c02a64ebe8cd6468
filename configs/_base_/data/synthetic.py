# People rendered by tools/make_synthetic_people.py, read by MMPose's own COCO classes.
# The leaf adds the pipelines.
_base_ = ['loaders.py']

dataset_type = 'CocoDataset'  # read by MMPoseInferencer too
data_root = '{{$MMPOSE_SAT_SYNTHETIC:data/synthetic}}'
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
    ),
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode='topdown',
        ann_file='annotations/val.json',
        data_prefix=dict(img='val/'),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = [dict(type='CocoMetric'), dict(type='mmpose_sat.OksAccuracy')]
test_evaluator = val_evaluator
