"""Keypoint codecs, registered in :data:`mmpose_sat.registry.KEYPOINT_CODECS`."""

from .centred_heatmap import CentredHeatmap
from .coordinate_labels import DSNTLabel, IntegralLabel
from .coordinates import cell_centres, from_pixels, to_pixels
from .integral_label_3d import IntegralLabel3D

__all__ = [
    'CentredHeatmap',
    'DSNTLabel',
    'IntegralLabel',
    'IntegralLabel3D',
    'cell_centres',
    'from_pixels',
    'to_pixels',
]
