"""Heads: coordinates by way of heatmaps, and without."""

from .coordinate_head import CoordinateHead, DSNTHead, FullyConnectedHead, IntegralHead
from .direct_regression_head import DirectRegressionHead

__all__ = [
    'CoordinateHead',
    'DSNTHead',
    'DirectRegressionHead',
    'FullyConnectedHead',
    'IntegralHead',
]
