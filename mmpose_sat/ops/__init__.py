"""Box convolution: the function, the layer, the oracle and the backends; the channel shuffle."""

from .backends import BACKENDS, Backend
from .checks import debug
from .export import boxes_to_convolutions
from .flops import count_macs
from .functional import box_conv2d
from .module import BoxConv2d
from .reference import box_conv2d_reference, box_kernel
from .shuffle import interleave, split_halves

__all__ = [
    'BACKENDS',
    'Backend',
    'BoxConv2d',
    'box_conv2d',
    'box_conv2d_reference',
    'box_kernel',
    'boxes_to_convolutions',
    'count_macs',
    'debug',
    'interleave',
    'split_halves',
]
