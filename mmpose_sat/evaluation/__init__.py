"""Metrics, registered in :data:`mmpose_sat.registry.METRICS`."""

from .oks import OksAccuracy, oks
from .pck import PCKh, TorsoPCK, pck_curve

__all__ = ['OksAccuracy', 'PCKh', 'TorsoPCK', 'oks', 'pck_curve']
