# Human3.6M, protocol 2: trained on S1, S5, S6, S7 and S8, tested on every 64th frame of S9 and S11.
# Every 13th frame makes epochs of some 120,000 images, as the paper's code has, at random.
# Files of MMPose's preprocess_h36m.py, extracted at 50 frames a second (--sample-rate 1). The leaf
# adds the pipelines.
_base_ = ['loaders.py']

dataset_type = 'mmpose_sat.Human36mImageDataset'  # read by MMPoseInferencer too
data_root = '{{$MMPOSE_SAT_H36M:data/h36m}}'
train_dataloader = dict(
    num_workers=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotation_body3d/fps50/h36m_train.npz',
        camera_param_file='annotation_body3d/cameras.pkl',
        data_prefix=dict(img='images/'),
        frame_step=13,
    ),
)
val_dataloader = dict(
    num_workers=4,
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotation_body3d/fps50/h36m_test.npz',
        camera_param_file='annotation_body3d/cameras.pkl',
        data_prefix=dict(img='images/'),
        frame_step=64,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='mmpose_sat.Human36mMPJPE')
test_evaluator = val_evaluator
