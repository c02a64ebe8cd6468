_base_ = ['box-conv-net_210e_coco-256x192.py']

model = dict(backbone=dict(operator='conv3x3'))
