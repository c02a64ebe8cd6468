"""Softmax over volumes of logits, (B, K, D, H, W), without ever holding a second volume.

A 64 x 64 x 64 heatmap for each joint is by far the largest tensor of a network in three dimensions.
The expectation needs its marginals only (arXiv 1711.08229), and so does its gradient: both are made
joint by joint, so that a training step holds the logits and their gradient, and inference only the
logits. Gradients of gradients are not available.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .heatmaps import log_gaussian, marginals, normalise, wide

__all__ = ['gaussian_error', 'softmax_marginals']


def _parts(logits: Tensor, buffers: int = 1) -> Iterator[Any]:
    """Slices of (N, D, H, W), a sixteenth each, with buffers of their size.

    The buffers are the same all the time: large tensors that come and go would leave holes between
    the small ones that stay, and the process would grow by all of them.
    """
    size = max(1, len(logits) // 16)
    kept = [wide(logits[:0]).new_empty(size, *logits.shape[1:]) for _ in range(buffers)]
    for start in range(0, len(logits), size):
        part = slice(start, start + size)
        count = len(logits[part])
        yield part, *(buffer[:count] for buffer in kept)


class _SoftmaxMarginals(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        results: list[list[Tensor]] = [[], [], [], []]
        for part, volume in _parts(logits):
            volume.copy_(logits[part])
            top = volume.amax((1, 2, 3), keepdim=True)
            volume.sub_(top).exp_()
            plane = volume.sum(1)
            total = plane.sum((1, 2))
            axes = (plane.sum(1), plane.sum(2), volume.sum((2, 3)))
            for result, axis in zip(results, axes, strict=False):
                result.append(axis / total[:, None])
            results[3].append(total.log() + top.flatten())
        x, y, z, normaliser = (torch.cat(result) for result in results)
        ctx.save_for_backward(logits, x, y, z, normaliser)
        return x, y, z, normaliser

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        logits, *axes, normaliser = ctx.saved_tensors
        # d p(x) / d logit = p (1 at x - p(x)): of all cells, the mean over p is taken off.
        mean = -gradients[3]
        for axis, gradient in zip(axes, gradients, strict=False):
            mean = mean + (axis * gradient).sum(1)
        result = torch.empty_like(logits)
        for part, volume, slope in _parts(logits, 2):
            x, y, z = (gradient[part] for gradient in gradients[:3])
            beside = (y - mean[part, None])[:, None, :, None] + z[:, :, None, None]
            torch.add(beside, x[:, None, None, :], out=slope)
            volume.copy_(logits[part]).sub_(normaliser[part, None, None, None]).exp_()
            result[part] = volume.mul_(slope)
        return result


class _GaussianError(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, sigma: float) -> Tensor:
        ctx.save_for_backward(logits, targets)
        ctx.sigma = sigma
        errors = [
            _subtract_gaussian(logits[part], targets[part], sigma, volume).square_().mean((1, 2, 3))
            for part, volume in _parts(logits)
        ]
        return torch.cat(errors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        logits, targets = ctx.saved_tensors
        result = torch.empty_like(logits)
        scale = gradient * (2 / logits[0].numel())
        for part, volume in _parts(logits):
            _subtract_gaussian(logits[part], targets[part], ctx.sigma, volume)
            result[part] = volume.mul_(scale[part, None, None, None])
        return result, None, None


def _subtract_gaussian(logits: Tensor, targets: Tensor, sigma: float, out: Tensor) -> Tensor:
    """``out`` (N, D, H, W): logits less the Gaussians around targets (N, 3)."""
    x, y, z = (
        log_gaussian(targets[None, :, axis, None].to(out.dtype), (cells,), sigma)[0].exp()
        for axis, cells in enumerate(reversed(out.shape[1:]))
    )
    beside = z[:, :, None, None] * y[:, None, :, None]
    return torch.mul(beside, x[:, None, None, :], out=out).neg_().add_(logits)


def softmax_marginals(logits: Tensor) -> tuple[list[Tensor], Tensor]:
    """Marginals of the softmax over volumes, and the logarithm that normalises it.

    Args:
        logits: (B, K, D, H, W).

    Returns:
        ``[(B, K, W), (B, K, H), (B, K, D)]``, each of sum 1, and ``logsumexp`` (B, K).
        float32 where the logits are narrower.
    """
    if torch.compiler.is_compiling():  # compilers and exporters fuse by themselves
        return marginals(normalise(logits)), wide(logits).flatten(2).logsumexp(2)
    *axes, normaliser = _SoftmaxMarginals.apply(logits.flatten(0, 1))
    shape = logits.shape[:2]
    return [axis.unflatten(0, shape) for axis in axes], normaliser.unflatten(0, shape)


def gaussian_error(logits: Tensor, targets: Tensor, sigma: float = 1.0) -> Tensor:
    """H1 in three dimensions: mean squared error (B, K) against Gaussians of peak 1.

    Args:
        logits: (B, K, D, H, W).
        targets: (B, K, 3) in [-1, 1].
        sigma: standard deviation in cells.
    """
    errors = _GaussianError.apply(logits.flatten(0, 1), targets.flatten(0, 1), sigma)
    return errors.unflatten(0, logits.shape[:2])
