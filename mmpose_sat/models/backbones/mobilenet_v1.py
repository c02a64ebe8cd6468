"""MobileNet (Howard et al., arXiv 1704.04861), whole or as the trunk of pose machines."""

from mmpose.models.backbones.base_backbone import BaseBackbone
from torch import Tensor, nn

from ...registry import MODELS

__all__ = ['MobileNetV1']

#: Channels and stride of each block after the first convolution.
BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


def _first(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, 2, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def _separable(in_channels: int, out_channels: int, stride: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(
            *(in_channels, in_channels, 3, stride, dilation, dilation),
            groups=in_channels,
            bias=False,
        ),
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


@MODELS.register_module()
class MobileNetV1(BaseBackbone):
    """A convolution and up to 13 depthwise separable ones, ReLU.

    Layers are named as in the usual public ImageNet checkpoint, a plain ``model.0.0 … model.13.4``
    below ``module``, which loads with ``init_cfg=dict(type='Pretrained', checkpoint=FILE,
    prefix='module')``.

    Args:
        num_blocks: how many of the 13 blocks to have.
        dilated: keep stride 8 as pose machines do (arXiv 1906.04104): the sixth block has no
            stride, the seventh dilation 2.
        init_cfg: MMEngine initialisation; default: PyTorch's own.

    Shape:
        ``(B, 3, H, W)`` -> ``((B, C, H / s, W / s),)``; C is 1024 and s 32 with all blocks, 512 and
        8 with 11 of them, dilated.

    Raises:
        ValueError: ``num_blocks`` is not in 1 … 13, or more than 11 with ``dilated``.
        FileNotFoundError: ``init_weights`` finds no checkpoint.
    """

    def __init__(
        self,
        num_blocks: int = 13,
        dilated: bool = False,
        init_cfg: dict | list | None = None,
    ) -> None:
        most = 11 if dilated else len(BLOCKS)
        if not 1 <= num_blocks <= most:
            raise ValueError(f'num_blocks={num_blocks} must be in 1 ... {most}, {dilated=}')
        super().__init__(init_cfg)
        self.model = nn.Sequential(_first(3, 32))
        channels = 32
        for index, (wider, stride) in enumerate(BLOCKS[:num_blocks]):
            plain = dilated and index == 5
            dilation = 2 if dilated and index == 6 else 1
            self.model.append(_separable(channels, wider, 1 if plain else stride, dilation))
            channels = wider
        self.out_channels = channels

    def init_weights(self) -> None:
        """As ``init_cfg`` says."""
        try:
            super().init_weights()
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{error} Set the environment variable MMPOSE_SAT_MOBILENET to the ImageNet '
                'checkpoint, or init_cfg (trunk_init_cfg of UContextCPM) to None'
            ) from None

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (self.model(x),)
