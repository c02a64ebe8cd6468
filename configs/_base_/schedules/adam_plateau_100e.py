# The recipe of arXiv 1906.04104's code: Adam 4e-5, at most 100 epochs, x 0.1 when the metric that
# the leaf names has not improved by a hundredth for five; biases learn twice as fast, refinement
# stages four times as fast, and only convolution weights decay.
_base_ = ['../runtime.py']

optim_wrapper = dict(
    constructor='mmpose_sat.ScaledOptimWrapperConstructor',
    optimizer=dict(type='Adam', lr=4e-5, weight_decay=5e-4),
    paramwise_cfg=dict(
        bias_lr_mult=2,
        norm_bias_lr_mult=2,
        scale=dict(refinements=4),
        bias_decay_mult=0,
        norm_decay_mult=0,
        dwconv_decay_mult=0,
        custom_keys={'.coords': dict(decay_mult=0)},
    ),
)
param_scheduler = [
    dict(
        type='ReduceOnPlateauLR',
        rule='greater',
        factor=0.1,
        patience=5,
        threshold=1e-2,
    )
]
train_cfg = dict(max_epochs=100, val_interval=1)
auto_scale_lr = dict(base_batch_size=32)
