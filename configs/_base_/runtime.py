_base_ = ['mmpose::_base_/default_runtime.py']

data_mode = 'topdown'  # read by MMPoseInferencer

default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(type='mmpose_sat.SafeCheckpointHook', interval=1, max_keep_ckpts=1),
)
log_processor = dict(window_size=10)
randomness = dict(seed=0)
custom_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='mmpose_sat.SanityHook'),
    dict(type='mmpose_sat.SeedEpochHook'),
    dict(type='mmpose_sat.BoxStatisticsHook'),
    dict(type='mmpose_sat.KeepMemoryHook'),  # on a CPU
]
