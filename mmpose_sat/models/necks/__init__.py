"""Necks."""

from .flattening_neck import FlatteningNeck

__all__ = ['FlatteningNeck']
