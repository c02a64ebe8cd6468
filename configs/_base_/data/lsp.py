# LSP: trained on ids 1-800 of lsp_train, chosen on 801-1000; lsp_test only through
# tools/final_eval.py. The leaf adds the pipelines.
_base_ = ['loaders.py']

dataset_type = 'mmpose_sat.LspDataset'  # read by MMPoseInferencer too
data_root = '{{$MMPOSE_SAT_DATA:data}}'
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='lsp/annotations/lsp_train.json',
        data_prefix=dict(img='lsp/images/'),
        id_range=(1, 800),
    ),
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='lsp/annotations/lsp_train.json',
        data_prefix=dict(img='lsp/images/'),
        id_range=(801, 1000),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='mmpose_sat.TorsoPCK')
test_evaluator = val_evaluator
