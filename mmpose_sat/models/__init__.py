"""Model parts, registered in :data:`mmpose_sat.registry.MODELS`."""

from .backbones import BoxConvNet, MultiStageResNet, StackedHourglass
from .fuse import fuse_for_inference
from .heads import DirectRegressionHead, DSNTHead, FullyConnectedHead, IntegralHead
from .losses import DSNTLoss, IntegralLoss

__all__ = [
    'BoxConvNet',
    'DSNTHead',
    'DSNTLoss',
    'DirectRegressionHead',
    'FullyConnectedHead',
    'IntegralHead',
    'IntegralLoss',
    'MultiStageResNet',
    'StackedHourglass',
    'fuse_for_inference',
]
