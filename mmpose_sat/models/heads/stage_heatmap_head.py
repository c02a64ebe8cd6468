"""A head for networks that make the heatmaps of all of their stages themselves."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.evaluation.functional import pose_pck_accuracy
from mmpose.models.heads import CPMHead
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor, nn

from ...registry import MODELS
from ..layers.checks import check_whole
from ..layers.heatmaps import wide
from .labels import check_codec

__all__ = ['StageHeatmapHead']


@MODELS.register_module()
class StageHeatmapHead(CPMHead):
    """MMPose's ``CPMHead`` without layers: each feature is a stage's heatmaps.

    Where the codec has a background, it is the last map of each stage: learned as the others, and
    left out of predictions.

    Args:
        out_channels: number of joints, K.
        num_stages: number of stages.
        kwargs: ``loss``, ``decoder`` and ``init_cfg`` of ``CPMHead``.

    Raises:
        ValueError: ``out_channels`` or ``num_stages`` is not a positive integer; there are not
            ``num_stages`` features; a stage does not have K maps, plus one if the codec has a
            background (either, without a codec); in training, maps and labels differ in size, or
            another codec made the labels.
    """

    def __init__(self, out_channels: int, num_stages: int, **kwargs: Any) -> None:
        check_whole(out_channels=out_channels, num_stages=num_stages)
        super().__init__(out_channels, out_channels, num_stages, final_layer=None, **kwargs)

    def _check(self, feats: Sequence[Tensor], *legal: int) -> None:
        """Raise unless the features are those of each stage, of a legal number of maps."""
        if len(feats) != self.num_stages:
            raise ValueError(
                f'num_stages={self.num_stages} takes as many features, got {len(feats)}'
            )
        for maps in feats:
            if maps.shape[1] not in legal:
                raise ValueError(
                    f'out_channels={self.out_channels} joints and the background that the codec '
                    f'has need {" or ".join(map(str, legal))} maps; a stage has {maps.shape[1]}'
                )

    def _maps(self) -> tuple[int, ...]:
        """How many maps the codec has; without a codec, how many it may have."""
        joints = self.out_channels
        if self.decoder is None:
            return joints, joints + 1
        return (joints + getattr(self.decoder, 'background', False),)

    def forward(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """Heatmaps (B, K or K + 1, H, W) of each stage."""
        self._check(feats, *{self.out_channels, *self._maps()})  # predict gives it joints alone
        return super().forward(feats)

    def loss(
        self, feats: Sequence[Tensor], batch_data_samples: list, train_cfg: dict | None = None
    ) -> dict:
        """The sum over stages, as of ``CPMHead``; the accuracy is that of labelled joints."""
        self._check(feats, *self._maps())
        if self.decoder is not None:
            check_codec(batch_data_samples, self.decoder)
        truth = torch.stack([sample.gt_fields.heatmaps for sample in batch_data_samples])
        for maps in feats:
            if maps.shape != truth.shape:
                raise ValueError(
                    f'a stage has maps of shape {tuple(maps.shape)}, the labels are '
                    f'{tuple(truth.shape)}: heatmap_size of the codec must be that of the network'
                )
        weights = torch.cat([s.gt_instance_labels.keypoint_weights for s in batch_data_samples])
        several = isinstance(self.loss_module, nn.ModuleList)
        modules = self.loss_module if several else [self.loss_module] * self.num_stages
        losses = [module(maps, truth, weights) for module, maps in zip(modules, feats, strict=True)]
        joints = slice(self.out_channels)
        labelled = truth[:, joints].amax((2, 3)) > 0
        _, accuracy, _ = pose_pck_accuracy(
            to_numpy(wide(feats[-1][:, joints])),
            to_numpy(truth[:, joints]),
            to_numpy(labelled & (weights[:, joints] > 0)),
        )
        return dict(loss_kpt=sum(losses), acc_pose=torch.tensor(accuracy, device=truth.device))

    def predict(self, feats: Any, batch_data_samples: list, test_cfg: dict | None = None) -> Any:
        """As ``CPMHead``, from the maps of joints alone."""
        test_cfg = test_cfg or {}
        flip = test_cfg.get('flip_test', False)
        views = feats if flip else [feats]
        for view in views:
            self._check(view, *self._maps())
        views = [[wide(maps[:, : self.out_channels]) for maps in view] for view in views]
        return super().predict(views if flip else views[0], batch_data_samples, test_cfg)
