# Pose machines on MobileNet, six stages. The leaf adds backbone.out_channels (the joints and a
# background), head.out_channels, head.loss and head.decoder. The trunk's ImageNet weights are not
# downloaded: set MMPOSE_SAT_MOBILENET to the file.
_base_ = ['topdown.py']

model = dict(
    data_preprocessor=dict(mean=[128] * 3, std=[256] * 3, bgr_to_rgb=False),
    backbone=dict(
        type='mmpose_sat.UContextCPM',
        num_stages=6,
        trunk_init_cfg=dict(
            type='Pretrained',
            checkpoint='{{$MMPOSE_SAT_MOBILENET:data/mobilenet_sgd_68.848.pth.tar}}',
            prefix='module',
        ),
    ),
    head=dict(type='mmpose_sat.StageHeatmapHead', num_stages=6),
    test_cfg=dict(shift_heatmap=False),  # cells are centred
)
