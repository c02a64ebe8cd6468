"""Integral regression in three dimensions (arXiv 1711.08229)."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import PixelData
from torch import Tensor, nn

from ...registry import MODELS
from ..layers.checks import check_choice, check_each_whole
from ..layers.heatmaps import argmax_coordinates, marginal_mass, mean_of
from ..layers.volumes import logsumexp_of_depths, softmax_marginals
from .coordinate_head import CoordinateHead, accumulate, makes_heights, peaks, share_near
from .direct_regression_head import DirectRegressionHead
from .labels import half_extent, targets_of

__all__ = ['DirectRegressionHead3D', 'IntegralHead3D']


def depth_weights_of(batch_data_samples: list, weights: Tensor) -> Tensor:
    """Weights (B, K) of depths: those of the joints where the depth is known, else 0."""
    labels = [sample.gt_instance_labels for sample in batch_data_samples]
    return weights * (torch.cat([label.depth_weights for label in labels]) > 0)


@MODELS.register_module()
class IntegralHead3D(CoordinateHead):
    """Volumes of logits from any backbone of the plane, and the expectation of their softmax.

    The volume is a 2-D map with joints x depth channels. Its expectation is taken from its
    marginals (the paper's two-step integral), which has the same value and needs no second volume.

    Args:
        in_channels: channels of the last feature.
        out_channels: number of joints, K.
        depth: cells along z, D; one number for each stage where they differ, from coarse to fine.
            A stage with one cell is of the plane: its loss leaves the depth out.
        decode: ``'expectation'``; ``'argmax'`` for networks that have a heatmap loss only (H1, H2).
        kwargs: further arguments of :class:`CoordinateHead`; three deconvolutions unless told
            otherwise. The decoder is an ``IntegralLabel3D``, the activation is the softmax.

    Raises:
        ValueError: ``depth`` is not positive or has not a number for each stage, the activation or
            ``decode`` is another; see :class:`CoordinateHead`.
    """

    axes = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        depth: int | Sequence[int] = 64,
        decode: str = 'expectation',
        **kwargs: Any,
    ) -> None:
        num_stages = kwargs.get('num_stages', 1)
        depths = tuple(depth) if isinstance(depth, Sequence) else (depth,) * num_stages
        if len(depths) != num_stages:
            raise ValueError(
                f'depth must be one number, or one for each of num_stages={num_stages}, got {depth}'
            )
        check_each_whole(depth=depths)
        if kwargs.get('activation', 'softmax') != 'softmax':
            raise ValueError(f"activation must be 'softmax', got {kwargs['activation']!r}")
        check_choice('decode', decode, ('expectation', 'argmax'))
        kwargs.setdefault('deconv_out_channels', (256, 256, 256))
        kwargs.setdefault('loss', dict(type='mmpose_sat.IntegralLoss3D'))
        super().__init__(in_channels, out_channels * depths[-1], **kwargs)
        self.out_channels = out_channels
        self.depths = depths
        self.decodes_by = decode

    def shape_of(self, stage: int) -> tuple[int, ...]:
        """How the channels of a stage's logits are laid out: joints, then depth."""
        return self.out_channels, self.depths[stage]

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:  # type: ignore[override]
        """Coordinates (B, K, 3) in [-1, 1] of the last stage."""
        logits = self.logits(feats)[-1]
        return self.coordinates(logits, softmax_marginals(logits)[0])

    def coordinates(self, logits: Tensor, axes: list[Tensor]) -> Tensor:  # type: ignore[override]
        """Coordinates (B, K, 3) in [-1, 1] of logits (B, K, D, H, W) and their marginals."""
        return mean_of(axes) if self.decodes_by == 'expectation' else argmax_coordinates(logits)

    def scores(  # type: ignore[override]
        self, logits: Tensor, axes: list[Tensor], coordinates: Tensor
    ) -> Tensor:
        """Scores (B, K) in [0, 1]: the mass around coordinates; of H1, the highest logit."""
        return peaks(logits) if makes_heights(self) else marginal_mass(axes, coordinates)

    def predict(self, feats: Any, batch_data_samples: list, test_cfg: dict | None = None) -> Any:
        """Keypoints in px of the network's input and mm behind the root, with scores.

        ``test_cfg`` as for :class:`CoordinateHead`; the heatmaps are the volumes' sums over z.
        """
        test_cfg = test_cfg or {}
        logits = self.views(feats, batch_data_samples, test_cfg)
        axes, *_ = softmax_marginals(logits)
        coordinates = self.coordinates(logits, axes)
        scores = self.scores(logits, axes, coordinates)
        preds = self.decode((coordinates * half_extent(self.decoder), scores))
        if test_cfg.get('output_heatmaps', False):
            planes = logsumexp_of_depths(logits)
            planes = planes.flatten(2).softmax(2).view_as(planes)
            return preds, [PixelData(heatmaps=plane) for plane in planes]
        return preds

    def loss(
        self, feats: tuple[Tensor, ...], batch_data_samples: list, train_cfg: dict | None = None
    ) -> dict[str, Tensor]:
        """The losses, summed over the stages, and the share of joints near in the plane."""
        losses: dict[str, Tensor] = {}
        stages = self.logits(feats)
        shape = (len(stages[0]), self.out_channels, self.axes)
        dtype = torch.promote_types(stages[0].dtype, torch.float32)
        targets, weights = targets_of(batch_data_samples, self.decoder, shape, dtype)
        depth_weights = depth_weights_of(batch_data_samples, weights)
        for logits in stages:
            axes, normaliser, logits = softmax_marginals(logits)
            deep = depth_weights if logits.shape[2] > 1 else torch.zeros_like(depth_weights)
            call = (logits, normaliser, mean_of(axes), targets, weights, deep)
            accumulate(losses, self.loss_module(*call))
        found = self.coordinates(logits.detach(), axes)
        return losses | dict(acc_pose=share_near(found, targets, weights))


@MODELS.register_module()
class DirectRegressionHead3D(DirectRegressionHead):
    """R1 in three dimensions: a linear layer from pooled features to x, y and z.

    Args:
        in_channels: channels of the last feature, (B, C, 1, 1).
        out_channels: number of joints, K.
        kwargs: ``loss``, ``decoder`` (an ``IntegralLabel3D``) and ``init_cfg``.

    Raises:
        ValueError: see :class:`DirectRegressionHead`.
    """

    axes = 3

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        kwargs.setdefault('loss', dict(type='mmpose_sat.IntegralLoss3D'))
        super().__init__(in_channels, out_channels, **kwargs)
        self.fc = nn.Linear(in_channels, 3 * out_channels)

    def loss(
        self, feats: tuple[Tensor, ...], batch_data_samples: list, train_cfg: dict | None = None
    ) -> dict[str, Tensor]:
        """The joint loss, and the share of joints near in the plane."""
        coordinates = self.forward(feats)
        of = (coordinates.shape, coordinates.dtype)
        targets, weights = targets_of(batch_data_samples, self.decoder, *of)
        depth_weights = depth_weights_of(batch_data_samples, weights)
        losses = self.loss_module(None, None, coordinates, targets, weights, depth_weights)
        return losses | dict(acc_pose=share_near(coordinates, targets, weights))
