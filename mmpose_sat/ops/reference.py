"""Box convolution in its plainest form: the kernel written out, then a depthwise convolution.

A box of real-valued edges weighs every pixel by the area of the pixel that it covers. That is what
bilinear sampling of a summed-area table computes (Zhang, Halber, Rusinkiewicz, arXiv 1906.11367,
Eq. 1-4), so this file is the oracle all backends are held to, and the form that is exported.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .splitting import iterate_pieces

__all__ = ['box_conv2d_reference', 'box_kernel', 'ramp', 'separable_kernels']


def ramp(u: Tensor) -> Tensor:
    """``clamp(u, 0, 1)`` whose derivative is 1 on ``[0, 1)`` and 0 elsewhere.

    The share of pixel ``[j, j + 1]`` left of an edge ``e`` is ``ramp(e - j)``. Taking the
    derivative from the right at both corners lets an edge that rests on a pixel border move again;
    the paper's Eq. 3-4 (floor and ceil) give 0 there, ``torch.clamp`` counts both pixels.
    """
    whole = u.floor()
    outside = (whole > 0) | (whole < 0)  # NaN is neither and shows in the output
    return torch.where(outside, (whole > 0).to(u.dtype), u)


def _coverage(boxes: Tensor, kernel_size: int) -> tuple[Tensor, Tensor]:
    """Covered share of each pixel row and of each pixel column of the kernel, ``(C, k)`` each."""
    pixel = torch.arange(kernel_size, device=boxes.device, dtype=boxes.dtype)
    x_l, x_h, y_l, y_h = boxes[..., None].unbind(1)
    return ramp(y_h + 1 - pixel) - ramp(y_l - pixel), ramp(x_h + 1 - pixel) - ramp(x_l - pixel)


def separable_kernels(
    boxes: Tensor, kernel_size: int, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The column and the row, ``(C, k)`` each, whose outer product is :func:`box_kernel`.

    Raises:
        ValueError: The box is cut along both axes; its kernel is no such product.
    """
    if weights is None:
        return _coverage(boxes, kernel_size)
    if 1 not in weights.shape[1:]:
        raise ValueError('kernels split into four pieces are not separable')
    found = [
        (*_coverage(piece, kernel_size), weight[:, None])
        for piece, weight in iterate_pieces(boxes, weights)
    ]
    if weights.shape[1] == 1:
        return found[0][0], torch.stack([weight * row for _, row, weight in found]).sum(0)
    return torch.stack([weight * column for column, _, weight in found]).sum(0), found[0][1]


def box_kernel(boxes: Tensor, kernel_size: int, weights: Tensor | None = None) -> Tensor:
    """Depthwise kernels of the boxes.

    Args:
        boxes: ``(C, 4)`` x_l, x_h, y_l, y_h in px from the kernel's top-left corner, both ends
            inclusive: pixel columns ``[x_l, x_h + 1]`` are covered. More edges with weights.
        kernel_size: Side k of the kernel.
        weights: ``(C, rows, columns)`` weights of the pieces of split kernels.

    Returns:
        ``(C, k, k)`` covered area of each pixel, rows first, times the weight of its piece.
    """
    if weights is not None:
        kernels = [
            weight[:, None, None] * box_kernel(piece, kernel_size)
            for piece, weight in iterate_pieces(boxes, weights)
        ]
        return torch.stack(kernels).sum(0)
    column, row = _coverage(boxes, kernel_size)
    return column[:, :, None] * row[:, None, :]


def box_conv2d_reference(x: Tensor, boxes: Tensor, kernel_size: int, stride: int = 1) -> Tensor:
    """:func:`mmpose_sat.ops.box_conv2d` as a depthwise ``conv2d``; exact, and O(k²) slow."""
    wide = torch.promote_types(x.dtype, torch.float32)
    kernel = box_kernel(boxes.to(wide), kernel_size)[:, None]
    padding = (kernel_size - 1) // 2
    out = F.conv2d(x.to(wide), kernel, stride=stride, padding=padding, groups=x.shape[1])
    return out.to(x.dtype)
