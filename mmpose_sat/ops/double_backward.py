"""Gradients of gradients, or many at once, of operators whose backward is an operator too."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ['differentiable_gradients', 'wants_pytorch']


def wants_pytorch(*grads: Tensor) -> bool:
    """Whether gradients are to have gradients, or are several at once (vmap)."""
    functorch = torch._C._functorch
    return torch.is_grad_enabled() or any(
        functorch.is_legacy_batchedtensor(grad) or functorch.is_batchedtensor(grad)
        for grad in grads
    )


def differentiable_gradients(
    ctx: Any, like: Callable[..., Tensor], inputs: tuple[Tensor, ...], grad: Tensor
) -> tuple[Tensor | None, ...]:
    """Gradients by PyTorch's operators, which compute the same; with a graph, if asked for."""
    create_graph = torch.is_grad_enabled()
    needed = ctx.needs_input_grad[: len(inputs)]
    with torch.enable_grad():
        # Aliases: the saved tensors' own hooks are the outer pass's to call.
        aliases = [t.view_as(t) for t in inputs]
        wanted = [t for t, need in zip(aliases, needed, strict=True) if need]
        out = like(*aliases)
    found = iter(torch.autograd.grad(out, wanted, grad, create_graph=create_graph))
    return tuple(next(found) if need else None for need in needed)
