"""Hooks, registered in :data:`mmpose_sat.registry.HOOKS`."""

from .sanity_hook import SanityHook
from .train_set_metric_hook import TrainSetMetricHook

__all__ = ['SanityHook', 'TrainSetMetricHook']
