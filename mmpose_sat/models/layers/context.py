"""Context modules of pose machines (Osokin, arXiv 1906.04104), and one of box convolutions.

Each takes ``(B, C, H, W)`` and gives ``(B, out_channels, H, W)`` that has seen most of the map.
"""

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import Tensor, nn

from ...ops import BoxConv2d
from .checks import check_choice, check_each_whole, check_whole

__all__ = ['CONTEXTS', 'BoxContext', 'PyramidContext', 'SpatialPyramidContext', 'UContext', 'conv']


def conv(
    in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1, dilation: int = 1,
    norm: bool = True, act: bool = True, order: tuple[str, str, str] = ('conv', 'norm', 'act'),
) -> ConvModule:  # fmt: skip
    """A convolution of "same" padding with bias, batch norm and ReLU, as all of these have it."""
    module = ConvModule(
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding=dilation * (kernel_size // 2),
        dilation=dilation,
        bias=True,
        norm_cfg=dict(type='BN') if norm else None,
        act_cfg=dict(type='ReLU') if act else None,
        order=order,
    )
    # As PyTorch initialises: MMCV's own would make the first heatmaps twenty times as large.
    module.conv.reset_parameters()
    return module


def _resized(x: Tensor, like: Tensor, mode: str = 'bilinear') -> Tensor:
    return F.interpolate(x, size=like.shape[2:], mode=mode)  # corners are not aligned


class UContext(nn.Module):
    """The U-shaped context: down to a quarter in two steps and up again, with skips.

    Args:
        channels: of the input, and of the output.
        mode: how maps are enlarged: ``'bilinear'``, or ``'nearest'`` as in the author's network for
            COCO.

    Raises:
        ValueError: ``channels`` is not a whole number, 1 or more, or ``mode`` is another.
    """

    def __init__(self, channels: int, mode: str = 'bilinear') -> None:
        check_whole(channels=channels)
        check_choice('mode', mode, ('bilinear', 'nearest'))
        super().__init__()
        self.mode = mode
        twice = 2 * channels
        self.out_channels = channels
        self.encoder1 = nn.Sequential(conv(channels, twice, stride=2), conv(twice, twice))
        self.encoder2 = nn.Sequential(conv(twice, twice, stride=2), conv(twice, twice))
        self.decoder2 = nn.Sequential(conv(2 * twice, twice), conv(twice, twice))
        self.decoder1 = nn.Sequential(conv(channels + twice, twice), conv(twice, channels))

    def forward(self, x: Tensor) -> Tensor:
        half = self.encoder1(x)
        quarter = self.encoder2(half)
        half = self.decoder2(torch.cat([half, _resized(quarter, half, self.mode)], 1))
        return self.decoder1(torch.cat([x, _resized(half, x, self.mode)], 1))


class SpatialPyramidContext(nn.Module):
    """Atrous spatial pyramid pooling: 3 x 3 convolutions of several dilations, side by side.

    Args:
        channels: of the input.
        width: channels of each convolution, and of the output.
        dilations: of the convolutions, cells of the heatmaps.

    Raises:
        ValueError: one of the numbers is not a whole one, 1 or more, or there are no dilations.
    """

    def __init__(
        self, channels: int, width: int = 1024, dilations: tuple[int, ...] = (3, 6, 9, 12)
    ) -> None:
        check_whole(channels=channels, width=width)
        check_each_whole(dilations=dilations)
        super().__init__()
        self.out_channels = width
        self.branches = nn.ModuleList(conv(channels, width, dilation=d) for d in dilations)
        self.merge = conv(len(dilations) * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.merge(torch.cat([branch(x) for branch in self.branches], 1))


class PyramidContext(nn.Module):
    """Pyramid pooling: means over 2 x 2 … 16 x 16 parts of the map, beside the map itself.

    Args:
        channels: of the input, and of the output.
        width: channels of the convolution of each size.
        cells: parts along each axis, for each size.

    Raises:
        ValueError: one of the numbers is not a whole one, 1 or more, or there are no sizes.
    """

    def __init__(
        self, channels: int, width: int = 32, cells: tuple[int, ...] = (2, 4, 8, 16)
    ) -> None:
        check_whole(channels=channels, width=width)
        check_each_whole(cells=cells)
        super().__init__()
        self.out_channels = channels
        self.cells = cells
        self.branches = nn.ModuleList(conv(channels, width) for _ in cells)
        self.merge = conv(channels + len(cells) * width, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = [
            _resized(branch(F.adaptive_avg_pool2d(x, cells)), x)
            for branch, cells in zip(self.branches, self.cells, strict=True)
        ]
        return self.merge(torch.cat([x, *pooled], 1))


class BoxContext(nn.Module):
    """Two box convolutions that reach over the map, between 1 x 1 convolutions.

    In no paper: the cost hardly depends on how far the boxes reach.

    Args:
        channels: of the input, and of the output.
        kernel_sizes: reach of the boxes of each box convolution, odd, cells of the heatmaps.

    Raises:
        ValueError: one of the numbers is not a whole one, 1 or more, a kernel size is even, or
            there are none.
    """

    def __init__(self, channels: int, kernel_sizes: tuple[int, ...] = (25, 25)) -> None:
        check_whole(channels=channels)
        check_each_whole(kernel_sizes=kernel_sizes)
        super().__init__()
        self.out_channels = channels
        self.units = nn.ModuleList(
            nn.Sequential(
                conv(channels, channels, 1),
                BoxConv2d(channels, kernel_size),
                nn.BatchNorm2d(channels),
                conv(channels, channels, 1),
            )
            for kernel_size in kernel_sizes
        )

    def forward(self, x: Tensor) -> Tensor:
        for unit in self.units:
            x = x + unit(x)
        return x


CONTEXTS = dict(u=UContext, aspp=SpatialPyramidContext, pyramid=PyramidContext, box=BoxContext)
