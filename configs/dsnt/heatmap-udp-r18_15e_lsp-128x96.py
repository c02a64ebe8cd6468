# Heatmap matching as MMPose does it best on small heatmaps: UDP's coordinates, DARK's decoding.
_base_ = ['heatmap-r18_15e_lsp-128x96.py']

label = dict(
    type='UDPHeatmap',
    input_size=(96, 128),
    heatmap_size=(12, 16),
    sigma=1,
    blur_kernel_size=3,  # the default, 11, is as wide as the whole map
)
codec = dict(_delete_=True, **label)
_base_.train_dataloader.dataset.pipeline[4].use_udp = True
_base_.train_dataloader.dataset.pipeline[5].encoder = label
_base_.val_dataloader.dataset.pipeline[2].use_udp = True
test_dataloader = _base_.val_dataloader
model = dict(head=dict(decoder=codec), test_cfg=dict(shift_heatmap=False))
