# H1: only the heatmap loss; the highest cell counts.
_base_ = ['integral-r50_140e_mpii-128x128.py']

model = dict(
    head=dict(decode='argmax', activation='relu', loss=dict(joint=None, heatmap='gaussian'))
)
