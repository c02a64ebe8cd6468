"""Keypoint codecs, registered in :data:`mmpose_sat.registry.KEYPOINT_CODECS`."""

from .coordinate_labels import DSNTLabel, IntegralLabel
from .coordinates import cell_centres, from_pixels, to_pixels

__all__ = ['DSNTLabel', 'IntegralLabel', 'cell_centres', 'from_pixels', 'to_pixels']
