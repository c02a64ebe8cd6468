"""Backbones."""

from .box_conv_net import BoxConvNet
from .multi_stage_resnet import MultiStageResNet
from .stacked_hourglass import StackedHourglass

__all__ = ['BoxConvNet', 'MultiStageResNet', 'StackedHourglass']
