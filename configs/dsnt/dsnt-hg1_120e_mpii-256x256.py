_base_ = ['dsnt-hg8_120e_mpii-256x256.py']

model = dict(backbone=dict(num_stacks=1), head=dict(num_stages=1))
