"""Backends of the box convolution, and the choice between them."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from .native import NOT_LOADED, box_conv2d_native, refuses_native
from .reference import box_conv2d_reference
from .separable import box_conv2d_separable

__all__ = ['BACKENDS', 'Backend', 'select_backend']


@dataclass(frozen=True)
class Backend:
    """One way to compute the op.

    Attributes:
        forward: ``(x, boxes, kernel_size, stride) -> output`` in the dtype of ``x``, of checked
            arguments; it sums in float32 or wider.
        refuses: Given the same arguments, says in a few words why this backend cannot run them;
            ``None`` when it can.
    """

    forward: Callable[[Tensor, Tensor, int, int], Tensor]
    refuses: Callable[[Tensor, Tensor, int, int], str | None]


def _runs_everywhere(x: Tensor, boxes: Tensor, kernel_size: int, stride: int) -> str | None:
    return None


# Fastest first: the first one that does not refuse is taken.
BACKENDS: dict[str, Backend] = {
    'native': Backend(box_conv2d_native, refuses_native),
    'torch': Backend(box_conv2d_separable, _runs_everywhere),
    'reference': Backend(box_conv2d_reference, _runs_everywhere),
}


def select_backend(
    name: str | None, x: Tensor, boxes: Tensor, kernel_size: int, stride: int
) -> Backend:
    """The backend called ``name``, or the fastest one that can run.

    Raises:
        ValueError: ``name`` is unknown, or that backend cannot run these arguments (says why).
    """
    if name is None:
        for backend in BACKENDS.values():
            if (reason := backend.refuses(x, boxes, kernel_size, stride)) is None:
                return backend
            if reason == NOT_LOADED and not torch.compiler.is_compiling():
                _warn_once(reason)
    if name not in BACKENDS:
        raise ValueError(f'backend={name!r} is unknown; choose one of {sorted(BACKENDS)}')
    reason = BACKENDS[name].refuses(x, boxes, kernel_size, stride)
    if reason is not None:
        raise ValueError(f'backend={name!r} cannot run: {reason}')
    return BACKENDS[name]


@cache
def _warn_once(reason: str) -> None:
    warnings.warn(
        f'box_conv2d runs in pure PyTorch, several times slower than its native kernels: {reason}',
        stacklevel=4,
    )
