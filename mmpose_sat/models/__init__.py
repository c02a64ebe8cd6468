"""Model parts, registered in :data:`mmpose_sat.registry.MODELS`."""

from .backbones import BoxConvNet, MultiStageResNet, StackedHourglass
from .fuse import fuse_for_inference
from .heads import (
    DirectRegressionHead,
    DirectRegressionHead3D,
    DSNTHead,
    FullyConnectedHead,
    IntegralHead,
    IntegralHead3D,
)
from .losses import DSNTLoss, IntegralLoss, IntegralLoss3D

__all__ = [
    'BoxConvNet',
    'DSNTHead',
    'DSNTLoss',
    'DirectRegressionHead',
    'DirectRegressionHead3D',
    'FullyConnectedHead',
    'IntegralHead',
    'IntegralHead3D',
    'IntegralLoss',
    'IntegralLoss3D',
    'MultiStageResNet',
    'StackedHourglass',
    'fuse_for_inference',
]
