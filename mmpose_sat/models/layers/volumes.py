"""Softmax over volumes of logits, (B, K, D, H, W), without ever holding a second volume.

A 64 x 64 x 64 heatmap for each joint is by far the largest tensor of a network in three dimensions.
The expectation needs its marginals only (arXiv 1711.08229), and so does its gradient: both are made
joint by joint, and gradients of the losses in this module share one tensor, so that a training step
holds the logits and their gradient, and inference only the logits. Gradients of gradients are not
available.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .heatmaps import log_gaussian, marginals, normalise, wide

__all__ = ['columns', 'gaussian_error', 'logsumexp_of_depths', 'softmax_marginals']


def _parts(logits: Tensor, buffers: int = 1) -> Iterator[Any]:
    """Slices of (N, D, H, W), a sixteenth each, with buffers of their size.

    The buffers are the same all the time: large tensors that come and go would leave holes between
    the small ones that stay, and the process would grow by all of them.
    """
    size = max(1, len(logits) // 16)
    kept = [wide(logits[:0]).new_empty(size, *logits.shape[1:]) for _ in range(buffers)]
    for start in range(0, max(1, len(logits)), size):
        part = slice(start, start + size)
        count = len(logits[part])
        yield part, *(buffer[:count] for buffer in kept)


class _Own(set[int]):
    """Addresses of gradients that this module has made, and hands to itself.

    Autograd may hand one tensor to several operators: others must not be written to.
    """

    def add_of(self, gradient: Tensor) -> Tensor:
        self.add(gradient.data_ptr())
        return gradient

    @classmethod
    def of(cls, logits: Tensor) -> '_Own':
        """Those of what :func:`softmax_marginals` has returned; an empty set for other tensors."""
        return getattr(logits, '_own_gradients', cls())


class _SoftmaxMarginals(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, own: _Own) -> tuple[Tensor, ...]:
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
        ctx.own = own
        ctx.set_materialize_grads(False)  # or zeros the size of the logits
        return x, y, z, normaliser, logits.view_as(logits)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, None]:
        *small, total = gradients
        if all(gradient is None for gradient in small):
            ctx.own.clear()
            return total, None
        logits, *saved = ctx.saved_tensors
        *axes, normaliser = saved
        *along, above = (
            torch.zeros_like(like) if gradient is None else gradient
            for like, gradient in zip(saved, small, strict=True)
        )
        # d p(x) / d logit = p (1 at x - p(x)): of all cells, the mean over p is taken off.
        mean = -above
        for axis, gradient in zip(axes, along, strict=True):
            mean = mean + (axis * gradient).sum(1)
        if total is None:
            total = torch.zeros_like(logits)
        elif total.data_ptr() not in ctx.own or not total.is_contiguous():
            total = total.clone(memory_format=torch.contiguous_format)
        ctx.own.clear()
        for part, volume, slope in _parts(logits, 2):
            x, y, z = (gradient[part] for gradient in along)
            beside = (y - mean[part, None])[:, None, :, None] + z[:, :, None, None]
            torch.add(beside, x[:, None, None, :], out=slope)
            volume.copy_(logits[part]).sub_(normaliser[part, None, None, None]).exp_()
            total[part] += volume.mul_(slope)
        return total, None


class _GaussianError(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, targets: Tensor, flat: Tensor, sigma: float, own: _Own
    ) -> Tensor:
        ctx.save_for_backward(logits, targets, flat)
        ctx.sigma, ctx.own = sigma, own
        errors = targets.new_empty(len(logits), dtype=wide(logits[:0]).dtype)
        for part, volume in _parts(logits):
            plane = flat[part]
            if not plane.all():
                _subtract_gaussian(logits[part], targets[part], sigma, volume)
                errors[part] = volume.square_().sum(1).mean((1, 2))
            if plane.any():
                rest, _ = _subtract_in_plane(logits[part][plane], targets[part][plane], sigma)
                errors[part][plane] = rest.square().mean((1, 2))
        return errors

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        logits, targets, flat = ctx.saved_tensors
        result = torch.empty_like(logits)
        size = logits.shape[2:]
        scale = gradient * (2 / (size[0] * size[1]))
        for part, volume in _parts(logits):
            plane = flat[part]
            if not plane.all():
                _subtract_gaussian(logits[part], targets[part], ctx.sigma, volume)
                volume.mul_(scale[part, None, None, None])
            if plane.any():
                rest, along = _subtract_in_plane(
                    logits[part][plane], targets[part][plane], ctx.sigma
                )
                volume[plane] = (rest * (scale[part][plane, None, None] / along))[:, None]
            result[part] = volume
        return ctx.own.add_of(result), None, None, None, None


class _Columns(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, index: Tensor, own: _Own) -> Tensor:
        ctx.save_for_backward(index)
        ctx.shape, ctx.own = logits.shape, own
        return logits.flatten(3).gather(3, index)[..., 0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (index,) = ctx.saved_tensors
        result = gradient.new_zeros(ctx.shape)
        result.flatten(3).scatter_(3, index, gradient[..., None])
        return ctx.own.add_of(result), None, None


def _subtract_gaussian(logits: Tensor, targets: Tensor, sigma: float, out: Tensor) -> Tensor:
    """``out`` (N, D, H, W): logits less the Gaussians around targets (N, 3)."""
    x, y, z = (
        log_gaussian(targets[None, :, axis, None].to(out.dtype), (cells,), sigma)[0].exp()
        for axis, cells in enumerate(reversed(out.shape[1:]))
    )
    beside = z[:, :, None, None] * y[:, None, :, None]
    return torch.mul(beside, x[:, None, None, :], out=out).neg_().add_(logits)


def _subtract_in_plane(logits: Tensor, targets: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """Logits (N, D, H, W) summed over z less Gaussians in the plane, (N, H, W).

    Summed over z, a Gaussian in space is one in the plane, times its sum along z: logits are
    divided by that number, the second result.
    """
    along = log_gaussian(targets.new_zeros(1, 1, 1), logits.shape[1:2], sigma).exp().sum()
    plane = wide(logits).sum(1) / along
    gaussian = log_gaussian(targets[None, :, :2].to(plane.dtype), tuple(plane.shape[1:]), sigma)
    return plane - gaussian[0].exp(), along


def softmax_marginals(logits: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
    """Marginals of the softmax over volumes, and the logarithm that normalises it.

    Args:
        logits: (B, K, D, H, W).

    Returns:
        ``[(B, K, W), (B, K, H), (B, K, D)]``, each of sum 1; ``logsumexp`` (B, K); and ``logits``
        again. Pass these to :func:`gaussian_error` or :func:`columns`: their gradients are then
        written into one shared volume, so do not hook them or ask for their gradient. All results
        but ``logits`` are float32 or wider.
    """
    if _is_traced():
        return marginals(normalise(logits)), wide(logits).flatten(2).logsumexp(2), logits
    own = _Own()
    results = _SoftmaxMarginals.apply(logits.flatten(0, 1), own)
    *axes, normaliser, same = (result.unflatten(0, logits.shape[:2]) for result in results)
    same._own_gradients = own
    return axes, normaliser, same


def columns(logits: Tensor, index: Tensor) -> Tensor:
    """The logits of one cell of the plane at all depths, (B, K, D).

    Args:
        logits: (B, K, D, H, W).
        index: (B, K, 1) of the cell, counted row by row.
    """
    index = index[..., None].expand(-1, -1, logits.shape[2], 1)
    if _is_traced():
        return logits.flatten(3).gather(3, index)[..., 0]
    return _Columns.apply(logits, index, _Own.of(logits))


def _is_traced() -> bool:
    """Whether a compiler or an exporter is at work, which fuse by themselves."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def logsumexp_of_depths(logits: Tensor) -> Tensor:
    """Of logits (B, K, D, H, W) over z, (B, K, H, W), in float32 or wider; it has no gradient."""
    volumes = logits.detach().flatten(0, 1)
    planes = wide(volumes[:0]).new_empty(len(volumes), *volumes.shape[2:])
    for part, volume in _parts(volumes):
        volume.copy_(volumes[part])
        top = volume.amax(1)
        planes[part] = volume.sub_(top[:, None]).exp_().sum(1).log_().add_(top)
    return planes.unflatten(0, logits.shape[:2])


def gaussian_error(
    logits: Tensor, targets: Tensor, sigma: float = 1.0, flat: Tensor | None = None
) -> Tensor:
    """H1 in three dimensions: squared error (B, K) against Gaussians of peak 1.

    The sum over z of the means over x and y, so that joints with and without depth weigh alike, and
    gradients are not lost among the cells of the volume.

    Args:
        logits: (B, K, D, H, W).
        targets: (B, K, 3) in [-1, 1].
        sigma: standard deviation in cells.
        flat: (B, K), true for joints whose logits are summed over z before they are compared, with
            a Gaussian in the plane; default: none.
    """
    flat = torch.zeros_like(targets[..., 0], dtype=torch.bool) if flat is None else flat
    each = (values.flatten(0, 1) for values in (logits, targets, flat))
    errors = _GaussianError.apply(*each, sigma, _Own.of(logits))
    return errors.unflatten(0, logits.shape[:2])
