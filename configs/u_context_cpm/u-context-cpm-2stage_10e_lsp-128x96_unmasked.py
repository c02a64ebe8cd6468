# Without body masks.
_base_ = ['u-context-cpm-2stage_10e_lsp-128x96.py']

pipeline = [t for t in _base_.train_pipeline if t['type'] != 'mmpose_sat.RandomBodyMask']
train_dataloader = dict(dataset=dict(pipeline=pipeline))
