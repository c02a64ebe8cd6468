"""Fewer passes over memory at inference: normalisation and ReLU folded into convolutions."""

import copy
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import torch
from mmcv.cnn import ConvAWS2d, ConvModule, ConvWS2d, fuse_conv_bn
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..ops import BoxConv2d
from ..ops.batch_norm import has_hooks
from ..ops.native import is_exporting, prefers_other_formats
from .backbones import BoxConvNet
from .layers import ShuffleStage, ShuffleUnit

__all__ = ['fuse_for_inference']


def fuse_for_inference(model: nn.Module) -> nn.Module:
    """A copy of a trained model in evaluation mode without batch normalisation.

    What follows a convolution is folded into it (MMCV's ``fuse_conv_bn``); what follows a box
    convolution of a :class:`ShuffleUnit`, which has no weights to take it, into the 1 x 1
    convolution behind. On a CPU, the convolution of an MMCV ``ConvModule`` applies its ReLU as it
    writes, and without gradients a stage of :class:`BoxConvNet` is one native operator. Outputs
    differ by rounding only; where oneDNN applies the ReLU, what is not a number becomes 0.

    Args:
        model: Any model whose batch normalisations, among the children of a module, directly follow
            the convolution they belong to, or a box convolution of a :class:`ShuffleUnit`. Those
            that an MMCV ``ConvModule`` has in another place, by its ``order``, are left as they
            are.

    Raises:
        ValueError: A normalisation has no weights or no running statistics, or a convolution
            standardises its weights: neither can be folded.
    """
    model = copy.deepcopy(model)
    model.eval()  # not every MMPose model returns itself
    others = [m for m in model.modules() if isinstance(m, ConvModule) and _norm_is_elsewhere(m)]
    norms = [module._modules.pop(module.norm_name) for module in others]
    _check_foldable(model)
    fuse_conv_bn(model)  # which goes by the order of children
    for module, norm in zip(others, norms, strict=True):
        module._modules[module.norm_name] = norm
    for unit in model.modules():
        if not isinstance(unit, ShuffleUnit):
            continue
        names = list(unit.branch._modules)
        for name, following in pairwise(names):
            norm, conv = unit.branch._modules[name], unit.branch._modules[following]
            if isinstance(norm, _BatchNorm) and isinstance(conv, ConvModule):
                _fold_into_next(norm, conv.conv)
                unit.branch._modules[name] = nn.Identity()
    for module in model.modules():
        if isinstance(module, ConvModule) and _ends_in_relu(module):
            module.conv = _ConvReLU(module.conv)
            module.with_activation = False
    for module in list(model.modules()):
        if isinstance(module, BoxConvNet):
            stages: Any = module.stages
            module.stages = nn.ModuleList(_FoldedStage(*stage) for stage in stages)
    return model


def _check_foldable(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if isinstance(module, _BatchNorm) and not (module.affine and module.track_running_stats):
            raise ValueError(f'{name} = {module} has no weights or no running statistics to fold')
        if isinstance(module, ConvWS2d | ConvAWS2d):
            raise ValueError(f'{name} is a {type(module).__name__}: nothing can be folded into it')


def _norm_is_elsewhere(module: ConvModule) -> bool:
    return module.with_norm and module.order[:2] != ('conv', 'norm')


def _ends_in_relu(module: ConvModule) -> bool:
    return (
        type(module.conv) is nn.Conv2d
        and (module.norm is None or isinstance(module.norm, nn.Identity))
        and bool(module.with_activation)
        and isinstance(module.activate, nn.ReLU)
        and module.order == ('conv', 'norm', 'act')
    )


class _ConvReLU(nn.Module):
    """A convolution and a ReLU: one oneDNN primitive on a CPU."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv
        self.has_onednn = torch.backends.mkldnn.is_available()  # compilers cannot ask

    def forward(self, x: Tensor) -> Tensor:
        conv = self.conv
        if not self._is_one_primitive(x):
            return torch.relu_(conv(x))
        shape = (conv.padding, conv.stride, conv.dilation, conv.groups)
        pointwise = torch.ops.mkldnn._convolution_pointwise
        return pointwise(x, conv.weight, conv.bias, *shape, 'relu', [], '')

    def _is_one_primitive(self, x: Tensor) -> bool:
        return (
            self.has_onednn
            and bool(torch.backends.mkldnn.enabled)
            and x.device.type == 'cpu'
            and x.dtype == self.conv.weight.dtype == torch.float32
            and x.numel() > 0
            and not isinstance(self.conv.padding, str)
            and self.conv.padding_mode == 'zeros'
            and not (torch.is_grad_enabled() or torch.is_autocast_enabled('cpu'))
            and not is_exporting()
        )


class _FoldedStage(ShuffleStage):
    """A folded stage: one native operator on a CPU, if there is one for each of its layers."""

    inplace = True

    def forward(self, x: Tensor) -> Tensor:
        _, *layers_within = self.modules()
        if any(map(has_hooks, layers_within)):
            return super().forward(x)
        transition: Any = self[0]
        units: Any = list(self)[1:]
        branch = [layer for unit in units for layer in unit.branch if not _does_nothing(layer)]
        layers = [*transition.left, *transition.right, *branch]
        boxes = {layer.kernel_size for layer in layers if isinstance(layer, BoxConv2d)}
        if len(boxes) > 1 or not (_is_plain(x) and all(map(_has_operator, layers))):
            return super().forward(x)
        left, right, moved = map(_tensors_of, (transition.left, transition.right, branch))
        if any(t.dtype != torch.float32 for t in (x, *left, *right, *moved)):
            return super().forward(x)
        return torch.ops.mmpose_sat.shuffle_stage(x, left, right, moved, max(boxes, default=1))


def _is_plain(x: Tensor) -> bool:
    autocast = torch.is_autocast_enabled('cpu')
    return not (torch.is_grad_enabled() or autocast) and prefers_other_formats(x) is None


def _does_nothing(layer: nn.Module | None) -> bool:
    return layer is None or isinstance(layer, nn.Identity)


def _has_operator(layer: nn.Module) -> bool:
    """Whether a layer is a box in one piece, 3 x 3 or, with a ReLU, 1 x 1."""
    if isinstance(layer, BoxConv2d):
        return layer.pieces == 1 and not layer.normalize
    if isinstance(layer, ConvModule):
        if isinstance(layer.conv, _ConvReLU):
            return layer.conv.conv.kernel_size == (1, 1)
        if layer.with_activation or not _does_nothing(layer.norm):
            return False
        layer = layer.conv
    return type(layer) is nn.Conv2d and layer.kernel_size == (3, 3) and layer.bias is not None


def _tensors_of(layers: Iterable[Any]) -> list[Tensor]:
    tensors: list[Any] = []
    for layer in layers:
        if isinstance(layer, BoxConv2d):
            tensors.append(layer.boxes)
            continue
        while not isinstance(layer, nn.Conv2d):
            layer = layer.conv
        tensors += [layer.weight, layer.bias]
    return tensors


@torch.no_grad()
def _fold_into_next(norm: Any, conv: Any) -> None:
    """Fold a normalisation into the 1 x 1 convolution behind it, which has a bias by now."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - norm.running_mean * scale
    conv.bias += (conv.weight.flatten(1) @ shift).view_as(conv.bias)
    conv.weight *= scale.view(1, -1, 1, 1)
