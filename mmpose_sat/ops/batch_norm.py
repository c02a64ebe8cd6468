"""Batch normalisation of a training step, and what surrounds it, in fewer passes over memory."""

import torch
from torch import Tensor, nn

from .native import refuses_channels_last

__all__ = ['batch_norm', 'pointwise_batch_norm']


def batch_norm(norm: nn.Module, x: Tensor, relu: bool = False) -> Tensor:
    """A normalisation layer and the ReLU behind it.

    Where channels lie next to each other in memory (channels_last on the CPU), ``BatchNorm2d`` in
    training runs in native kernels, and nothing but ``x`` is kept for the backward pass. Any other
    layer or tensor takes PyTorch's own way.

    Args:
        norm: The layer; its running statistics are updated as it would update them.
        x: ``(N, C, H, W)``.
        relu: Whether to rectify the result.
    """
    if not _runs_native(norm, x):
        out = norm(x)
        return torch.relu_(out) if relu else out
    out, mean, var = torch.ops.mmpose_sat.batch_norm(x, norm.weight, norm.bias, norm.eps, relu)
    _update(norm, mean, var, x.numel() // x.shape[1])
    return out


def pointwise_batch_norm(
    x: Tensor, conv: nn.Module, norm: nn.Module, relu: bool = False, before: nn.Module | None = None
) -> Tensor:
    """``norm(conv(before(x)))`` and the ReLU behind it: a 1 x 1 convolution between normalisations.

    In training on a CPU, in channels_last, float32 or float64, that is one native operator: a few
    pixels at a time are convolved, and stay in the caches while they are normalised, summed up or
    multiplied again in the backward pass; ``x`` and what the convolution gives are kept for it. Any
    other layers or tensors go one after the other. A hook of ``conv`` gets what it would get then.

    Args:
        x: ``(N, C, H, W)``.
        conv: A convolution from C to D channels.
        norm: The normalisation behind it.
        relu: Whether to rectify the result.
        before: A normalisation in front of it.

    Returns:
        ``(N, D, H, W)``.
    """
    norms = [norm] if before is None else [before, norm]
    if not (all(_runs_native(n, x) for n in norms) and _is_pointwise(conv, x)):
        x = x if before is None else batch_norm(before, x)
        return batch_norm(norm, conv(x), relu)
    inner = (None, None) if before is None else (before.weight, before.bias)
    out, _, mean, var, inner_mean, inner_var = torch.ops.mmpose_sat.pointwise_batch_norm(
        x, conv.weight, norm.weight, norm.bias, *inner, norm.eps, norms[0].eps, relu
    )
    pixels = x.numel() // x.shape[1]
    if before is not None:
        _update(before, inner_mean, inner_var, pixels)
    _update(norm, mean, var, pixels)
    return out


def _update(norm: nn.Module, mean: Tensor, var: Tensor, pixels: int) -> None:
    """Running statistics, as ``nn.BatchNorm2d`` keeps them."""
    unbiased = var * (pixels / (pixels - 1))
    with torch.no_grad():
        norm.num_batches_tracked.add_(1)  # type: ignore[operator]
        share = norm.momentum
        if share is None:  # all batches count alike
            share = 1 / norm.num_batches_tracked.item()
        for running, new in ((norm.running_mean, mean), (norm.running_var, unbiased)):
            running.lerp_(new, share)  # type: ignore[operator, arg-type]


def _is_pointwise(conv: nn.Module, x: Tensor) -> bool:
    return (
        type(conv) is nn.Conv2d
        and conv.kernel_size == conv.stride == (1, 1)
        and conv.padding in ((0, 0), 0)
        and conv.groups == 1
        and conv.bias is None
        and conv.weight.dtype == x.dtype in (torch.float32, torch.float64)
        and conv.weight.is_contiguous()
        and not has_hooks(conv)
        and not torch.is_autocast_enabled('cpu')
    )


def _runs_native(norm: nn.Module, x: Tensor) -> bool:
    return (
        type(norm) is nn.BatchNorm2d
        and norm.training
        and norm.affine
        and norm.track_running_stats
        and norm.weight.dtype == (torch.float64 if x.dtype == torch.float64 else torch.float32)
        and norm.weight.is_contiguous()
        and norm.bias.is_contiguous()
        and x.numel() > x.shape[1]
        and not has_hooks(norm)
        and refuses_channels_last(x) is None
    )


def has_hooks(module: nn.Module) -> bool:
    """Whether ``module`` has hooks, so that it must be called: its parameters are not enough."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or 'forward' in module.__dict__
    )
