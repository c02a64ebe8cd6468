"""Hooks, and learning rates of parts, registered in :mod:`mmpose_sat.registry`."""

from .autocast_backbone_hook import AutocastBackboneHook
from .box_statistics_hook import BoxStatisticsHook
from .freeze_boxes_hook import FreezeBoxesHook
from .keep_memory_hook import KeepMemoryHook, keep_freed_memory
from .safe_checkpoint_hook import SafeCheckpointHook
from .sanity_hook import SanityHook
from .scaled_constructor import ScaledOptimWrapperConstructor
from .seed_epoch_hook import SeedEpochHook
from .switch_loss_hook import SwitchLossHook
from .train_set_metric_hook import TrainSetMetricHook

__all__ = [
    'AutocastBackboneHook',
    'BoxStatisticsHook',
    'FreezeBoxesHook',
    'KeepMemoryHook',
    'SafeCheckpointHook',
    'SanityHook',
    'ScaledOptimWrapperConstructor',
    'SeedEpochHook',
    'SwitchLossHook',
    'TrainSetMetricHook',
    'keep_freed_memory',
]
