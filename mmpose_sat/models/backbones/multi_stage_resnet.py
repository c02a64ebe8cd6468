"""The multi-stage network of integral regression (arXiv 1711.08229), four stages in the paper."""

import re
from typing import Any

import torch
from mmengine.model import ModuleList, constant_init
from mmpose.models.backbones import ResNet
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.models.backbones.resnet import BasicBlock, Bottleneck, ResLayer
from mmpose.models.heads import HeatmapHead
from torch import Tensor, nn

from ...registry import MODELS
from ..layers.checks import check_whole

__all__ = ['MultiStageResNet']


@MODELS.register_module()
class MultiStageResNet(BaseBackbone):
    """ResNet whose conv4 and conv5 are repeated, each time with deconvolutions and heatmaps.

    The stages share the layers up to conv3. Each but the first sees their features beside the
    logits of the one before. A head takes the outputs as its logits, with a loss at each:
    ``num_stages=num_stages, final_layer=None, deconv_out_channels=None``.

    Args:
        out_channels: Heatmaps of each stage: joints.
        depth: 18, 34, 50, 101 or 152.
        num_stages: Number of stages.
        deconv_channels: Channels of the two deconvolutions, which lead from stride 32 to the stride
            8 of conv3.
        norm_cfg: Normalisation after each convolution of the ResNet.
        init_cfg: MMEngine initialisation; default: that of MMPose's ``ResNet`` and ``HeatmapHead``.
            ``Pretrained`` takes weights of a ``ResNet`` too: each stage begins with a copy of its
            conv4 and conv5, but for the first layers of later stages, whose input is wider.

    Shape:
        ``(B, 3, H, W)``, H and W multiples of 32 -> ``num_stages`` of
        ``(B, out_channels, H / 8, W / 8)``.

    Raises:
        ValueError: ``num_stages`` is not positive, or an image has another size.
        KeyError: ``depth`` is another.
    """

    def __init__(
        self,
        out_channels: int,
        depth: int = 50,
        num_stages: int = 4,
        deconv_channels: tuple[int, int] = (256, 256),
        norm_cfg: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        check_whole(num_stages=num_stages)
        fresh = [
            dict(type='Kaiming', layer='Conv2d'),
            dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
        ]
        given = [init_cfg] if isinstance(init_cfg, dict) else list(init_cfg or ())
        self.is_pretrained = any(cfg['type'] == 'Pretrained' for cfg in given)
        super().__init__([*fresh, *given] if self.is_pretrained else given or fresh)
        norm_cfg = norm_cfg or dict(type='BN')
        self.trunk = ResNet(
            depth,
            num_stages=2,
            strides=(1, 2),
            dilations=(1, 1),
            out_indices=(1,),
            norm_cfg=norm_cfg,
        )
        block, blocks = ResNet.arch_settings[depth]
        shared = self.trunk.feat_dim

        def layer(index: int, in_channels: int, out_channels: int) -> ResLayer:
            return ResLayer(
                block, blocks[index], in_channels, out_channels, stride=2, norm_cfg=norm_cfg
            )

        def stage(in_channels: int) -> nn.Sequential:
            return nn.Sequential(
                layer(2, in_channels, 2 * shared), layer(3, 2 * shared, 4 * shared)
            )

        self.stages = nn.ModuleList(
            stage(shared if i == 0 else shared + out_channels) for i in range(num_stages)
        )
        self.heads = ModuleList(
            HeatmapHead(4 * shared, out_channels, deconv_channels, (4, 4))
            for _ in range(num_stages)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        if x.shape[2] % 32 or x.shape[3] % 32:
            raise ValueError(f'height and width must be multiples of 32, got {tuple(x.shape[2:])}')
        (shared,) = self.trunk(x)
        outputs: list[Tensor] = []
        for stage, head in zip(self.stages, self.heads, strict=True):
            features: Any = torch.cat([shared, outputs[-1]], 1) if outputs else shared
            outputs.append(head((stage(features),)))
        return tuple(outputs)

    def init_weights(self) -> None:
        """As MMPose's ``ResNet``: without weights to start from, residual branches begin at 0."""
        super().init_weights()
        if not self.is_pretrained:
            for module in self.stages.modules():
                if isinstance(module, Bottleneck):
                    constant_init(module.norm3, 0)
                elif isinstance(module, BasicBlock):
                    constant_init(module.norm2, 0)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        if f'{prefix}layer4.0.conv1.weight' in state_dict:
            own = self.state_dict()
            for key in [key for key in state_dict if key.startswith(prefix)]:
                value = state_dict.pop(key)
                for name in self._places_of(key.removeprefix(prefix)):
                    if name in own and own[name].shape == value.shape:
                        state_dict[prefix + name] = value
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _places_of(self, name: str) -> list[str]:
        """What a parameter of a ``ResNet`` is called here."""
        if found := re.match(r'layer([34])(.*)', name):
            index = int(found[1]) - 3
            return [f'stages.{stage}.{index}{found[2]}' for stage in range(len(self.stages))]
        return [f'trunk.{name}']
