"""Metrics, registered in :data:`mmpose_sat.registry.METRICS`."""

from .mpjpe import Human36mMPJPE, distort, to_camera
from .oks import OksAccuracy, oks
from .pck import NormalisedPCK, PCKh, TorsoPCK, pck_curve

__all__ = [
    'Human36mMPJPE',
    'NormalisedPCK',
    'OksAccuracy',
    'PCKh',
    'TorsoPCK',
    'distort',
    'oks',
    'pck_curve',
    'to_camera',
]
