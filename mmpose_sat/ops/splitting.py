"""Split kernels: a box cut into two or four pieces with a weight each (Zhang et al., Fig. 2).

Boxes then have three edges along a cut axis. The middle one, like the others, is a pixel that is
included: the first piece ends with pixel x_m, the second begins with pixel x_m + 1.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ['PIECES', 'area', 'edge_names', 'iterate_pieces', 'split_edges']

#: ``pieces`` of a layer -> rows and columns of pieces.
PIECES: dict[int | str, tuple[int, int]] = {1: (1, 1), '2h': (1, 2), '2v': (2, 1), 4: (2, 2)}


def edge_names(rows: int, columns: int) -> tuple[str, ...]:
    """Names of the columns of ``boxes``."""
    x, y = (
        [f'{axis}_{edge}' for edge in ('lh' if count == 1 else 'lmh')]
        for axis, count in (('x', columns), ('y', rows))
    )
    return (*x, *y)


def split_edges(boxes: Tensor, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """The edges along x ``(C, columns + 1)`` and along y ``(C, rows + 1)``."""
    x, y = boxes.split((columns + 1, rows + 1), 1)
    return x, y


def iterate_pieces(boxes: Tensor, weights: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Each piece as a box ``(C, 4)`` of its own and its weight ``(C,)``."""
    rows, columns = weights.shape[1:]
    x, y = split_edges(boxes, rows, columns)
    for row in range(rows):
        for column in range(columns):
            x_l, y_l = x[:, column] + (column > 0), y[:, row] + (row > 0)
            box = torch.stack((x_l, x[:, column + 1], y_l, y[:, row + 1]), 1)
            yield box, weights[:, row, column]


def area(boxes: Tensor, rows: int = 1, columns: int = 1) -> Tensor:
    """Area of each whole box in px, ``(C,)``."""
    x, y = split_edges(boxes, rows, columns)
    return (x[:, -1] - x[:, 0] + 1) * (y[:, -1] - y[:, 0] + 1)
