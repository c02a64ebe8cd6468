"""Pictures of what was trained: learned boxes, curves, heatmaps, errors and receptive fields."""

from .boxes import draw_boxes, plot_boxes
from .curves import Scalars, plot_curves, read_scalars
from .heads import plot_border_error, plot_heatmaps
from .pck import plot_pck
from .receptive_field import half_response_area, plot_receptive_field, receptive_field
from .tradeoff import plot_tradeoff

__all__ = [
    'Scalars',
    'draw_boxes',
    'half_response_area',
    'plot_border_error',
    'plot_boxes',
    'plot_curves',
    'plot_heatmaps',
    'plot_pck',
    'plot_receptive_field',
    'plot_tradeoff',
    'read_scalars',
    'receptive_field',
]
