"""Argument checks of the box convolution.

Shapes, dtypes and sizes cost nothing and are checked at every call. Values would have to be read
back from the GPU, so they are checked where that is rare (setting and loading boxes) and, at every
call, only under :class:`debug` or the environment variable ``MMPOSE_SAT_DEBUG=1``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from .splitting import edge_names, split_edges

__all__ = ['check_box_values', 'check_call', 'check_kernel_size', 'debug', 'debug_enabled']

_debug = os.environ.get('MMPOSE_SAT_DEBUG', '0') not in ('', '0')


def debug_enabled() -> bool:
    """Whether box values are checked at every call."""
    return _debug


@contextmanager
def debug(enabled: bool = True) -> Iterator[None]:
    """Check box values at every call inside the ``with`` block (synchronises a GPU)."""
    global _debug
    previous, _debug = _debug, enabled
    try:
        yield
    finally:
        _debug = previous


def check_kernel_size(kernel_size: int) -> None:
    """Raise unless ``kernel_size`` is an odd positive integer."""
    if isinstance(kernel_size, bool) or not isinstance(kernel_size, int):
        raise TypeError(f'kernel_size={kernel_size!r} must be an odd positive int')
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(
            f'kernel_size={kernel_size} must be odd and positive, '
            f'for example {max(kernel_size - 1, 1)} or {max(kernel_size + 1, 3)}'
        )


def check_stride(stride: int) -> None:
    """Raise unless ``stride`` is a positive integer."""
    if isinstance(stride, bool) or not isinstance(stride, int) or stride < 1:
        raise ValueError(f'stride={stride!r} must be a positive int')


def check_call(
    x: Tensor, boxes: Tensor, kernel_size: int, stride: int, weights: Tensor | None
) -> None:
    """Raise when the arguments of ``box_conv2d`` do not fit each other."""
    check_kernel_size(kernel_size)
    check_stride(stride)
    if x.ndim != 4:
        raise ValueError(f'x must have shape (N, C, H, W), got {tuple(x.shape)}')
    if not x.is_floating_point():
        raise TypeError(f'x must be a floating-point tensor, got {x.dtype}')
    if x.shape[2] == 0 or x.shape[3] == 0:
        raise ValueError(f'x must be at least one pixel high and wide, got {tuple(x.shape)}')
    rows, columns = 1, 1
    if weights is not None:
        if weights.ndim != 3 or not {*weights.shape[1:]} <= {1, 2}:
            raise ValueError(
                'weights must have shape (C, rows, columns), 1 or 2 rows and columns of pieces, '
                f'got {tuple(weights.shape)}'
            )
        if weights.shape[0] != x.shape[1]:
            raise ValueError(f'weights are for {weights.shape[0]} channels, x has {x.shape[1]}')
        if weights.device != x.device:
            raise ValueError(f'weights are on {weights.device}, x is on {x.device}')
        rows, columns = weights.shape[1:]
    names = edge_names(rows, columns)
    if boxes.ndim != 2 or boxes.shape[1] != len(names):
        raise ValueError(
            f'boxes must have shape (C, {len(names)}) with columns {", ".join(names)}'
            + (' (three edges along an axis need weights)' if weights is None else '')
            + f', got {tuple(boxes.shape)}'
        )
    if boxes.shape[0] != x.shape[1]:
        raise ValueError(f'boxes are for {boxes.shape[0]} channels, x has {x.shape[1]}')
    if boxes.dtype not in (torch.float32, torch.float64):
        raise TypeError(f'boxes must be float32 or float64, got {boxes.dtype}')
    if boxes.device != x.device:
        raise ValueError(f'boxes are on {boxes.device}, x is on {x.device}')
    if debug_enabled():
        check_box_values(boxes, kernel_size, rows, columns)


def check_box_values(boxes: Tensor, kernel_size: int, rows: int = 1, columns: int = 1) -> None:
    """Raise unless every box is ordered and inside the kernel.

    Args:
        boxes: ``(C, 4)`` x_l, x_h, y_l, y_h in px from the kernel's top-left corner, or more of
            split kernels.
        kernel_size: Side k of the kernel; legal are ``0 <= x_l <= x_h <= k - 1``, same for y.
        rows: Rows of pieces of split kernels.
        columns: Columns of pieces.

    Raises:
        ValueError: Names the first offending channel and its box.
    """
    legal = torch.ones_like(boxes[:, 0], dtype=torch.bool)
    for edges in split_edges(boxes, rows, columns):
        legal &= (edges[:, 0] >= 0) & (edges[:, -1] <= kernel_size - 1)
        legal &= (edges[:, :-1] <= edges[:, 1:]).all(1)
    if not legal.all():
        channel = int(legal.logical_not().nonzero()[0, 0])
        found = [round(value, 4) for value in boxes[channel].tolist()]
        names = edge_names(rows, columns)
        x, y = ' <= '.join(names[: columns + 1]), ' <= '.join(names[columns + 1 :])
        raise ValueError(
            f'boxes[{channel}] = {found} ({", ".join(names)}) must satisfy '
            f'0 <= {x} <= {kernel_size - 1} and 0 <= {y} <= {kernel_size - 1} '
            f'for kernel_size={kernel_size}'
        )
