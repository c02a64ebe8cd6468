"""Backends of the box convolution, and the choice between them."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from .reference import box_conv2d_reference
from .separable import box_conv2d_separable

__all__ = ['BACKENDS', 'Backend', 'select_backend']


@dataclass(frozen=True)
class Backend:
    """One way to compute the op.

    Attributes:
        forward: ``(x, boxes, kernel_size, stride) -> output``; ``x`` and ``boxes`` arrive checked
            and in one dtype, float32 or float64.
        refuses: Given the same arguments, says in a few words why this backend cannot run them;
            ``None`` when it can.
    """

    forward: Callable[[Tensor, Tensor, int, int], Tensor]
    refuses: Callable[[Tensor, Tensor, int, int], str | None]


def _runs_everywhere(x: Tensor, boxes: Tensor, kernel_size: int, stride: int) -> str | None:
    return None


# Fastest first: the first one that does not refuse is taken.
BACKENDS: dict[str, Backend] = {
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
        return next(
            b for b in BACKENDS.values() if b.refuses(x, boxes, kernel_size, stride) is None
        )
    if name not in BACKENDS:
        raise ValueError(f'backend={name!r} is unknown; choose one of {sorted(BACKENDS)}')
    reason = BACKENDS[name].refuses(x, boxes, kernel_size, stride)
    if reason is not None:
        raise ValueError(f'backend={name!r} cannot run: {reason}')
    return BACKENDS[name]
