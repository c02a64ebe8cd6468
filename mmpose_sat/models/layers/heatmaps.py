"""Heatmaps as distributions: from logits, their expectation, their targets, how sure they are.

Maps are (B, K, H, W), or (B, K, D, H, W) in three dimensions; coordinates (B, K, 2 or 3) are in
[-1, 1] and ordered x, y, z (:mod:`mmpose_sat.codecs.coordinates`). All of it is computed in float32
or wider.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...codecs.coordinates import cell_centres, from_pixels
from ...ops.functional import without_autocast
from .checks import check_choice

__all__ = [
    'ACTIVATIONS',
    'argmax_coordinates',
    'expectation',
    'local_mass',
    'log_gaussian',
    'marginal_mass',
    'marginals',
    'mean_of',
    'normalise',
    'wide',
    'wide_linear',
]


def wide(values: Tensor) -> Tensor:
    """float16 and bfloat16 as float32, others as they are."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def wide_linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """A linear layer that autocast does not narrow: coordinates need more digits than it leaves."""
    with without_autocast(x):
        return wide(layer(x.to(layer.weight.dtype)))


# Before they are divided by their sums; softmax divides by its own (arXiv 1801.07372).
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor] | None] = {
    'softmax': None,
    'abs': torch.abs,
    'relu': torch.relu,
    'sigmoid': torch.sigmoid,
}


def normalise(logits: Tensor, activation: str = 'softmax') -> Tensor:
    """Heatmaps of sum 1 from logits of the same shape.

    Args:
        logits: (B, K, H, W) or (B, K, D, H, W).
        activation: softmax; or abs, relu or sigmoid over their sum. A map that ``relu`` leaves
            empty stays all zero, and its expectation is the centre.

    Raises:
        ValueError: ``activation`` is another.
    """
    check_choice('activation', activation, ACTIVATIONS)
    flat = wide(logits).flatten(2)
    rectify = ACTIVATIONS[activation]
    if rectify is None:
        flat = flat.softmax(-1)
    else:
        flat = rectify(flat)
        flat = flat / (flat.sum(-1, keepdim=True) + 1e-12)
    return flat.view_as(logits)


def marginals(heatmaps: Tensor) -> list[Tensor]:
    """Sums (B, K, W), (B, K, H)[, (B, K, D)] of heatmaps (B, K, [D,] H, W) over the other axes."""
    if heatmaps.ndim == 5:
        plane = heatmaps.sum(2)
        return [*marginals(plane), heatmaps.sum((3, 4))]
    return [heatmaps.sum(2), heatmaps.sum(3)]


def mean_of(axes: list[Tensor]) -> Tensor:
    """Expected coordinates (B, K, 2 or 3) of marginals (B, K, W), (B, K, H)[, (B, K, D)]."""
    # Not `@`, which autocast would round to half precision: a third of a pixel.
    return torch.stack([(axis * cell_centres(axis.shape[2], axis)).sum(-1) for axis in axes], -1)


def expectation(heatmaps: Tensor) -> Tensor:
    """Expected coordinates (B, K, 2 or 3) in [-1, 1] of heatmaps (B, K, [D,] H, W) of sum 1."""
    return mean_of(marginals(heatmaps))


def log_gaussian(centres: Tensor, size: tuple[int, ...], sigma: float) -> Tensor:
    """Logarithm of Gaussians with peak 1, of the whole map and centred between cells where need be.

    Args:
        centres: (B, K, 2 or 3) in [-1, 1], x, y[, z].
        size: ([D,] H, W) in cells.
        sigma: standard deviation in cells.

    Returns:
        (B, K, [D,] H, W).
    """
    exponent: Tensor | float = 0.0
    for axis, cells in enumerate(reversed(size)):
        distance = (cell_centres(cells, centres) - centres[..., axis, None]) * (cells / 2)
        shape = [1] * len(size)
        shape[-1 - axis] = cells
        exponent = exponent - (distance / sigma).square().view(*centres.shape[:2], *shape) / 2
    return exponent  # type: ignore[return-value]


def argmax_coordinates(heatmaps: Tensor) -> Tensor:
    """Coordinates (B, K, 2 or 3) of the highest cell, moved a quarter to its higher neighbours.

    The decoding of heatmap matching. At the border, where a neighbour is missing, it does not move.
    """
    flat = heatmaps.flatten(2)
    best = flat.argmax(-1)

    def value(offset: int, inside: Tensor) -> Tensor:
        index = torch.where(inside, best + offset, best)
        return flat.gather(2, index[..., None])[..., 0]

    coordinates = []
    step = 1
    for cells in reversed(heatmaps.shape[2:]):
        place = best // step % cells
        inside = (place > 0) & (place < cells - 1)
        offset = wide(value(step, inside) - value(-step, inside)).sign() / 4
        coordinates.append(from_pixels(place + offset, offset.new_tensor(cells)))
        step *= cells
    return torch.stack(coordinates, -1)


def _window(cells: int, places: Tensor, radius: float) -> Tensor:
    """Share (..., cells) of each cell within ``radius`` cells of the one at ``places`` (...)."""
    distance = (cell_centres(cells, places) - places[..., None]).abs() * (cells / 2)
    return (radius + 1 - distance).clamp(0, 1)


def local_mass(heatmaps: Tensor, coordinates: Tensor, radius: float = 2.0) -> Tensor:
    """How sure heatmaps are: their mass (B, K) around the coordinates that they were decoded to.

    The window is ``2 radius + 1`` cells wide and takes cells at its border in part. A peak scores
    near 1 whatever the size of the map; with a rival elsewhere it scores its share only.
    """
    x, y = coordinates.unbind(-1)
    height, width = heatmaps.shape[2:]
    along_y = (heatmaps * _window(width, x, radius)[..., None, :]).sum(-1)
    return (along_y * _window(height, y, radius)).sum(-1)


def marginal_mass(axes: list[Tensor], coordinates: Tensor, radius: float = 2.0) -> Tensor:
    """:func:`local_mass` (B, K) as far as marginals tell: the smallest of those along the axes."""
    shares = [
        (axis * _window(axis.shape[2], places, radius)).sum(-1)
        for axis, places in zip(axes, coordinates.unbind(-1), strict=True)
    ]
    return torch.stack(shares).amin(0)
