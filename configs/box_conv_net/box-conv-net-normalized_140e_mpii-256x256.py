_base_ = ['box-conv-net_140e_mpii-256x256.py']

model = dict(backbone=dict(operator='normalized_box'))
