_base_ = [
    '../_base_/models/box_conv_net_xs.py',
    '../_base_/data/synthetic.py',
    '../_base_/pipelines/128x96.py',
    '../_base_/schedules/adam_cosine_8e.py',
]

# Rendering varies people enough for so small a network: flips are the only augmentation.
train_pipeline = [t for t in _base_.train_pipeline if t['type'] != 'RandomBBoxTransform']
model = dict(head=dict(out_channels=17, decoder=_base_.codec), train_cfg=dict(compute_acc=False))
# On few cores loader processes take more from the training than they give.
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=_base_.val_pipeline),
)
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(save_best='oks/accuracy', rule='greater'))
optim_wrapper = dict(optimizer=dict(lr=3e-3))
