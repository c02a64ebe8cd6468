# One refinement stage: for a CPU in real time.
_base_ = ['u-context-cpm-6stage_100e_lip-256x256.py']

model = dict(backbone=dict(num_stages=2), head=dict(num_stages=2))
