"""BoxConvNet, the high-resolution network with 1.85 M parameters.

Zhang, Halber, Rusinkiewicz, "Accelerating Large-Kernel Convolution Using Summed-Area Tables",
arXiv 1906.11367, Sec. 4.1 and Fig. 3. The paper does not print its widths, depths and kernels. Many
plans have all six of its printed parameter and multiply-add counts; the defaults are one of them,
chosen for its symmetry. Kernel sizes have no part in the counts.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.models.backbones.base_backbone import BaseBackbone
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...ops.native import prefers_other_formats
from ...registry import MODELS
from ..layers import ConvBNReLU, ShuffleStage, ShuffleUnit, TransitionUnit
from ..layers.checks import check_each_whole

__all__ = ['BoxConvNet']


@MODELS.register_module()
class BoxConvNet(BaseBackbone):
    """A stem to stride 4, then stages that keep the resolution.

    On a CPU with native kernels, feature maps are channels_last in memory, whatever the input is;
    those of a network folded for inference are contiguous.

    A stage is a transition to its channel count followed by pairs of units: a 3 x 3 depthwise unit,
    then a unit with the large-kernel operator. Widths and kernels grow to the middle stage.

    Args:
        in_channels: Channels of the input image.
        stem_channels: Output channels of the stem's 7 x 7 convolution.
        channels: Output channels of each stage, even.
        num_pairs: Number of unit pairs of each stage.
        kernel_sizes: Side k of the largest box in each stage, odd, in px of the feature map. The
            defaults are for images of 256 px; for 128 px, half of them are better.
        operator: ``box``; what the paper compares it with: ``normalized_box`` (the boxes of Burkov
            & Lempitsky, divided by their area), ``dilated`` (4 x 4, dilation (k - 1) / 3) and
            ``conv3x3``.
        pieces: How each box kernel is split: 1, ``'2h'``, ``'2v'`` or 4.
        out_indices: Stages whose output is returned, each in [0, number of stages).
        frozen_stages: Stages frozen from the front: -1 none, 0 the stem, i the stem and i stages.
        norm_eval: Keep normalisation layers in evaluation mode while training.
        with_cp: Recompute the units' activations in the backward pass instead of storing them.
        norm_cfg: Normalisation after each convolution.
        init_cfg: MMEngine initialisation; the default trains from scratch. It sets the biases of
            batch normalisation to 1, which opens the ReLUs at the start: with 0, the gradient of
            the weights grows a hundredfold from the last stage to the first, and learning stalls.
            It is for ``num_pairs`` as they are: with four times as many, 2 keeps the gradient even.

    Shape:
        ``(B, in_channels, H, W)``, any size -> tuple of
        ``(B, channels[i], ceil(H / 4), ceil(W / 4))``.

    Raises:
        ValueError: The stages disagree in number, one has no pair of units, a width is odd, an
            index is out of range, ``dilated`` cannot have one of ``kernel_sizes``, or an operator
            without boxes has ``pieces``; on loading, a checkpoint of another network.
    """

    def __init__(
        self,
        in_channels: int = 3,
        stem_channels: int = 64,
        channels: Sequence[int] = (96, 192, 384, 192, 96),
        num_pairs: Sequence[int] = (2, 4, 8, 4, 2),
        kernel_sizes: Sequence[int] = (13, 19, 31, 19, 13),
        operator: str = 'box',
        pieces: int | str = 1,
        out_indices: Sequence[int] = (4,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if init_cfg is None:
            init_cfg = [
                dict(type='Kaiming', layer='Conv2d', mode='fan_in'),
                dict(type='Constant', val=1, bias=1, layer='_BatchNorm'),
            ]
        super().__init__(init_cfg=init_cfg)
        norm_cfg = norm_cfg or dict(type='BN')
        _check_plan(channels, num_pairs, kernel_sizes, out_indices, frozen_stages)
        if pieces != 1 and operator in ('dilated', 'conv3x3'):
            raise ValueError(f'pieces={pieces!r} are of boxes: operator={operator!r} has none')
        self.operator = operator
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval

        self.stem = nn.Sequential(
            ConvBNReLU(in_channels, stem_channels, 7, stride=2, padding=3, norm_cfg=norm_cfg),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.stages = nn.ModuleList()
        width = stem_channels
        for stage_width, pairs, kernel_size in zip(channels, num_pairs, kernel_sizes, strict=True):
            stage = ShuffleStage(TransitionUnit(width, stage_width, norm_cfg))
            for _ in range(pairs):
                for unit in ('conv3x3', operator):
                    stage.append(
                        ShuffleUnit(stage_width, unit, kernel_size, pieces, norm_cfg, with_cp)
                    )
            self.stages.append(stage)
            width = stage_width
        self._freeze_stages()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        if prefers_other_formats(x) is None:
            # Normalisation, depthwise and 1 x 1 convolutions are faster so on a CPU.
            x = x.contiguous(memory_format=torch.channels_last)
        x = self.stem(x)
        outputs = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def train(self, mode: bool = True) -> 'BoxConvNet':
        super().train(mode)
        self._freeze_stages()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _freeze_stages(self) -> None:
        if self.frozen_stages < 0:
            return
        for module in (self.stem, *self.stages[: self.frozen_stages]):
            module.eval()
            module.requires_grad_(False)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # MMEngine loads what fits and logs the rest: half of another network would pass unnoticed.
        own = {k: v for k, v in self.state_dict().items() if not k.endswith('num_batches_tracked')}
        wrong = [
            k
            for k, v in own.items()
            if (found := state_dict.get(prefix + k)) is None or found.shape != v.shape
        ]
        if wrong:
            raise ValueError(
                f'the checkpoint is of another model: {len(wrong)} of {len(own)} parameters of '
                f'BoxConvNet(operator={self.operator!r}) are missing in it or have another shape, '
                f'first {prefix + wrong[0]!r} {tuple(own[wrong[0]].shape)}'
            )
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _check_plan(
    channels: Sequence[int],
    num_pairs: Sequence[int],
    kernel_sizes: Sequence[int],
    out_indices: Sequence[int],
    frozen_stages: int,
) -> None:
    if not len(channels) == len(num_pairs) == len(kernel_sizes) > 0:
        raise ValueError(
            f'channels={tuple(channels)}, num_pairs={tuple(num_pairs)} and '
            f'kernel_sizes={tuple(kernel_sizes)} must have one entry for each stage'
        )
    check_each_whole(num_pairs=tuple(num_pairs))
    if odd := [c for c in channels if c < 2 or c % 2]:
        raise ValueError(f'channels={tuple(channels)} must be even and positive, got {odd[0]}')
    stages = len(channels)
    if not out_indices or any(not 0 <= i < stages for i in out_indices):
        raise ValueError(f'out_indices={tuple(out_indices)} must lie in [0, {stages - 1}]')
    if not -1 <= frozen_stages <= stages:
        raise ValueError(f'frozen_stages={frozen_stages} must lie in [-1, {stages}]')
