"""Gradients that have gradients, for operators whose backward is an operator too."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def differentiable_gradients(
    ctx: Any, like: Callable[..., Tensor], inputs: tuple[Tensor, ...], grad: Tensor
) -> tuple[Tensor | None, ...]:
    """Gradients with a graph of their own, by operators that compute the same and have one."""
    # Aliases: the saved tensors' own hooks are the outer pass's to call.
    aliases = [t.view_as(t) for t in inputs]
    needed = ctx.needs_input_grad[: len(inputs)]
    wanted = [t for t, need in zip(aliases, needed, strict=True) if need]
    found = iter(torch.autograd.grad(like(*aliases), wanted, grad, create_graph=True))
    return tuple(next(found) if need else None for need in needed)
