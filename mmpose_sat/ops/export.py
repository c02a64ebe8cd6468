"""Models without box operators, for ONNX, OpenVINO and every other runtime."""

import copy

from torch import nn

from .module import BoxConv2d

__all__ = ['boxes_to_convolutions']


def boxes_to_convolutions(model: nn.Module) -> nn.Module:
    """A copy of ``model`` in which standard convolutions compute what its box layers do.

    Each :class:`BoxConv2d` becomes ``layer.to_separable()``, one or two depthwise convolutions that
    any runtime knows. The boxes are written out as weights and no longer learn as boxes.

    Args:
        model: Any module; a :class:`BoxConv2d` itself too.
    """
    model = copy.deepcopy(model)
    if isinstance(model, BoxConv2d):
        return model.to_separable()
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, BoxConv2d):
                setattr(parent, name, child.to_separable())
    return model
