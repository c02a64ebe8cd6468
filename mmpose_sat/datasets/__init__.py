"""Datasets and transforms, registered in :mod:`mmpose_sat.registry`."""

from .lsp import CombinedLspDataset, LspDataset
from .mpii import MpiiDataset
from .transforms import LoadImageOrSkip, RandomChannelGain

__all__ = [
    'CombinedLspDataset',
    'LoadImageOrSkip',
    'LspDataset',
    'MpiiDataset',
    'RandomChannelGain',
]
