# MMPose's own IntegralRegressionHead, to compare with.
_base_ = ['../dsnt/mmpose-dsnt-r18_15e_lsp-128x96.py']

model = dict(head=dict(type='IntegralRegressionHead'))
