"""Box convolution: the function, the layer, the oracle, the backends; what runs beside it."""

from .backends import BACKENDS, Backend
from .batch_norm import batch_norm, pointwise_batch_norm
from .checks import debug
from .export import boxes_to_convolutions
from .flops import count_macs
from .functional import box_conv2d
from .module import BoxConv2d
from .reference import box_conv2d_reference, box_kernel
from .shuffle import interleave, shuffle_halves
from .statistics import box_statistics

__all__ = [
    'BACKENDS',
    'Backend',
    'BoxConv2d',
    'batch_norm',
    'box_conv2d',
    'box_conv2d_reference',
    'box_kernel',
    'box_statistics',
    'boxes_to_convolutions',
    'count_macs',
    'debug',
    'interleave',
    'pointwise_batch_norm',
    'shuffle_halves',
]
