"""Pose machines on MobileNet with global context (Osokin, arXiv 1906.04104)."""

import torch
from mmpose.models.backbones.base_backbone import BaseBackbone
from torch import Tensor, nn

from ...registry import MODELS
from ..layers.checks import check_choice, check_whole
from ..layers.context import CONTEXTS, conv
from .mobilenet_v1 import MobileNetV1

__all__ = ['UContextCPM']


class RefinementBlock(nn.Module):
    """A 1 x 1 convolution and a residual of two 3 x 3 ones, the second dilated."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.reduce = conv(in_channels, channels, 1, norm=False)
        self.branch = nn.Sequential(conv(channels, channels), conv(channels, channels, dilation=2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        return x + self.branch(x)


def _context(name: str, channels: int, options: dict | None) -> tuple[nn.Module, int]:
    """A context module and its output channels; nothing for ``'none'``."""
    if name == 'none':
        return nn.Identity(), channels
    try:
        module = CONTEXTS[name](channels, **(options or {}))
    except TypeError as error:
        raise ValueError(f'context_cfg={options} does not fit context={name!r}: {error}') from None
    return module, module.out_channels


@MODELS.register_module()
class UContextCPM(BaseBackbone):
    """MobileNet at stride 8, a stage of heatmaps, and stages that refine them with wide context.

    Each refinement stage sees the trunk's features beside the heatmaps of the stage before. The
    outputs are the heatmaps of all stages, which :class:`mmpose_sat.models.StageHeatmapHead` takes.

    Args:
        out_channels: heatmaps of each stage: joints, and one more for the background if the codec
            has it.
        num_stages: number of stages, with the first; the paper has 2 and 6.
        context: ``'u'``, the paper's; ``'aspp'`` and ``'pyramid'``, which it compares with;
            ``'box'``, of box convolutions; or ``'none'``.
        context_at: ``'stages'``, at the start of each refinement stage, of which a single stage has
            none; ``'trunk'``, once, after the trunk.
        context_cfg: further arguments of the context module: ``mode`` of ``'u'``, ``width`` and
            ``dilations`` of ``'aspp'``, ``width`` and ``cells`` of ``'pyramid'``, ``kernel_sizes``
            of ``'box'``; dilations and kernel sizes in cells of the heatmaps, 8 px.
        channels: width of the stages.
        trunk_init_cfg: MMEngine initialisation of the trunk, as for :class:`MobileNetV1`.
        init_cfg: MMEngine initialisation; default: PyTorch's own.

    Shape:
        ``(B, 3, H, W)`` -> ``num_stages`` of ``(B, out_channels, ceil(H / 8), ceil(W / 8))``.

    Raises:
        ValueError: a number is not a whole one, 1 or more, ``context`` or ``context_at`` is
            another, ``context_cfg`` does not fit, or an image is smaller than the stride.
    """

    def __init__(
        self,
        out_channels: int,
        num_stages: int = 6,
        context: str = 'u',
        context_at: str = 'stages',
        context_cfg: dict | None = None,
        channels: int = 128,
        trunk_init_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        check_whole(out_channels=out_channels, num_stages=num_stages, channels=channels)
        check_choice('context', context, (*CONTEXTS, 'none'))
        check_choice('context_at', context_at, ('stages', 'trunk'))
        if context == 'none' and context_cfg:
            raise ValueError(f"context_cfg={context_cfg} does not fit context='none'")
        with torch.device('meta'):  # a single stage has no context to find fault with
            _context(context, channels, context_cfg)
        super().__init__(init_cfg)
        self.trunk = MobileNetV1(num_blocks=11, dilated=True, init_cfg=trunk_init_cfg)
        self.reduce = nn.Sequential(
            conv(self.trunk.out_channels, 2 * channels), conv(2 * channels, channels)
        )
        features = channels
        self.context: nn.Module = nn.Identity()
        if context_at == 'trunk':
            self.context, features = _context(context, features, context_cfg)
            context = 'none'
        self.initial = nn.Sequential(
            conv(features, channels),
            conv(channels, channels),
            conv(channels, channels),
            conv(channels, 512, 1, norm=False),
            conv(512, out_channels, 1, norm=False, act=False),
        )
        self.refinements = nn.ModuleList()
        for _ in range(num_stages - 1):
            module, width = _context(context, features + out_channels, context_cfg)
            self.refinements.append(
                nn.Sequential(
                    module,
                    RefinementBlock(width, channels),
                    RefinementBlock(channels, channels),
                    RefinementBlock(channels, channels),
                    conv(channels, channels, 1, norm=False),
                    conv(channels, out_channels, 1, norm=False, act=False),
                )
            )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        if min(x.shape[2:]) < 8:
            raise ValueError(f'images must be 8 px or more along each axis, got {tuple(x.shape)}')
        features = self.context(self.reduce(self.trunk(x)[0]))
        outputs = [self.initial(features)]
        for stage in self.refinements:
            outputs.append(stage(torch.cat([features, outputs[-1]], 1)))
        return tuple(outputs)
