"""The stacked hourglass network of Newell, Yang and Deng (arXiv 1603.06937).

MMPose's ``HourglassNet`` is that of CornerNet and has six times as many parameters.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from mmpose.models.backbones.base_backbone import BaseBackbone
from torch import Tensor, nn

from ...registry import MODELS
from ..layers.checks import check_each_whole, check_whole
from ..layers.context import conv

__all__ = ['StackedHourglass']

BEFORE = ('norm', 'act', 'conv')


class Residual(nn.Module):
    """Batch norm and ReLU before each of three convolutions, which pass half the channels."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        middle = out_channels // 2
        self.branch = nn.Sequential(
            conv(in_channels, middle, 1, order=BEFORE),
            conv(middle, middle, 3, order=BEFORE),
            conv(middle, out_channels, 1, order=BEFORE),
        )
        same = in_channels == out_channels
        self.skip = nn.Identity() if same else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.skip(x) + self.branch(x)


class Hourglass(nn.Module):
    """Down to half the size, a smaller hourglass, and up again, beside a residual at full size."""

    def __init__(self, depth: int, channels: int) -> None:
        super().__init__()
        self.beside = Residual(channels, channels)
        self.down = Residual(channels, channels)
        smaller = Hourglass(depth - 1, channels) if depth > 1 else Residual(channels, channels)
        self.inner = smaller
        self.up = Residual(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.up(self.inner(self.down(F.max_pool2d(x, 2))))
        return self.beside(x) + F.interpolate(inner, scale_factor=2)


@MODELS.register_module()
class StackedHourglass(BaseBackbone):
    """Hourglasses in a row, each with heatmaps of its own that the next one is told.

    A head takes the outputs as its logits, with a loss at each: ``num_stages=num_stacks,
    final_layer=None, deconv_out_channels=None``.

    Args:
        out_channels: Maps of each stack: joints, or joints x depth in three dimensions. A sequence
            where they differ, as in coarse to fine depth.
        num_stacks: Number of hourglasses.
        channels: Width, a multiple of 4.
        depth: How often an hourglass halves its input.
        init_cfg: MMEngine initialisation; default: PyTorch's own.

    Shape:
        ``(B, 3, H, W)``, H and W multiples of ``4 * 2 ** depth`` -> ``num_stacks`` of
        ``(B, out_channels, H / 4, W / 4)``.

    Raises:
        ValueError: A number is not positive, ``channels`` is no multiple of 4, ``out_channels`` has
            another length than ``num_stacks``, or an image has another size.
    """

    def __init__(
        self,
        out_channels: int | Sequence[int],
        num_stacks: int = 8,
        channels: int = 256,
        depth: int = 4,
        init_cfg: dict | list | None = None,
    ) -> None:
        check_whole(num_stacks=num_stacks, depth=depth)
        if not isinstance(out_channels, Sequence):
            out_channels = (out_channels,) * num_stacks
        check_each_whole(out_channels=out_channels)
        if len(out_channels) != num_stacks:
            raise ValueError(
                f'out_channels={tuple(out_channels)} must have num_stacks={num_stacks} numbers'
            )
        if channels < 4 or channels % 4:
            raise ValueError(f'channels={channels} must be a multiple of 4')
        super().__init__(init_cfg)
        self.multiple = 4 * 2**depth
        self.stem = nn.Sequential(
            conv(3, channels // 4, 7, stride=2),
            Residual(channels // 4, channels // 2),
            nn.MaxPool2d(2),
            Residual(channels // 2, channels),
            Residual(channels, channels),
        )
        self.stacks = nn.ModuleList(
            nn.Sequential(
                Hourglass(depth, channels),
                Residual(channels, channels),
                conv(channels, channels, 1),
            )
            for _ in range(num_stacks)
        )
        self.heatmaps = nn.ModuleList(nn.Conv2d(channels, maps, 1) for maps in out_channels)
        self.features_on = nn.ModuleList(
            nn.Conv2d(channels, channels, 1) for _ in range(num_stacks - 1)
        )
        self.heatmaps_on = nn.ModuleList(nn.Conv2d(maps, channels, 1) for maps in out_channels[:-1])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        if x.shape[2] % self.multiple or x.shape[3] % self.multiple:
            raise ValueError(
                f'height and width must be multiples of {self.multiple}, got {tuple(x.shape[2:])}'
            )
        x = self.stem(x)
        outputs = []
        for i, stack in enumerate(self.stacks):
            features = stack(x)
            outputs.append(self.heatmaps[i](features))
            if i + 1 < len(self.stacks):
                x = x + self.features_on[i](features) + self.heatmaps_on[i](outputs[-1])
        return tuple(outputs)
