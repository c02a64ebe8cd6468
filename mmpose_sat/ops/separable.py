"""Box convolution in pure PyTorch: two banded matrix products.

The kernel of a box is the outer product of its row and its column coverage, so the output plane is
``A_y · X · A_xᵀ`` with one (out, in) matrix per axis and channel, holding the coverage of each
input row (column) by the box placed at each output row (column). Zero padding is the edge of the
matrix, a stride skips its rows. Cost does not depend on the kernel size; every device and dtype,
double backward and vmap come with PyTorch's own matmul.
"""

import torch
from torch import Tensor

from .reference import ramp

__all__ = ['box_conv2d_separable']


def _coverage(lo: Tensor, hi: Tensor, size: int, stride: int) -> Tensor:
    """Matrix ``(C, out, size)``: coverage of each pixel by ``[lo, hi]`` moved to each output."""
    pixel = torch.arange(size, device=lo.device, dtype=lo.dtype)
    offset = pixel[::stride, None] - pixel
    return ramp(offset + hi[:, None, None]) - ramp(offset + lo[:, None, None])


def box_conv2d_separable(x: Tensor, boxes: Tensor, kernel_size: int, stride: int = 1) -> Tensor:
    """:func:`mmpose_sat.ops.box_conv2d` as two batched matrix products."""
    centre = (kernel_size - 1) // 2
    wide = torch.promote_types(x.dtype, torch.float32)
    x_l, x_h, y_l, y_h = (boxes.to(wide) - centre).unbind(1)
    rows = _coverage(y_l, y_h + 1, x.shape[2], stride)
    columns = _coverage(x_l, x_h + 1, x.shape[3], stride)
    return (rows @ x.to(wide) @ columns.mT).to(x.dtype)
