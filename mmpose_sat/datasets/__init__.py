"""Datasets and transforms, registered in :mod:`mmpose_sat.registry`."""

from .lsp import CombinedLspDataset, LspDataset
from .transforms import LoadImageOrSkip

__all__ = ['CombinedLspDataset', 'LoadImageOrSkip', 'LspDataset']
