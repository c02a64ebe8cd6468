# LSP and its extension for training; validated as lsp.py. The leaf adds the pipelines.
_base_ = ['lsp.py']

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmpose_sat.CombinedLspDataset',
        datasets=[
            dict(
                type=_base_.dataset_type,
                data_root=_base_.data_root,
                ann_file='lsp/annotations/lsp_train.json',
                data_prefix=dict(img='lsp/images/'),
                id_range=(1, 800),
                pipeline=[],
            ),
            dict(
                type=_base_.dataset_type,
                data_root=_base_.data_root,
                ann_file='lspet/annotations/lspet_all.json',
                data_prefix=dict(img='lspet/images/'),
                pipeline=[],
            ),
        ],
    ),
)
