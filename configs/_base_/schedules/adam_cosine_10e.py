# As adam_cosine_15e.py, for networks that learn in fewer epochs.
_base_ = ['adam_cosine_15e.py']

_base_.param_scheduler[-1].update(end=10, T_max=10)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=10, val_interval=5)
