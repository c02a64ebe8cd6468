_base_ = ['heatmap-r34-28px_120e_mpii-224x224.py']

model = dict(
    backbone=dict(strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)),
    head=dict(decoder=dict(heatmap_size=(14, 14))),
)
codec = dict(heatmap_size=(14, 14))
_base_.train_dataloader.dataset.pipeline[-2].encoder.heatmap_size = (14, 14)
