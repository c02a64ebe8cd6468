"""Multiply-adds of a model, with box convolutions counted as the paper does."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from .module import BoxConv2d

__all__ = ['count_macs']

# A pixel and channel: four taps for each corner of a piece; building the table is not counted.
CORNER_MACS = 4


def _fused() -> dict[Any, Callable[..., int]]:
    """Twice the multiply-adds, by shapes, of operators that ``fuse_for_inference`` brings in."""

    def convolution(x: Any, weight: Any, *_: Any, out_shape: Any, **__: Any) -> int:
        return 2 * prod(out_shape) * prod(weight[1:])

    def stage(x: Any, *branches: Any, out_shape: Any, **_: Any) -> int:
        pixels = out_shape[0] * prod(out_shape[2:])
        tensors = [shape for branch in branches[:3] for shape in branch]
        each = {4: prod, 2: lambda boxes: 4 * CORNER_MACS * boxes[0], 1: lambda bias: 0}
        return 2 * pixels * sum(each[len(shape)](shape) for shape in tensors)

    operators = (
        (torch.ops.mkldnn, '_convolution_pointwise', convolution),
        (torch.ops.mmpose_sat, 'shuffle_stage', stage),
    )
    return {getattr(ops, name): count for ops, name, count in operators if hasattr(ops, name)}


def _called(module: nn.Module) -> Iterator[nn.Module]:
    """The module, or what a list of modules holds: a list is never called itself."""
    if isinstance(module, nn.ModuleList | nn.ModuleDict):
        for member in module.children():
            yield from _called(member)
    else:
        yield module


def count_macs(model: nn.Module, *inputs: Any, **kwargs: Any) -> Counter[str]:
    """Multiply-adds of one call, for each direct child of ``model``.

    Counted are convolutions and linear layers (weights only, no bias; a transposed convolution at
    its input pixels) and 16 a pixel and channel of every :class:`BoxConv2d` (24 or 36 of split
    ones, whose pieces share corners), whatever backend runs it. Normalisation, activations and
    pooling are left out, as in the papers. Works on the meta device.

    Args:
        model: The model, called as ``model(*inputs, **kwargs)`` under ``no_grad`` as it is.
        *inputs: Positional arguments; the counts are for their batch size.
        **kwargs: Keyword arguments.

    Returns:
        Name of child, empty for a model without any, -> multiply-adds. Those of a child that
        others call count as theirs; those of ``model.forward`` itself are not counted.
    """
    macs: Counter[str] = Counter()
    counting = False

    def counting_child(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal counting
            if counting:  # by the child that calls this one
                return forward(*args, **kwargs)
            counting = True
            try:
                with FlopCounterMode(display=False, custom_mapping=_fused()) as counter:
                    output = forward(*args, **kwargs)
            finally:
                counting = False
            macs[name] += counter.get_total_flops() // 2
            return output

        return counted

    def counting_box(name: str, layer: BoxConv2d) -> Callable[..., Any]:
        def counted(x: Tensor) -> Tensor:
            height, width = (-(-size // layer.stride) for size in x.shape[2:])
            out = x.new_zeros(x.shape[0], layer.channels, height, width)
            rows, columns = layer.grid
            macs[name] += CORNER_MACS * (rows + 1) * (columns + 1) * out.numel()
            return out

        return counted

    # An instance's forward hides its class's, for callers of module(x) and of module.forward(x).
    with ExitStack() as stack, torch.no_grad():
        for name, child in (dict(model.named_children()) or {'': model}).items():
            called = set(_called(child))
            for module in child.modules():
                if isinstance(module, BoxConv2d):
                    module.forward = counting_box(name, module)  # type: ignore[method-assign]
                elif module in called:
                    module.forward = counting_child(name, module.forward)
                else:
                    continue
                stack.callback(module.__dict__.pop, 'forward', None)
        model(*inputs, **kwargs)
    return macs
