"""The Flattening Module of FlatteNet (Cai and Pu, arXiv 1909.09961)."""

import math
import warnings
from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS
from ..layers.checks import check_choice, check_whole

__all__ = ['FlatteningNeck']

ARRANGEMENTS = ('shuffle', 'pixel_shuffle', 'random')


def _nearest(legal: list[int], wanted: int) -> str:
    """The legal numbers next to one that is not, for a message."""
    below, above = [n for n in legal if n < wanted], [n for n in legal if n > wanted]
    return ' and '.join(str(n) for n in (*below[-1:], *above[:1]))


def _layer(
    channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    groups: tuple[int, int] | None = (32, 64),
    multiplier: int = 1,
    activation: str = 'prelu',
) -> nn.Sequential:
    """A depthwise convolution, then 1 x 1 convolutions in groups with a shuffle between them."""
    check_whole(kernel_size=kernel_size, stride=stride, multiplier=multiplier)
    if kernel_size % 2 == 0:
        raise ValueError(f'kernel_size={kernel_size} must be odd and positive')
    check_choice('activation', activation, ('prelu', 'relu'))
    norm_cfg = dict(type='BN')
    out_channels = multiplier * channels
    if groups is None:
        if kernel_size != 3 or activation != 'prelu':
            raise ValueError('groups=None is one 1 x 1 convolution: no kernel_size, no activation')
        return nn.Sequential(ConvModule(channels, out_channels, 1, stride, norm_cfg=norm_cfg))
    if not isinstance(groups, tuple | list) or len(groups) != 2:
        raise ValueError(f'groups must be two whole numbers or None, got {groups!r}')
    check_whole(**{f'groups[{index}]': count for index, count in enumerate(groups)})
    divisors = [n for n in range(1, channels + 1) if channels % n == 0]
    for count in groups:
        if count not in divisors:
            raise ValueError(
                f'groups={tuple(groups)}: {count} does not divide {channels} channels; the nearest '
                f'that do are {_nearest(divisors, count)}'
            )
    first, second = groups
    if first * second != channels:
        warnings.warn(
            f'groups={tuple(groups)}: their product is not the number of channels, {channels}: not '
            'each output channel hears of each input channel exactly once',
            stacklevel=3,
        )
    slopes = dict(type='PReLU', num_parameters=channels, init=1.0)  # the identity at first
    return nn.Sequential(
        ConvModule(
            *(channels, channels, kernel_size, stride, kernel_size // 2),
            groups=channels,
            norm_cfg=norm_cfg,
            act_cfg=None,
        ),
        ConvModule(
            *(channels, channels, 1),
            groups=first,
            norm_cfg=norm_cfg,
            act_cfg=slopes if activation == 'prelu' else dict(type='ReLU'),
        ),
        nn.ChannelShuffle(first),
        ConvModule(channels, out_channels, 1, groups=second, norm_cfg=norm_cfg),
    )


class _Permutation(nn.Module):
    """A random order of the channels, drawn once and saved with the weights."""

    order: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer('order', torch.randperm(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.order]


class _Flattening(nn.Module):
    """Groups of channels as pixels, (B, u * u * C, h, w) -> (B, C, h * u, w * u), in one copy."""

    def __init__(self, upscale: int) -> None:
        super().__init__()
        self.upscale = upscale

    def forward(self, x: Tensor) -> Tensor:
        groups = x.unflatten(1, (self.upscale, self.upscale, -1))
        return groups.permute(0, 3, 4, 1, 5, 2).flatten(4, 5).flatten(2, 3)


@MODELS.register_module()
class FlatteningNeck(BaseModule):
    """Coarse features of many channels as fine ones of few: light decoding without deconvolutions.

    A coarse cell becomes a block of ``upscale`` x ``upscale`` pixels, whose pixel in row i, column
    j is the group ``i * upscale + j`` of the cell's channels. Grouped
    convolutions before that mix the channels.

    Args:
        in_channels: channels of the last feature.
        upscale: pixels that a cell becomes, along each axis, after the layers.
        layers: arguments of each layer: ``kernel_size`` (3) and ``stride`` (1) of its depthwise
            convolution, ``groups`` (32, 64) of the two 1 x 1 convolutions, ``multiplier`` (1) of
            the channels in the second, ``activation`` between them, ``'prelu'`` with a slope for
            each channel, 1 at first, or ``'relu'``. ``groups=None`` is one plain 1 x 1 convolution
            in place of the three. The product of the groups should be the number of channels, which
            then hear of each other exactly once.
        arrangement: ``'shuffle'``; ``'pixel_shuffle'`` gives pixel (i, j) the channels that
            ``torch.nn.PixelShuffle`` gives it, every ``upscale ** 2``-th; ``'random'`` any: two of
            the paper's ablations.
        init_cfg: MMEngine initialisation; default: that of MMCV's ``ConvModule``.

    Shape:
        tuple, last ``(B, in_channels, h, w)`` -> ``((B, C, h * upscale / s, w * upscale / s),)``
        with s the product of the strides and C that of ``in_channels`` and the multipliers, over
        ``upscale ** 2``.

    Raises:
        ValueError: ``upscale ** 2`` or a number of groups does not divide its channels, another
            argument is not legal, or the features have other channels, or a height or width that s
            does not divide.
    """

    def __init__(
        self,
        in_channels: int,
        upscale: int = 8,
        layers: Sequence[dict] = ({},),
        arrangement: str = 'shuffle',
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice('arrangement', arrangement, ARRANGEMENTS)
        check_whole(in_channels=in_channels, upscale=upscale)
        if not isinstance(layers, tuple | list) or not all(isinstance(o, dict) for o in layers):
            raise ValueError(f'layers must hold a dict for each layer, got {layers!r}')
        self.in_channels = in_channels
        self.layers = nn.Sequential()
        channels = in_channels
        for index, options in enumerate(layers):
            try:
                self.layers.append(_layer(channels, **options))
            except (TypeError, ValueError) as error:
                raise ValueError(f'layers[{index}]: {error}') from None
            channels *= options.get('multiplier', 1)
        self.stride = math.prod(options.get('stride', 1) for options in layers)
        legal = [n for n in range(1, channels + 1) if channels % n**2 == 0]
        if upscale not in legal:
            raise ValueError(
                f'upscale={upscale}: {upscale} x {upscale} pixels do not divide {channels} '
                f'channels; the nearest that do are {_nearest(legal, upscale)}'
            )
        self.out_channels = channels // upscale**2
        pixels = _Flattening if arrangement == 'shuffle' else nn.PixelShuffle
        self.arrange = nn.Sequential(pixels(upscale))
        if arrangement == 'random':
            self.arrange.insert(0, _Permutation(channels))

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor]:
        """The last of the features, flattened."""
        _, channels, height, width = feats[-1].shape
        if channels != self.in_channels:
            raise ValueError(f'in_channels={self.in_channels}, the last feature has {channels}')
        if height % self.stride or width % self.stride:
            raise ValueError(
                f'height and width of the last feature must be multiples of {self.stride}, the '
                f'product of the strides, got {height} x {width}'
            )
        return (self.arrange(self.layers(feats[-1])),)
