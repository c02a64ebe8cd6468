"""Metrics, registered in :data:`mmpose_sat.registry.METRICS`."""

from .oks import OksAccuracy, oks
from .torso_pck import TorsoPCK, pck_curve

__all__ = ['OksAccuracy', 'TorsoPCK', 'oks', 'pck_curve']
