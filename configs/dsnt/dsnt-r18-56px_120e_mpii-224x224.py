_base_ = ['dsnt-r18-28px_120e_mpii-224x224.py']

model = dict(backbone=dict(strides=(1, 1, 1, 1), dilations=(1, 2, 4, 8)))
