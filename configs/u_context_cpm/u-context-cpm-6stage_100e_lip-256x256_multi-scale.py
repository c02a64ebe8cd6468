# The same network tested as in the paper: three scales, both views.
_base_ = ['u-context-cpm-6stage_100e_lip-256x256.py']

model = dict(type='mmpose_sat.MultiScalePoseEstimator', scales=(0.75, 1.0, 1.25))
