# ResNet-18 from scratch; compared with simple-baseline-r18, which decodes by deconvolutions.
_base_ = ['../simple_baseline/simple-baseline-r18-scratch_10e_lsp-128x96.py']

model = dict(
    neck=dict(
        type='mmpose_sat.FlatteningNeck',
        in_channels=512,
        layers=[dict(groups=(16, 32), multiplier=8)],
    ),
    head=dict(in_channels=64, deconv_out_channels=None),
)
