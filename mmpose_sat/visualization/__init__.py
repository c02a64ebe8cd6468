"""Pictures of what was trained: learned boxes and curves."""

from .boxes import plot_boxes
from .curves import plot_curves, read_scalars

__all__ = ['plot_boxes', 'plot_curves', 'read_scalars']
