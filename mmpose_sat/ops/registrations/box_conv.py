"""Shapes without data, derivatives and batching of the native box convolution."""

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from ..double_backward import differentiable_gradients, wants_pytorch
from ..separable import box_conv2d_separable

_OPERATORS = torch.ops.mmpose_sat


def _keeps_channels_last(x: Tensor) -> bool:
    last = x.is_contiguous(memory_format=torch.channels_last)
    return last and not x.is_contiguous() and x.device.type == 'cpu'


@torch.library.register_fake('mmpose_sat::box_conv2d')
def _(x: Tensor, boxes: Tensor, kernel_size: int, stride: int) -> Tensor:
    if torch.onnx.is_in_onnx_export():
        raise RuntimeError(
            'ONNX has no box convolution: export mmpose_sat.ops.boxes_to_convolutions(model)'
        )
    if stride == 1 and _keeps_channels_last(x):
        return torch.empty_like(x)
    height, width = ((size + stride - 1) // stride for size in x.shape[2:])
    return x.new_empty(x.shape[0], x.shape[1], height, width)


@register_flop_formula(_OPERATORS.box_conv2d)
def _(x: Any, *args: Any, out_shape: tuple[int, ...], **kwargs: Any) -> int:
    return 2 * 16 * math.prod(out_shape)  # as the paper counts: four taps for each of four corners


@torch.library.register_fake('mmpose_sat::box_conv2d_backward')
def _(
    grad: Tensor,
    x: Tensor,
    boxes: Tensor,
    kernel_size: int,
    stride: int,
    needs_boxes: bool = True,
) -> tuple[Tensor, Tensor]:
    grad_x = torch.empty_like(x) if _keeps_channels_last(x) else x.new_empty(x.shape)
    return grad_x, boxes.new_empty(boxes.shape)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, boxes, ctx.kernel_size, ctx.stride = inputs
    ctx.save_for_backward(x, boxes)


def _differentiate(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    x, boxes = ctx.saved_tensors
    if wants_pytorch(grad):
        like = partial(box_conv2d_separable, kernel_size=ctx.kernel_size, stride=ctx.stride)
        grads = differentiable_gradients(ctx, like, (x, boxes), grad)
    else:
        grads = _OPERATORS.box_conv2d_backward(
            grad, x, boxes, ctx.kernel_size, ctx.stride, ctx.needs_input_grad[1]
        )
    return *grads, None, None


torch.library.register_autograd('mmpose_sat::box_conv2d', _differentiate, setup_context=_setup)


@torch.library.register_vmap('mmpose_sat::box_conv2d')
def _(
    info: Any, in_dims: tuple[int | None, ...], x: Tensor, boxes: Tensor, k: int, stride: int
) -> tuple[Tensor, int]:
    size = info.batch_size
    x = x.movedim(in_dims[0], 0) if in_dims[0] is not None else x.expand(size, *x.shape)
    if in_dims[1] is None:  # one set of boxes: a larger batch
        out = _OPERATORS.box_conv2d(x.flatten(0, 1), boxes, k, stride)
        return out.unflatten(0, (size, -1)), 0
    boxes = boxes.movedim(in_dims[1], 0)  # its own boxes for each: more channels
    out = _OPERATORS.box_conv2d(x.movedim(0, 1).flatten(1, 2), boxes.flatten(0, 1), k, stride)
    return out.unflatten(1, (size, -1)), 1
