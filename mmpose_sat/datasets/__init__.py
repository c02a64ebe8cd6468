"""Datasets and transforms, registered in :mod:`mmpose_sat.registry`."""

from .h36m import Human36mImageDataset
from .lsp import CombinedLspDataset, LspDataset
from .mpii import MpiiDataset
from .transforms import LoadImageOrSkip, RandomChannelGain

__all__ = [
    'CombinedLspDataset',
    'Human36mImageDataset',
    'LoadImageOrSkip',
    'LspDataset',
    'MpiiDataset',
    'RandomChannelGain',
]
