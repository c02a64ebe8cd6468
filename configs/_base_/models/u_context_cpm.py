# Pose machines on MobileNet, six stages. The leaf adds backbone.out_channels (the joints and a
# background), head.out_channels, head.loss and head.decoder.
_base_ = ['topdown.py']

model = dict(
    data_preprocessor=dict(mean=[128] * 3, std=[256] * 3, bgr_to_rgb=False),
    backbone=dict(type='mmpose_sat.UContextCPM', num_stages=6),
    head=dict(type='mmpose_sat.StageHeatmapHead', num_stages=6),
    test_cfg=dict(shift_heatmap=False),  # cells are centred
)
