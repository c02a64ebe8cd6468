# H3: only the heatmap loss; the highest cell counts.
_base_ = ['integral-r50_140e_mpii-256x256.py']

model = dict(
    head=dict(
        decode='argmax',
        activation='sigmoid',
        loss=dict(joint=None, heatmap='disc', input_size=(256, 256)),
    )
)
