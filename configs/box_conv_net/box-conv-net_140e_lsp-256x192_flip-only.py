# Flips alone, PCK on the training images beside. The over-fitting test (arXiv 1906.11367, Fig. 5)
# takes a tenth of the people: tools/compare_configs.py --people 80.
_base_ = ['box-conv-net_140e_lsp-256x192.py']

train_dataset = dict(
    _base_.train_dataloader.dataset,
    pipeline=[t for t in _base_.train_pipeline if t['type'] != 'RandomBBoxTransform'],
)
train_dataloader = dict(dataset=train_dataset)
custom_hooks = [
    *_base_.custom_hooks,
    dict(
        type='mmpose_sat.TrainSetMetricHook',
        dataloader=dict(
            _base_.val_dataloader,
            dataset=dict(
                _base_.train_dataloader.dataset, pipeline=_base_.val_pipeline, test_mode=True
            ),
        ),
        evaluator=_base_.val_evaluator,
        interval=5,
    ),
]
