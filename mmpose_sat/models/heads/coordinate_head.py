"""Heads that give coordinates by way of heatmaps: DSNT, integral regression, fully connected."""

import math
from typing import Any

import torch
from mmengine.structures import PixelData
from mmpose.models.heads import HeatmapHead
from torch import Tensor, nn

from ...registry import MODELS
from ..layers.checks import check_choice, check_whole
from ..layers.heatmaps import (
    ACTIVATIONS,
    argmax_coordinates,
    expectation,
    local_mass,
    normalise,
    wide,
    wide_linear,
)
from ..losses.coordinate_losses import masked_mean
from .labels import half_extent, targets_of

__all__ = ['CoordinateHead', 'DSNTHead', 'FullyConnectedHead', 'IntegralHead']


def check_axes(axes: int, **parts: Any) -> None:
    """Raise a ValueError where a part of a head is not made for coordinates of so many axes."""
    for name, part in parts.items():
        if part is not None and getattr(part, 'axes', None) != axes:
            raise ValueError(
                f'{name} must be made for coordinates of {axes} axes, and say so by its attribute '
                f'axes, as those of mmpose_sat do; got {type(part).__name__}'
            )


def accumulate(losses: dict[str, Tensor], stage: dict[str, Tensor]) -> None:
    """Add the losses of a stage to those of the stages before it."""
    for name, value in stage.items():
        losses[name] = losses[name] + value if name in losses else value


def share_near(coordinates: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Share of the joints that count within 5 % of the input, for the log."""
    hits = (coordinates - targets)[..., :2].detach().norm(dim=-1) < 2 * 0.05
    return masked_mean(hits.float(), (weights > 0).float())


def makes_heights(head: Any) -> bool:
    """Whether a head's logits are heights of Gaussians in [0, 1], as those of H1 are."""
    return head.decodes_by == 'argmax' and getattr(head.loss_module, 'heatmap', '') == 'gaussian'


def peaks(logits: Tensor) -> Tensor:
    """The largest of the heights (B, K, ...) of each joint, (B, K)."""
    return wide(logits.flatten(2).amax(2)).clamp(0, 1)


class CoordinateHead(HeatmapHead):
    """Layers of MMPose's heatmap head, then heatmaps that sum to 1, then coordinates.

    The layers have the names they have in MMPose, so that the weights of a heatmap network load.

    Args:
        in_channels: channels of the last feature.
        out_channels: number of joints, K.
        activation: ``'softmax'``, ``'abs'``, ``'relu'`` or ``'sigmoid'``, over the sum.
        num_stages: the last so many features are stages of a network that makes heatmaps itself
            (``final_layer=None, deconv_out_channels=None``): each has a loss, the last one
            predicts.
        deconv_out_channels: channels of the deconvolutions, each doubling the size; default: none.
        final_layer: of the 1 x 1 convolution; ``None``: the features are the logits.
        loss: config of the loss.
        decoder: config of the codec.
        kwargs: other arguments of MMPose's ``HeatmapHead``.

    Raises:
        ValueError: the activation is unknown; ``num_stages`` is not positive; several stages share
            layers; loss or decoder are not made for such coordinates; logits differ in size from
            the codec's ``heatmap_size`` or in number from ``out_channels``; there are fewer
            features than stages; labels are of other joints, or outside of the image.
    """

    axes = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        activation: str = 'softmax',
        num_stages: int = 1,
        deconv_out_channels: tuple[int, ...] | None = None,
        final_layer: dict | None = dict(kernel_size=1),  # noqa: B006 - as in the class above
        **kwargs: Any,
    ) -> None:
        check_choice('activation', activation, ACTIVATIONS)
        check_whole(num_stages=num_stages)
        layers = (final_layer, deconv_out_channels, kwargs.get('conv_out_channels'))
        if num_stages > 1 and any(layers):
            raise ValueError(
                f'num_stages={num_stages} takes the features as logits: final_layer, '
                'deconv_out_channels and conv_out_channels must be None'
            )
        if deconv_out_channels:
            kwargs.setdefault('deconv_kernel_sizes', (4,) * len(deconv_out_channels))
        super().__init__(
            in_channels,
            out_channels,
            deconv_out_channels=deconv_out_channels,
            final_layer=final_layer,
            **kwargs,
        )
        check_axes(self.axes, loss=self.loss_module, decoder=self.decoder)
        loss_size = getattr(self.loss_module, 'input_size', None)
        if self.decoder is not None and loss_size not in (None, self.decoder.input_size):
            raise ValueError(
                f'loss has input_size={loss_size}, the decoder {self.decoder.input_size}'
            )
        self.activation = activation
        self.num_stages = num_stages

    def logits(self, feats: tuple[Tensor, ...]) -> list[Tensor]:
        """Logits (B, K, H, W) of each stage."""
        if len(feats) < self.num_stages:
            raise ValueError(f'num_stages is {self.num_stages}, got {len(feats)} features')
        stages = []
        for stage, features in enumerate(feats[-self.num_stages :]):
            logits = super().forward((features,))
            shape = self.shape_of(stage)
            channels = math.prod(shape)
            if logits.shape[1] != channels:
                raise ValueError(
                    f'out_channels={self.out_channels} takes {channels} channels of logits, '
                    f'got {logits.shape[1]}'
                )
            stages.append(logits.unflatten(1, shape))
        wanted = getattr(self.decoder, 'heatmap_size', None)
        found = tuple(stages[-1].shape[:1:-1])
        if wanted and found != wanted:
            raise ValueError(
                f'heatmap_size of the codec is {wanted} (width before height), the head makes '
                f'{found}'
            )
        return stages

    def shape_of(self, stage: int) -> tuple[int, ...]:
        """How the channels of a stage's logits are laid out: joints first."""
        return (self.out_channels,)

    def views(self, feats: Any, batch_data_samples: list, test_cfg: dict) -> Tensor:
        """Logits of the last stage; in the flip test, the mean of those of both views."""
        if not test_cfg.get('flip_test', False):
            return self.logits(feats)[-1]
        plain, mirrored = (self.logits(view)[-1] for view in feats)
        flip_indices = batch_data_samples[0].metainfo['flip_indices']
        if len(flip_indices) != self.out_channels:
            raise ValueError(
                f'flip_indices of the data has {len(flip_indices)} joints, the head '
                f'out_channels={self.out_channels}'
            )
        if plain.requires_grad or isinstance(self.final_layer, nn.Identity):
            plain = plain.clone()  # not ours to write to
        for joint, other in enumerate(flip_indices):  # one by one: volumes are large
            plain[:, joint].add_(mirrored[:, other].flip(-1)).div_(2)
        return plain

    def regress(self, heatmaps: Tensor) -> Tensor:
        """Coordinates (B, K, 2) in [-1, 1] of heatmaps (B, K, H, W), which losses train."""
        return expectation(heatmaps)

    def coordinates(self, logits: Tensor, heatmaps: Tensor) -> Tensor:
        """Coordinates (B, K, 2) that are predicted, of logits and heatmaps, both (B, K, H, W)."""
        return self.regress(heatmaps)

    def scores(self, logits: Tensor, heatmaps: Tensor, coordinates: Tensor) -> Tensor:
        """Scores (B, K) in [0, 1] of coordinates (B, K, 2): the heatmap's mass around them."""
        return local_mass(heatmaps, coordinates)

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Coordinates (B, K, 2) in [-1, 1] and heatmaps (B, K, H, W) of the last stage."""
        logits = self.logits(feats)[-1]
        heatmaps = normalise(logits, self.activation)
        return self.coordinates(logits, heatmaps), heatmaps

    def predict(self, feats: Any, batch_data_samples: list, test_cfg: dict | None = None) -> Any:
        """Keypoints in px of the network's input, and their scores.

        ``test_cfg``: ``flip_test`` averages the logits of both views, before they are normalised,
        as the paper's code does; ``output_heatmaps`` adds the heatmaps.
        """
        test_cfg = test_cfg or {}
        logits = self.views(feats, batch_data_samples, test_cfg)
        heatmaps = normalise(logits, self.activation)
        coordinates = self.coordinates(logits, heatmaps)
        scores = self.scores(logits, heatmaps, coordinates)
        preds = self.decode((coordinates * half_extent(self.decoder), scores))
        if test_cfg.get('output_heatmaps', False):
            return preds, [PixelData(heatmaps=heatmap) for heatmap in heatmaps.detach()]
        return preds

    def loss(
        self, feats: tuple[Tensor, ...], batch_data_samples: list, train_cfg: dict | None = None
    ) -> dict[str, Tensor]:
        """The losses, summed over the stages, and the share of joints within 5 % of the input."""
        losses: dict[str, Tensor] = {}
        stages = self.logits(feats)
        shape = (len(stages[0]), self.out_channels, self.axes)
        dtype = torch.promote_types(stages[0].dtype, torch.float32)
        targets, weights = targets_of(batch_data_samples, self.decoder, shape, dtype)
        for logits in stages:
            heatmaps = normalise(logits, self.activation)
            call = (logits, heatmaps, self.regress(heatmaps), targets, weights)
            accumulate(losses, self.loss_module(*call))
        found = self.coordinates(logits.detach(), heatmaps.detach())
        return losses | dict(acc_pose=share_near(found, targets, weights))


@MODELS.register_module()
class DSNTHead(CoordinateHead):
    """DSNT (arXiv 1801.07372): a 1 x 1 convolution without bias, and the expectation.

    Coordinates, loss, regularisers, flip test and scores differ from those of the class of the same
    name in MMPose. Arguments and errors: :class:`CoordinateHead`.
    """

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        kwargs.setdefault('final_layer', dict(kernel_size=1, bias=False))
        kwargs.setdefault('loss', dict(type='mmpose_sat.DSNTLoss'))
        super().__init__(in_channels, out_channels, **kwargs)


@MODELS.register_module()
class IntegralHead(CoordinateHead):
    """Integral regression in the plane (arXiv 1711.08229), and its heatmap baselines.

    Args:
        in_channels: channels of the last feature.
        out_channels: number of joints, K.
        decode: ``'expectation'``; ``'argmax'`` for networks that have a heatmap loss only (H1, H2,
            H3).
        kwargs: further arguments of :class:`CoordinateHead`; two deconvolutions unless told
            otherwise.

    Raises:
        ValueError: ``decode`` is another; see :class:`CoordinateHead`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, decode: str = 'expectation', **kwargs: Any
    ) -> None:
        check_choice('decode', decode, ('expectation', 'argmax'))
        kwargs.setdefault('deconv_out_channels', (256, 256))
        kwargs.setdefault('loss', dict(type='mmpose_sat.IntegralLoss'))
        super().__init__(in_channels, out_channels, **kwargs)
        self.decodes_by = decode

    def coordinates(self, logits: Tensor, heatmaps: Tensor) -> Tensor:
        """Coordinates (B, K, 2) that are predicted, of logits and heatmaps, both (B, K, H, W)."""
        if self.decodes_by == 'argmax':
            return argmax_coordinates(logits)
        return self.regress(heatmaps)

    def scores(self, logits: Tensor, heatmaps: Tensor, coordinates: Tensor) -> Tensor:
        """Scores (B, K) in [0, 1]: the mass around coordinates; of H1, the highest logit."""
        if makes_heights(self):
            return peaks(logits)
        return super().scores(logits, heatmaps, coordinates)


@MODELS.register_module()
class FullyConnectedHead(CoordinateHead):
    """DSNT's baseline: one linear layer, shared by the joints, from heatmap to coordinates.

    Args:
        in_channels: channels of the last feature.
        out_channels: number of joints, K.
        decoder: config of the codec, whose ``heatmap_size`` sizes the linear layer.
        kwargs: further arguments of :class:`CoordinateHead`.

    Raises:
        ValueError: the codec has no ``heatmap_size``; see :class:`CoordinateHead`.
    """

    def __init__(self, in_channels: int, out_channels: int, decoder: dict, **kwargs: Any) -> None:
        if not decoder.get('heatmap_size'):
            raise ValueError('decoder must have a heatmap_size, which sizes the linear layer')
        kwargs.setdefault('final_layer', dict(kernel_size=1, bias=False))
        kwargs.setdefault('loss', dict(type='mmpose_sat.DSNTLoss', regulariser=None))
        super().__init__(in_channels, out_channels, decoder=decoder, **kwargs)
        width, height = decoder['heatmap_size']
        self.linear = nn.Linear(width * height, 2)

    def regress(self, heatmaps: Tensor) -> Tensor:
        """Coordinates (B, K, 2), in [-1, 1] but not bounded, of heatmaps (B, K, H, W)."""
        return wide_linear(self.linear, heatmaps.flatten(2))
