"""Pictures of what was trained: learned boxes, curves, heatmaps and errors."""

from .boxes import plot_boxes
from .curves import plot_curves, read_scalars
from .heads import plot_border_error, plot_heatmaps
from .pck import plot_pck
from .tradeoff import plot_tradeoff

__all__ = [
    'plot_border_error',
    'plot_boxes',
    'plot_curves',
    'plot_heatmaps',
    'plot_pck',
    'plot_tradeoff',
    'read_scalars',
]
