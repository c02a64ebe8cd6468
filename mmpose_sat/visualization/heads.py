"""What heads make of the same people: heatmaps, and errors towards the border of the image."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import bootstrap

__all__ = ['plot_border_error', 'plot_heatmaps']


def plot_heatmaps(
    image: np.ndarray,
    heatmaps: Mapping[str, np.ndarray],
    points: Mapping[str, np.ndarray],
    joints: Mapping[str, int],
    path: str | Path,
) -> Figure:
    """Draw heatmaps of one person, a row a joint and a column a head (arXiv 1801.07372, Fig. 5).

    Args:
        image: (H, W, 3), RGB, the network's input.
        heatmaps: Label -> (K, h, w), of any size; each is drawn over the whole image, from 0 to
            its own highest value.
        points: Label -> (K, 2), the joints that the head found, px of the network's input.
        joints: Name -> index of the joints to draw.
        path: Picture to write.

    Returns:
        The matplotlib figure.
    """
    height, width = image.shape[:2]
    rows, columns = len(joints), 1 + len(heatmaps)
    size = (1.5 * columns, 1.5 * rows * height / width + 0.3)
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False)
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    for row, (name, joint) in zip(axes, joints.items(), strict=True):
        row[0].imshow(image)
        row[0].set_ylabel(name)
        for axis, (label, maps) in zip(row[1:], heatmaps.items(), strict=True):
            top = max(float(maps[joint].max()), 1e-12)  # a network may know nothing yet
            look = dict(cmap='magma', vmin=0, vmax=top, interpolation='nearest')
            axis.imshow(maps[joint], extent=extent, **look)
            axis.plot(*points[label][joint], '+', color='cyan', markersize=9)
    for axis, label in zip(axes[0, 1:], heatmaps, strict=True):
        axis.set_title(label, fontsize=9)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], xlim=extent[:2], ylim=extent[2:])
    figure.savefig(path, dpi=120)
    return figure


def plot_border_error(
    errors: Mapping[str, tuple[np.ndarray, np.ndarray]], edges: Sequence[float], path: str | Path
) -> Figure:
    """Draw the mean error over the distance to the border, with 95 % bootstrap intervals.

    Args:
        errors: Label -> distances (N,) of joints to the nearest border of the network's input, and
            errors (N,) of the joints found, both in px of the input.
        edges: Limits of the bins, px, increasing. A bin with fewer than two joints is left out.
        path: Picture to write.

    Returns:
        The matplotlib figure.

    Raises:
        ValueError: No bin has two joints.
    """
    figure = Figure(figsize=(5, 3.4), layout='constrained')
    axis = figure.subplots()
    for label, (distance, error) in errors.items():
        drawn = []
        for low, high in itertools.pairwise(edges):
            inside = error[(distance >= low) & (distance < high)]
            if len(inside) > 1:
                rng = np.random.default_rng(0)
                interval = bootstrap(
                    (inside,), np.mean, n_resamples=1000, method='percentile', random_state=rng
                ).confidence_interval
                drawn.append(((low + high) / 2, inside.mean(), interval.low, interval.high))
        if not drawn:
            raise ValueError(f'{label}: no bin of {list(edges)} px has two joints')
        centre, mean, lower, upper = np.array(drawn).T
        axis.plot(centre, mean, marker='.', label=label)
        axis.fill_between(centre, lower, upper, alpha=0.2)
    axis.set(xlabel='distance to the border / px', ylabel='mean error / px')
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    figure.savefig(path, dpi=120)
    return figure
