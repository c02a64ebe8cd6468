"""Model parts, registered in :data:`mmpose_sat.registry.MODELS`."""

from .backbones import BoxConvNet, MobileNetV1, MultiStageResNet, StackedHourglass, UContextCPM
from .fuse import fuse_for_inference
from .heads import (
    DirectRegressionHead,
    DirectRegressionHead3D,
    DSNTHead,
    FullyConnectedHead,
    IntegralHead,
    IntegralHead3D,
    StageHeatmapHead,
)
from .losses import DSNTLoss, IntegralLoss, IntegralLoss3D
from .multi_scale import MultiScalePoseEstimator
from .necks import FlatteningNeck

__all__ = [
    'BoxConvNet',
    'DSNTHead',
    'DSNTLoss',
    'DirectRegressionHead',
    'DirectRegressionHead3D',
    'FlatteningNeck',
    'FullyConnectedHead',
    'IntegralHead',
    'IntegralHead3D',
    'IntegralLoss',
    'IntegralLoss3D',
    'MobileNetV1',
    'MultiScalePoseEstimator',
    'MultiStageResNet',
    'StackedHourglass',
    'StageHeatmapHead',
    'UContextCPM',
    'fuse_for_inference',
]
