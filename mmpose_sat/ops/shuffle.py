"""The channel shuffle: two halves of the channels, taken in turn.

In one pass, and with dense gradients, where channels lie next to each other in memory
(channels_last on the CPU).
"""

import torch
from torch import Tensor

from .native import refuses_channels_last, to_channels_last

__all__ = ['interleave', 'shuffle_halves']


def interleave(left: Tensor, right: Tensor) -> Tensor:
    """Join two halves, channels in turn.

    Args:
        left, right: ``(N, C, H, W)`` each, of one dtype.

    Returns:
        ``(N, 2C, H, W)``: channels l0, r0, l1, r1, ...
    """
    if _runs_native(left, right):
        return torch.ops.mmpose_sat.interleave(left, to_channels_last(right))
    return torch.stack((left, right), dim=2).flatten(1, 2)


def shuffle_halves(left: Tensor, right: Tensor, inplace: bool = False) -> tuple[Tensor, Tensor]:
    """The two halves of :func:`interleave`, ``(N, C, H, W)`` each.

    Args:
        left, right: ``(N, C, H, W)`` each, of one dtype.
        inplace: Allow to overwrite them, where no gradient will be asked for.
    """
    if not _runs_native(left, right):
        left, right = interleave(left, right).chunk(2, dim=1)
        return left, right
    right = to_channels_last(right)
    if inplace and not torch.is_grad_enabled():
        torch.ops.mmpose_sat.shuffle_halves_(left, right)
        return left, right
    return torch.ops.mmpose_sat.shuffle_halves(left, right, False)


def _runs_native(left: Tensor, right: Tensor) -> bool:
    return left.dtype == right.dtype and refuses_channels_last(left) is None
