"""Pictures of what was trained: learned boxes and curves."""

from .boxes import plot_boxes
from .curves import plot_curves, read_scalars
from .pck import plot_pck

__all__ = ['plot_boxes', 'plot_curves', 'plot_pck', 'read_scalars']
