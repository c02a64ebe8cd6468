"""Large-kernel depthwise convolution with one real-valued box per channel.

Zhang, Halber, Rusinkiewicz, "Accelerating Large-Kernel Convolution Using Summed-Area Tables",
arXiv 1906.11367, Eq. 1-4.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from .backends import select_backend
from .checks import check_call
from .pieces import sum_of_pieces
from .splitting import area

__all__ = ['box_conv2d', 'without_autocast']


def without_autocast(x: Tensor) -> AbstractContextManager:
    """A context in which autocast narrows nothing on the device of a tensor."""
    is_meta = x.device.type == 'meta'  # has none
    return nullcontext() if is_meta else torch.autocast(x.device.type, enabled=False)


def box_conv2d(
    x: Tensor,
    boxes: Tensor,
    kernel_size: int,
    stride: int = 1,
    weights: Tensor | None = None,
    normalize: bool = False,
    backend: str | None = None,
) -> Tensor:
    """Sum the input over a box per channel, at a cost that hardly depends on the box.

    Equivalent to ``F.conv2d(x, box_kernel(boxes, kernel_size)[:, None], stride=stride,
    padding=kernel_size // 2, groups=C)``, and differentiable in ``x`` and ``boxes``. At integer
    edges, where the output has a kink, the derivative is the one towards growing coordinates; at
    ``x_h = k - 1`` that is the pixel beyond the kernel, where ``F.conv2d`` has nothing to give.

    Args:
        x: ``(N, C, H, W)`` input of any floating dtype.
        boxes: ``(C, 4)`` float32 or float64: x_l, x_h, y_l, y_h in px from the top-left corner of
            the k x k kernel, both ends inclusive, so ``0 <= x_l <= x_h <= k - 1``; ``x_l = x_h``
            is one pixel wide. Values are not checked (see :class:`mmpose_sat.ops.debug`); outside
            this range the result depends on the backend.
        kernel_size: Odd side k of the kernel; the padding is ``(k - 1) // 2`` zeros ("same").
        stride: Step between output pixels, in both directions.
        weights: ``(C, rows, columns)`` weights of the pieces of split kernels, 1 or 2 rows and
            columns of pieces (Fig. 2). Boxes then have a third edge along each axis that is cut,
            ``(C, columns + 1 + rows + 1)``: x_l, x_m, x_h, y_l, y_m, y_h for four pieces. Pixel x_m
            is the last of the left piece, ``x_l <= x_m <= x_h``.
        normalize: Divide by the area of the whole box: its mean instead of its sum.
        backend: One of :data:`mmpose_sat.ops.BACKENDS`; by default the fastest that can run.

    Returns:
        ``(N, C, ceil(H / stride), ceil(W / stride))`` in the dtype of ``x``. Sums are taken in
        float32 (float64 for float64 input), also under autocast.

    Raises:
        TypeError, ValueError: An argument has a wrong dtype, shape or value.
    """
    check_call(x, boxes, kernel_size, stride, weights)
    with without_autocast(x):
        run = select_backend(backend, x, boxes, kernel_size, stride)
        if weights is None and not normalize:
            return run.forward(x, boxes, kernel_size, stride)
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        if weights is None:
            out = run.forward(wide, boxes, kernel_size, stride)
        else:
            out = sum_of_pieces(run.forward, wide, boxes, weights, kernel_size, stride)
        if normalize:
            whole = area(boxes) if weights is None else area(boxes, *weights.shape[1:])
            out = out / whole.to(wide.dtype)[:, None, None]
        return out.to(x.dtype)
