# MS-I1: four stages with a loss each. Each stage sees the logits of the one before.
_base_ = ['integral-i1-r50_140e_mpii-256x256.py']

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpose_sat.MultiStageResNet',
        out_channels=16,
        depth=50,
        num_stages=4,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    head=dict(in_channels=16, num_stages=4, final_layer=None, deconv_out_channels=None),
)
