"""Model parts, registered in :data:`mmpose_sat.registry.MODELS`."""

from .backbones import BoxConvNet
from .fuse import fuse_for_inference

__all__ = ['BoxConvNet', 'fuse_for_inference']
