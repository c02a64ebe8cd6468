"""A head for networks that make the heatmaps of all of their stages themselves."""

from collections.abc import Sequence
from typing import Any

from mmpose.models.heads import CPMHead
from torch import Tensor

from ...registry import MODELS

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
        ValueError: a stage has neither K maps nor K + 1.
    """

    def __init__(self, out_channels: int, num_stages: int, **kwargs: Any) -> None:
        super().__init__(out_channels, out_channels, num_stages, final_layer=None, **kwargs)

    def forward(self, feats: Sequence[Tensor]) -> list[Tensor]:
        """Heatmaps (B, K or K + 1, H, W) of each stage."""
        for maps in feats:
            if maps.shape[1] - self.out_channels not in (0, 1):
                raise ValueError(
                    f'out_channels={self.out_channels} joints, and a background at most, need as '
                    f'many maps; a stage has {maps.shape[1]}'
                )
        return super().forward(feats)

    def predict(self, feats: Any, batch_data_samples: list, test_cfg: dict | None = None) -> Any:
        """As ``CPMHead``, from the maps of joints alone."""
        test_cfg = test_cfg or {}
        views = feats if test_cfg.get('flip_test', False) else [feats]
        views = [[maps[:, : self.out_channels] for maps in self.forward(view)] for view in views]
        only = views if test_cfg.get('flip_test', False) else views[0]
        return super().predict(only, batch_data_samples, test_cfg)
