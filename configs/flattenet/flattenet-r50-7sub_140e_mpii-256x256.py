# Seven subsamplings: two layers with a stride of 2.
_base_ = ['flattenet-r50_140e_mpii-256x256.py']

model = dict(
    neck=dict(
        upscale=32,
        layers=[
            dict(stride=2, multiplier=4),
            dict(stride=2, multiplier=4, groups=(64, 128)),
        ],
    )
)
