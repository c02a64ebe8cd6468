"""Datasets and transforms, registered in :mod:`mmpose_sat.registry`."""

from .lsp import LspDataset

__all__ = ['LspDataset']
