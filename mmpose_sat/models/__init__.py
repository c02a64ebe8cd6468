"""Model parts, registered in :data:`mmpose_sat.registry.MODELS`."""

from .backbones import BoxConvNet

__all__ = ['BoxConvNet']
