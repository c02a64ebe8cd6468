"""Every coordinate convention in use, drawn once.

``W = 8`` input pixels under ``n = 2`` heatmap cells; a pixel has the number of its centre::

    pixel    |  0  |  1  |  2  |  3  |  4  |  5  |  6  |  7  |
           -0.5         1.5         3.5         5.5         7.5

    cell     |          0            |           1           |
    ours    -1        -0.5           0          0.5          1      DSNT (arXiv 1801.07372)
          -0.5       -0.25           0         0.25         0.5     integral
    pixel  -0.5        1.5          3.5         5.5         7.5

Both of ours measure the whole width, from the outer edge of the first pixel to the outer edge of
the last, and put a cell at its centre: ``(2 x + 1) / W - 1`` for pixel ``x``, ``(2 i + 1) / n - 1``
for cell ``i``. A flipped image is then a change of sign, at any stride. The integral paper's code
counts in widths, hence its half as long range.

In space, z is the depth behind the root joint over a range of ``R`` mm, with cells as along x::

    mm      -R/2                   0 (root)                R/2
    ours    -0.5       -0.25           0         0.25         0.5     integral

The centred heatmaps of pose machines (:class:`mmpose_sat.codecs.CentredHeatmap`) have cells where
ours are too, and count in pixels.

MMPose's are others::

    cell            0                       1                       (2)
    MSRAHeatmap     pixel 0                 pixel 4                   pixel = i W / n
    UDPHeatmap      pixel 0                 pixel 7                   pixel = i (W - 1) / (n - 1)
      its decode    pixel 0                 pixel 8                   pixel = i W / (n - 1)
    IntegralRegressionLabel, with IntegralRegressionHead and DSNTHead of MMPose
                    0.0  (pixel 0)          0.5  (pixel 4)                 x / W = i / n

There an expectation cannot reach beyond the last cell, pixel 4 of 7 here, and a flipped heatmap has
to be shifted. The public code of integral regression counts as ``IntegralRegressionLabel`` does,
less 0.5; its paper leaves the matter open.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

__all__ = ['cell_centres', 'check_size', 'from_pixels', 'to_pixels']

Array = TypeVar('Array', np.ndarray, Tensor)


def check_size(
    name: str, size: Sequence[int], axes: Sequence[str] = ('width', 'height')
) -> tuple[int, ...]:
    """A size as a tuple; raises ValueError where it is not a whole number, 1 or more, per axis."""
    if (
        not isinstance(size, Sequence | np.ndarray)
        or len(size) != len(axes)
        or any(not 1 <= s < np.inf or s != int(s) for s in size)
    ):
        raise ValueError(f'{name} must be ({", ".join(axes)}), each 1 or more, got {size}')
    return tuple(int(s) for s in size)


def from_pixels(pixels: Array, size: Array) -> Array:
    """Pixels (..., 2) of an image ``size`` (width, height) to coordinates in [-1, 1]."""
    return (2 * pixels + 1) / size - 1


def to_pixels(coordinates: Array, size: Array) -> Array:
    """Coordinates (..., 2) in [-1, 1] to pixels of an image ``size`` (width, height)."""
    return ((coordinates + 1) * size - 1) / 2


def cell_centres(cells: int, like: Tensor) -> Tensor:
    """Centres (cells,) of the cells of [-1, 1], with the device and dtype of ``like``."""
    return (2 * torch.arange(cells, device=like.device, dtype=like.dtype) + 1) / cells - 1
