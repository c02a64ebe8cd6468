_base_ = ['dsnt-r101-28px_120e_mpii-224x224.py']

model = dict(backbone=dict(strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1)))
