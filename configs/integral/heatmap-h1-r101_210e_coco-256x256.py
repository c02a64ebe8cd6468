# H1 on COCO, what the paper compares I1 with.
_base_ = ['integral-i1-r101_210e_coco-256x256.py']

model = dict(head=dict(decode='argmax', activation='relu', loss=dict(joint=None)))
custom_hooks = [hook for hook in _base_.custom_hooks if hook['type'] != 'mmpose_sat.SwitchLossHook']
