"""Halves of the channels: taken apart, and joined by a channel shuffle.

Same values as ``torch.chunk`` and ``torch.stack``; faster, and with gradients that stay dense,
where channels lie next to each other in memory (channels_last on the CPU).
"""

import torch
from torch import Tensor

from .native import refuses_halves

__all__ = ['interleave', 'split_halves']


def split_halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """``(N, 2C, H, W)`` -> its first and its last C channels."""
    if torch.is_grad_enabled() and x.requires_grad and _runs_native(x):
        return torch.ops.mmpose_sat.split_halves(x, False)
    left, right = x.chunk(2, dim=1)
    return left, right


def interleave(left: Tensor, right: Tensor) -> Tensor:
    """Concatenate two halves and shuffle their channels, in one copy.

    Args:
        left, right: ``(N, C, H, W)`` each.

    Returns:
        ``(N, 2C, H, W)``: the first channel of ``left``, the first of ``right``, the second of
        ``left`` and so on.
    """
    if left.dtype != right.dtype or not _runs_native(right):
        return torch.stack((left, right), dim=2).flatten(1, 2)
    # Half of the channels of a channels_last tensor is read where it is.
    step, (height, width) = left.stride(3), left.shape[2:]
    evenly = left.stride() == (step * width * height, 1, step * width, step)
    if not evenly or step < left.shape[1]:
        left = left.contiguous(memory_format=torch.channels_last)
    return torch.ops.mmpose_sat.join_halves(left, right, True)


def _runs_native(x: Tensor) -> bool:
    if refuses_halves(x) is not None:
        return False
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
