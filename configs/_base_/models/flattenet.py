# FlatteNet on ResNet. The leaf chooses its depth and weights, adds head.out_channels and
# head.decoder.
_base_ = ['resnet.py']

model = dict(
    neck=dict(type='mmpose_sat.FlatteningNeck', in_channels=2048, layers=[dict()]),
    head=dict(in_channels=32, deconv_out_channels=None),
)
