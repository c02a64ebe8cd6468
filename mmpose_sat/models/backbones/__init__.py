"""Backbones."""

from .box_conv_net import BoxConvNet
from .mobilenet_v1 import MobileNetV1
from .multi_stage_resnet import MultiStageResNet
from .stacked_hourglass import StackedHourglass
from .u_context_cpm import UContextCPM

__all__ = ['BoxConvNet', 'MobileNetV1', 'MultiStageResNet', 'StackedHourglass', 'UContextCPM']
