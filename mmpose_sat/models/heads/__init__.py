"""Heads: coordinates by way of heatmaps, and without; heatmaps of many stages."""

from .coordinate_head import CoordinateHead, DSNTHead, FullyConnectedHead, IntegralHead
from .direct_regression_head import DirectRegressionHead
from .integral_head_3d import DirectRegressionHead3D, IntegralHead3D
from .stage_heatmap_head import StageHeatmapHead

__all__ = [
    'CoordinateHead',
    'DSNTHead',
    'DirectRegressionHead',
    'DirectRegressionHead3D',
    'FullyConnectedHead',
    'IntegralHead',
    'IntegralHead3D',
    'StageHeatmapHead',
]
