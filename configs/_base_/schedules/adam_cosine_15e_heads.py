# The rate that most heads of ResNet-18 learned best at, of 3e-4, 1e-3 and 3e-3.
_base_ = ['adam_cosine_15e.py']

optim_wrapper = dict(optimizer=dict(lr=3e-3))
