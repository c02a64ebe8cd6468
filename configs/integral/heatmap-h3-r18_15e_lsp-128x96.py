# H3: only the heatmap loss; the highest cell counts.
_base_ = ['integral-r18_15e_lsp-128x96.py']

model = dict(
    head=dict(
        decode='argmax',
        activation='sigmoid',
        loss=dict(joint=None, heatmap='disc', input_size=(96, 128)),
    )
)
