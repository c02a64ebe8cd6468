"""Metrics, registered in :data:`mmpose_sat.registry.METRICS`."""

from .torso_pck import TorsoPCK, pck_curve

__all__ = ['TorsoPCK', 'pck_curve']
