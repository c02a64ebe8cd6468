"""The units of BoxConvNet (Zhang, Halber, Rusinkiewicz, arXiv 1906.11367, Fig. 3).

A unit transforms half of the channels (ShuffleNetV2's basic unit); a transition transforms both
copies of its input and so changes the channel count. Units take and give the two halves apart; the
stage they are in shuffles the channels in between.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from mmcv.cnn import ConvModule, build_norm_layer
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from ...ops import BoxConv2d, interleave, pointwise_batch_norm, shuffle_halves
from ...ops.batch_norm import has_hooks

__all__ = [
    'OPERATORS',
    'ConvBNReLU',
    'ShuffleStage',
    'ShuffleUnit',
    'TransitionUnit',
    'depthwise',
]

OPERATORS = ('box', 'normalized_box', 'dilated', 'conv3x3')


def depthwise(operator: str, channels: int, kernel_size: int, pieces: int | str = 1) -> nn.Module:
    """A stride-1 "same" depthwise operator: the paper's box convolution or one of its ablations.

    Args:
        operator: ``box``; ``normalized_box``, its mean in place of its sum; ``dilated``, a 4 x 4
            convolution whose dilation d gives the receptive field of the largest box, k = 3d + 1;
            or ``conv3x3``, which ignores ``kernel_size``.
        channels: Number of channels.
        kernel_size: Odd side k of the largest box in px.
        pieces: How a box kernel is split, see :class:`mmpose_sat.ops.BoxConv2d`.

    Raises:
        ValueError: ``operator`` is unknown, or ``dilated`` cannot have this ``kernel_size``.
    """
    if operator in ('box', 'normalized_box'):
        return BoxConv2d(channels, kernel_size, pieces=pieces, normalize=operator != 'box')
    if operator == 'conv3x3':
        return nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
    if operator != 'dilated':
        raise ValueError(f'operator={operator!r} must be one of {OPERATORS}')
    if kernel_size % 6 != 1 or kernel_size < 7:
        # k = 3d + 1 is odd for even d only.
        legal = max(7, 6 * round((kernel_size - 1) / 6) + 1)
        raise ValueError(
            f"kernel_size={kernel_size} does not fit operator='dilated': a 4 x 4 convolution of "
            f'dilation d spans k = 3d + 1 pixels, odd for d = 2, 4, 6, ...; nearest: {legal}'
        )
    dilation = (kernel_size - 1) // 3
    padding = (kernel_size - 1) // 2
    return nn.Conv2d(
        channels, channels, 4, padding=padding, dilation=dilation, groups=channels, bias=False
    )


class ConvBNReLU(ConvModule):
    """MMCV's convolution - normalisation - ReLU in fewer passes over memory."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        norm_cfg: dict,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, norm_cfg=norm_cfg)

    def forward(self, x: Tensor, before: nn.Module | None = None) -> Tensor:
        """``before`` is a normalisation in front, which is another module's."""
        if self.with_activation and has_hooks(self.activate):
            return super().forward(x if before is None else before(x))
        return pointwise_batch_norm(x, self.conv, self.norm, self.with_activation, before)


def _pointwise(in_channels: int, out_channels: int, norm_cfg: dict) -> ConvModule:
    return ConvBNReLU(in_channels, out_channels, 1, norm_cfg=norm_cfg)


def _depthwise3x3(channels: int, norm_cfg: dict) -> ConvModule:
    return ConvModule(
        channels, channels, 3, padding=1, groups=channels, norm_cfg=norm_cfg, act_cfg=None
    )


@contextmanager
def _keep_statistics(module: nn.Module) -> Iterator[None]:
    """Leave the running statistics of batch normalisation as they are."""
    norms = [m for m in module.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    kept = []
    for norm in norms:
        kept.append((norm.momentum, norm.num_batches_tracked.clone()))  # type: ignore[union-attr]
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, kept, strict=True):
            norm.momentum = momentum
            norm.num_batches_tracked.copy_(batches)  # type: ignore[union-attr]


class ShuffleUnit(nn.Module):
    """The second half of the channels through 1 x 1 - depthwise - 1 x 1.

    Args:
        channels: Even number of channels C, in and out.
        operator, kernel_size, pieces: See :func:`depthwise`.
        norm_cfg: Normalisation after each of the three layers.
        with_cp: Recompute activations in the backward pass instead of storing them.

    Shape:
        Two halves ``(N, C / 2, H, W)`` -> two halves ``(N, C / 2, H, W)``.
    """

    def __init__(
        self,
        channels: int,
        operator: str,
        kernel_size: int,
        pieces: int | str,
        norm_cfg: dict,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        half = channels // 2
        self.with_cp = with_cp
        self.branch = nn.Sequential(
            _pointwise(half, half, norm_cfg),
            depthwise(operator, half, kernel_size, pieces),
            build_norm_layer(norm_cfg, half)[1],
            _pointwise(half, half, norm_cfg),
        )

    def forward(self, kept: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
        if self.with_cp and moved.requires_grad:
            transformed = checkpoint(
                self._transform, moved, use_reentrant=False, context_fn=self._contexts
            )
            return kept, transformed
        return kept, self._transform(moved)

    def _contexts(self) -> tuple[AbstractContextManager, AbstractContextManager]:
        """Those of the forward pass and of its repetition."""
        return nullcontext(), _keep_statistics(self.branch)

    def _transform(self, x: Tensor) -> Tensor:
        first, operator, norm, last = self.branch
        return last(operator(first(x)), before=norm)


class _Branch(nn.Sequential):
    """Layers that end with a depthwise convolution, its normalisation and a 1 x 1 convolution."""

    def forward(self, x: Tensor) -> Tensor:
        *others, filters, mixer = self
        for layer in others:
            x = layer(x)
        if has_hooks(filters):
            return mixer(filters(x))
        return mixer(filters.conv(x), before=filters.norm)  # type: ignore[operator]


class TransitionUnit(nn.Module):
    """Two branches over the whole input, each giving half of the output channels.

    Args:
        in_channels: Number of channels A of the input.
        out_channels: Even number of channels B of the output.
        norm_cfg: Normalisation after every convolution.

    Shape:
        ``(N, A, H, W)`` -> two halves ``(N, B / 2, H, W)``.
    """

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: dict) -> None:
        super().__init__()
        half = out_channels // 2
        self.left = _Branch(
            _depthwise3x3(in_channels, norm_cfg), _pointwise(in_channels, half, norm_cfg)
        )
        self.right = _Branch(
            _pointwise(in_channels, half, norm_cfg),
            _depthwise3x3(half, norm_cfg),
            _pointwise(half, half, norm_cfg),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.left(x), self.right(x)


class ShuffleStage(nn.Sequential):
    """A transition and the units behind it, channels shuffled in front of each unit.

    Shape:
        ``(N, A, H, W)`` -> ``(N, B, H, W)``, the halves' channels in turn.
    """

    #: Without gradients, units may overwrite what they are given (``fuse_for_inference``).
    inplace = False

    def forward(self, x: Tensor) -> Tensor:
        transition, *units = self
        left, right = transition(x)
        for unit in units:
            left, right = unit(*shuffle_halves(left, right, inplace=self.inplace))
        return interleave(left, right)
