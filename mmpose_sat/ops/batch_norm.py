"""Batch normalisation and ReLU of a training step in fewer passes over memory."""

import torch
from torch import Tensor, nn

from .native import refuses_channels_last

__all__ = ['batch_norm']


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
    if not (isinstance(norm, nn.BatchNorm2d) and _runs_native(norm, x)):
        out = norm(x)
        return torch.relu_(out) if relu else out
    out, mean, var = torch.ops.mmpose_sat.batch_norm(x, norm.weight, norm.bias, norm.eps, relu)
    with torch.no_grad():
        pixels = x.numel() // x.shape[1]
        for running, new in (
            (norm.running_mean, mean),
            (norm.running_var, var * (pixels / (pixels - 1))),
        ):
            running.lerp_(new, norm.momentum)  # type: ignore[union-attr, arg-type]
        norm.num_batches_tracked.add_(1)  # type: ignore[union-attr]
    return out


def _runs_native(norm: nn.BatchNorm2d, x: Tensor) -> bool:
    return (
        type(norm) is nn.BatchNorm2d
        and norm.training
        and norm.momentum is not None
        and norm.affine
        and norm.track_running_stats
        and norm.weight.dtype == (torch.float64 if x.dtype == torch.float64 else torch.float32)
        and x.numel() > x.shape[1]
        and not (norm._forward_hooks or norm._forward_pre_hooks)
        and refuses_channels_last(x) is None
    )
