"""The learned boxes of every layer (Zhang et al., arXiv 1906.11367, Fig. 4)."""

from pathlib import Path

import numpy as np
import torch
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from ..ops import BoxConv2d
from ..ops.splitting import split_edges

__all__ = ['draw_boxes', 'plot_boxes']


def draw_boxes(axis: Axes, layer: BoxConv2d) -> float:
    """Draw the boxes of one layer over its kernel; return their mean area, px."""
    edges = split_edges(layer.boxes.detach().cpu(), *layer.grid)
    boxes = torch.cat([e[:, [0, -1]] for e in edges], 1).numpy()  # of split ones the outline
    sides = boxes[:, 1::2] - boxes[:, 0::2] + 1
    kernel = layer.kernel_size
    # Colour by where the box lies, so that neighbours can be told apart.
    angle = np.arctan2(*(boxes[:, 2:].mean(1) - kernel // 2, boxes[:, :2].mean(1) - kernel // 2))
    patches = [Rectangle((box[0], box[2]), *side) for box, side in zip(boxes, sides, strict=True)]
    collection = PatchCollection(patches, cmap='hsv', alpha=0.6, facecolor='none', lw=0.8)
    collection.set_array(angle)
    collection.set_clim(-np.pi, np.pi)
    axis.add_collection(collection)
    frame = rcParams['axes.edgecolor']
    axis.add_patch(Rectangle((0, 0), kernel, kernel, fill=False, color=frame, lw=1))
    axis.plot(kernel / 2, kernel / 2, '+', color=frame)
    axis.set(xlim=(-0.5, kernel + 0.5), ylim=(kernel + 0.5, -0.5), aspect='equal')
    axis.set_axis_off()
    return float(sides.prod(1).mean())


def plot_boxes(model: nn.Module, path: str | Path, columns: int = 5) -> Figure:
    """Draw all boxes of each box layer over its kernel, from the first layer to the last.

    Args:
        model: A model with :class:`mmpose_sat.ops.BoxConv2d` layers.
        path: Picture to write; its ending chooses the format.
        columns: Layers in a row of the picture.

    Returns:
        The matplotlib figure.

    Raises:
        ValueError: The model has no box layer.
    """
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, BoxConv2d)]
    if not layers:
        raise ValueError(f'{type(model).__name__} has no BoxConv2d layer to draw')
    columns = min(columns, len(layers))
    rows = -(-len(layers) // columns)
    figure = Figure(figsize=(2.3 * columns, 2.6 * rows), layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, layer) in zip(axes, layers, strict=False):
        area = draw_boxes(axis, layer)
        kernel = layer.kernel_size
        axis.set_title(f'{name}\n{kernel} x {kernel}, mean area {area:.1f} px', fontsize=6)
    figure.savefig(path, dpi=150)
    return figure
