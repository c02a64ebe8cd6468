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
    boxes = {p for m in model.modules() if isinstance(m, BoxConv2d) for p in m.parameters()}
    # Boxes stay wide in half-precision models; what replaces them must not.
    dtype = next((p.dtype for p in model.parameters() if p not in boxes), None)
    for parent in list(model.modules()):
        for name, child in parent._modules.items():  # shared layers under each of their names
            if isinstance(child, BoxConv2d):
                parent._modules[name] = child.to_separable().to(dtype=dtype)
    return model
