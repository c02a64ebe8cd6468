"""Layers and functions that backbones, heads and losses are made of."""

from .shuffle_units import (
    OPERATORS,
    ConvBNReLU,
    ShuffleStage,
    ShuffleUnit,
    TransitionUnit,
    depthwise,
)

__all__ = [
    'OPERATORS',
    'ConvBNReLU',
    'ShuffleStage',
    'ShuffleUnit',
    'TransitionUnit',
    'depthwise',
]
