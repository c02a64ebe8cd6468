"""What PyTorch must know of native operators beside kernels; imported once these are loaded."""

from . import box_conv, channels_last

__all__ = ['box_conv', 'channels_last']
