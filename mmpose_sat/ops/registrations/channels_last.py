"""Shapes without data, derivatives and multiply-adds of the native operators for channels_last."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from ..double_backward import differentiable_gradients, wants_pytorch
from ..native import to_channels_last

_OPERATORS = torch.ops.mmpose_sat


def _interleaved(left: Tensor, right: Tensor) -> Tensor:
    # Not `flatten`, which many gradients at once do not have.
    return torch.stack((left, right), 2).reshape(left.shape[0], -1, *left.shape[2:])


def _deinterleaved(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[:, ::2], x[:, 1::2]


@torch.library.register_fake('mmpose_sat::shuffle_halves')
def _(left: Tensor, right: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
    return torch.empty_like(left), torch.empty_like(right)


@torch.library.register_fake('mmpose_sat::shuffle_halves_')
def _(left: Tensor, right: Tensor) -> None:
    return None


def _setup_shuffle(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    ctx.inverse = inputs[2]


def _shuffle_gradients(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
    if not wants_pytorch(*grads):
        return *_OPERATORS.shuffle_halves(*map(to_channels_last, grads), not ctx.inverse), None
    if ctx.inverse:
        return *_interleaved(*grads).chunk(2, 1), None
    return *_deinterleaved(torch.cat(grads, 1)), None


torch.library.register_autograd(
    'mmpose_sat::shuffle_halves', _shuffle_gradients, setup_context=_setup_shuffle
)


def _pixels(like: Tensor, channels: int) -> Tensor:
    shape = like.shape[0], channels, *like.shape[2:]
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )


@torch.library.register_fake('mmpose_sat::interleave')
def _(left: Tensor, right: Tensor) -> Tensor:
    return _pixels(left, 2 * left.shape[1])


@torch.library.register_fake('mmpose_sat::deinterleave')
def _(x: Tensor) -> tuple[Tensor, Tensor]:
    return _pixels(x, x.shape[1] // 2), _pixels(x, x.shape[1] // 2)


def _interleave_gradients(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
    if wants_pytorch(grad):
        return _deinterleaved(grad)
    return _OPERATORS.deinterleave(to_channels_last(grad))


torch.library.register_autograd('mmpose_sat::interleave', _interleave_gradients)


def _deinterleave_gradients(ctx: Any, *grads: Tensor) -> Tensor:
    if wants_pytorch(*grads):
        return _interleaved(*grads)
    return _OPERATORS.interleave(*map(to_channels_last, grads))


torch.library.register_autograd('mmpose_sat::deinterleave', _deinterleave_gradients)


@torch.library.register_fake('mmpose_sat::shuffle_stage')
def _(x: Tensor, left: list[Tensor], *args: Any) -> Tensor:
    return x.new_empty(x.shape[0], 2 * left[-1].shape[0], *x.shape[2:])


@torch.library.register_fake('mmpose_sat::batch_norm')
def _(x: Tensor, weight: Tensor, bias: Tensor, eps: float, relu: bool) -> tuple[Tensor, ...]:
    return torch.empty_like(x), torch.empty_like(weight), torch.empty_like(weight)


@torch.library.register_fake('mmpose_sat::batch_norm_backward')
def _(grad: Tensor, x: Tensor, mean: Tensor, var: Tensor, *args: Any) -> tuple[Tensor, ...]:
    return torch.empty_like(x), torch.empty_like(mean), torch.empty_like(var)


def _normalize(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    return F.batch_norm(x, None, None, weight, bias, training=True, eps=eps)


def _setup_norm(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, weight, bias, ctx.eps, ctx.relu = inputs
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(x, *output[1:], weight, bias)


def _norm_gradients(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
    x, mean, var, weight, bias = ctx.saved_tensors
    if wants_pytorch(grad):

        def like(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
            out = _normalize(x, weight, bias, ctx.eps)
            return out.relu() if ctx.relu else out

        grads = differentiable_gradients(ctx, like, (x, weight, bias), grad)
    else:
        saved = (to_channels_last(x), mean, var, weight, bias)
        grads = _OPERATORS.batch_norm_backward(to_channels_last(grad), *saved, ctx.eps, ctx.relu)
    return *grads, None, None


torch.library.register_autograd(
    'mmpose_sat::batch_norm', _norm_gradients, setup_context=_setup_norm
)


@torch.library.register_fake('mmpose_sat::pointwise_batch_norm')
def _(
    x: Tensor,
    kernel: Tensor,
    weight: Tensor,
    bias: Tensor,
    inner_weight: Tensor | None,
    inner_bias: Tensor | None,
    *args: Any,
) -> tuple[Tensor, ...]:
    statistics = (
        x.new_empty(0) if like is None else torch.empty_like(like)
        for like in (weight, bias, inner_weight, inner_bias)
    )
    return _pixels(x, len(kernel)), _pixels(x, len(kernel)), *statistics


@torch.library.register_fake('mmpose_sat::pointwise_batch_norm_backward')
def _(
    grad: Tensor,
    x: Tensor,
    convolved: Tensor,
    kernel: Tensor,
    mean: Tensor,
    var: Tensor,
    weight: Tensor,
    bias: Tensor,
    inner_mean: Tensor,
    inner_var: Tensor,
    *args: Any,
) -> tuple[Tensor, ...]:
    like = (x, kernel, weight, bias, inner_mean, inner_var)
    return tuple(torch.empty_like(t) for t in like)


@register_flop_formula(_OPERATORS.pointwise_batch_norm)
def _products(x: tuple[int, ...], kernel: tuple[int, ...], *args: Any, **kwargs: Any) -> int:
    return 2 * math.prod(x) * kernel[0]


@register_flop_formula(_OPERATORS.pointwise_batch_norm_backward)
def _(grad: Any, x: tuple[int, ...], convolved: Any, *args: Any, **kwargs: Any) -> int:
    return 2 * _products(x, args[0])


def _setup_pointwise(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, *of_channels, ctx.eps, ctx.inner_eps, ctx.relu = inputs
    ctx.set_materialize_grads(False)  # or zeros the size of the convolution's result
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(x, *of_channels, *output[1:])


def _pointwise_gradients(ctx: Any, grad: Tensor | None, *_: Tensor) -> tuple[Tensor | None, ...]:
    if grad is None:
        return (None,) * 9
    x, kernel, weight, bias, inner_weight, inner_bias, *computed = ctx.saved_tensors
    inner = (inner_weight, inner_bias)
    convolved, mean, var, *inner_statistics = computed
    if wants_pytorch(grad):

        def like(x: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor, *inner: Tensor) -> Tensor:
            if inner:
                x = _normalize(x, inner[0], inner[1], ctx.inner_eps)
            out = _normalize(F.conv2d(x, kernel), weight, bias, ctx.eps)
            return out.relu() if ctx.relu else out

        inputs = tuple(t for t in (x, kernel, weight, bias, *inner) if t is not None)
        grads = differentiable_gradients(ctx, like, inputs, grad)
        grads = *grads, *(None for _ in range(6 - len(grads)))
    else:
        grads = _OPERATORS.pointwise_batch_norm_backward(
            to_channels_last(grad),
            *(to_channels_last(x), to_channels_last(convolved)),
            *(kernel, mean, var, weight, bias, *inner_statistics, *inner),
            *(ctx.eps, ctx.inner_eps, ctx.relu),
        )
        if inner[0] is None:
            grads = *grads[:4], None, None
    return *grads, None, None, None


torch.library.register_autograd(
    'mmpose_sat::pointwise_batch_norm', _pointwise_gradients, setup_context=_setup_pointwise
)
