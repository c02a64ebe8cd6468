"""Fewer passes over memory at inference: normalisation folded into convolutions."""

import copy
from itertools import pairwise
from typing import Any

import torch
from mmcv.cnn import ConvModule, fuse_conv_bn
from torch import nn

from .layers import ShuffleUnit

__all__ = ['fuse_for_inference']


def fuse_for_inference(model: nn.Module) -> nn.Module:
    """A copy of a trained model in evaluation mode without batch normalisation.

    What follows a convolution is folded into it (MMCV's ``fuse_conv_bn``); what follows a box
    convolution of a :class:`ShuffleUnit`, which has no weights to take it, into the 1 x 1
    convolution behind. Outputs differ by rounding only.

    Args:
        model: Any model whose batch normalisations, among the children of a module, directly follow
            the convolution they belong to, or a box convolution of a :class:`ShuffleUnit`.
    """
    model = copy.deepcopy(model)
    model.eval()  # not every MMPose model returns itself
    fuse_conv_bn(model)
    for unit in model.modules():
        if not isinstance(unit, ShuffleUnit):
            continue
        names = list(unit.branch._modules)
        for name, following in pairwise(names):
            norm, conv = unit.branch._modules[name], unit.branch._modules[following]
            if isinstance(norm, nn.modules.batchnorm._BatchNorm) and isinstance(conv, ConvModule):
                _fold_into_next(norm, conv.conv)
                unit.branch._modules[name] = nn.Identity()
    return model


@torch.no_grad()
def _fold_into_next(norm: Any, conv: Any) -> None:
    """Fold a normalisation into the 1 x 1 convolution behind it, which has a bias by now."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - norm.running_mean * scale
    conv.bias += (conv.weight.flatten(1) @ shift).view_as(conv.bias)
    conv.weight *= scale.view(1, -1, 1, 1)
