# Six subsamplings: a stride of 2 in the neck.
_base_ = ['flattenet-r50_140e_mpii-256x256.py']

model = dict(neck=dict(upscale=16, layers=[dict(stride=2, multiplier=4)]))
