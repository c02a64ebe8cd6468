"""Split kernels as weighted sums of boxes, one for each piece (Zhang et al., Fig. 2)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from .double_backward import differentiable_gradients, wants_pytorch
from .native import box_conv2d_native, is_exporting, is_transformed
from .separable import box_conv2d_separable
from .splitting import iterate_pieces

__all__ = ['sum_of_pieces']

Forward = Callable[[Tensor, Tensor, int, int], Tensor]


def sum_of_pieces(
    forward: Forward, x: Tensor, boxes: Tensor, weights: Tensor, kernel_size: int, stride: int
) -> Tensor:
    """:func:`mmpose_sat.ops.box_conv2d` with weights, of ``x`` in float32 or wider.

    The native kernels keep nothing but ``x`` for the backward pass, as of a whole box: where the
    caller's is narrower, its copy in float32.
    """
    is_native = forward is box_conv2d_native and not (is_exporting() or is_transformed())
    if is_native and torch.is_grad_enabled() and not torch.compiler.is_compiling():
        return _NativePieces.apply(x, boxes, weights, kernel_size, stride)
    return _sum_of_pieces(forward, x, boxes, weights, kernel_size, stride)


def _sum_of_pieces(
    forward: Forward, x: Tensor, boxes: Tensor, weights: Tensor, kernel_size: int, stride: int
) -> Tensor:
    terms = (
        (forward(x, box, kernel_size, stride), weight.to(x.dtype)[:, None, None])
        for box, weight in iterate_pieces(boxes, weights)
    )
    out = torch.mul(*next(terms))
    for piece, weight in terms:
        out = torch.addcmul(out, piece, weight)
    return out


class _NativePieces(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, boxes: Tensor, weights: Tensor, kernel_size: int, stride: int
    ) -> Tensor:
        ctx.save_for_backward(x, boxes, weights)
        ctx.kernel_size, ctx.stride = kernel_size, stride
        return _sum_of_pieces(box_conv2d_native, x, boxes, weights, kernel_size, stride)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, boxes, weights = ctx.saved_tensors
        shape = dict(kernel_size=ctx.kernel_size, stride=ctx.stride)
        if wants_pytorch(grad):
            like = partial(_sum_of_pieces, box_conv2d_separable, **shape)
            return *differentiable_gradients(ctx, like, (x, boxes, weights), grad), None, None
        _, needs_boxes, needs_weights, *_ = ctx.needs_input_grad
        with torch.enable_grad():
            edges = boxes.detach().requires_grad_()
            pieces = list(iterate_pieces(edges, weights.detach()))
        total, of_boxes, of_weights = None, [], []
        for box, weight in pieces:
            of_x, of_box = torch.ops.mmpose_sat.box_conv2d_backward(
                grad, x, box.detach(), ctx.kernel_size, ctx.stride, needs_boxes
            )
            of_boxes.append(of_box * weight[:, None])
            if needs_weights:  # a box and its mirror image: <grad, box of x> = <gradient of x, x>
                of_weights.append((of_x * x).sum((0, 2, 3)))
            factor = weight.to(x.dtype)[:, None, None]
            total = of_x.mul_(factor) if total is None else total.addcmul_(of_x, factor)
        of_edges = of_weight = None
        if needs_boxes:
            (of_edges,) = torch.autograd.grad([box for box, _ in pieces], edges, of_boxes)
        if needs_weights:
            of_weight = torch.stack(of_weights, 1).view_as(weights).to(weights.dtype)
        return total, of_edges, of_weight, None, None
