# MS-I1 with two stages.
_base_ = ['integral-i1-ms-r50_140e_mpii-256x256.py']

model = dict(backbone=dict(num_stages=2), head=dict(num_stages=2))
