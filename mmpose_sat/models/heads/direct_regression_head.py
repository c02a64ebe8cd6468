"""Direct regression, the baseline R1 of integral regression (arXiv 1711.08229)."""

from typing import Any

from mmpose.models.heads import RegressionHead
from torch import Tensor

from ...registry import MODELS
from ..layers.heatmaps import wide_linear
from .coordinate_head import check_axes, share_near
from .labels import half_extent, targets_of

__all__ = ['DirectRegressionHead']


@MODELS.register_module()
class DirectRegressionHead(RegressionHead):
    """A linear layer from pooled features (neck ``GlobalAveragePooling``) to coordinates.

    MMPose's ``RegressionHead`` in the coordinates, loss and flip test of :class:`IntegralHead`.

    Args:
        in_channels: channels of the last feature, (B, C, 1, 1).
        out_channels: number of joints, K.
        kwargs: ``loss``, ``decoder`` and ``init_cfg``.

    Raises:
        ValueError: loss or decoder are not made for such coordinates; the loss is one of heatmaps
            too; labels are of other joints, or outside of the image.
    """

    axes = 2

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        kwargs.setdefault('loss', dict(type='mmpose_sat.IntegralLoss'))
        super().__init__(in_channels, out_channels, **kwargs)
        check_axes(self.axes, loss=self.loss_module, decoder=self.decoder)
        for name in ('heatmap', 'regulariser'):
            if (term := getattr(self.loss_module, name, None)) is not None:
                raise ValueError(f'loss: there are no heatmaps for {name}={term!r} here')

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Coordinates (B, K, 2 or 3), in [-1, 1] but not bounded."""
        return wide_linear(self.fc, feats[-1].flatten(1)).unflatten(1, (-1, self.axes))

    def predict(self, feats: Any, batch_data_samples: list, test_cfg: dict | None = None) -> Any:
        """Keypoints in px of the network's input, scored 1: there is no heatmap to judge by."""
        if (test_cfg or {}).get('flip_test', False):
            plain, mirrored = (self.forward(view) for view in feats)
            mirrored = mirrored[:, batch_data_samples[0].metainfo['flip_indices']]
            mirrored[..., 0] *= -1
            coordinates = (plain + mirrored) / 2
        else:
            coordinates = self.forward(feats)
        return self.decode(coordinates[:, None] * half_extent(self.decoder))

    def loss(
        self, feats: tuple[Tensor, ...], batch_data_samples: list, train_cfg: dict | None = None
    ) -> dict[str, Tensor]:
        """The joint loss, and the share of visible joints within 5 % of the input."""
        coordinates = self.forward(feats)
        of = (coordinates.shape, coordinates.dtype)
        targets, weights = targets_of(batch_data_samples, self.decoder, *of)
        losses = self.loss_module(None, None, coordinates, targets, weights)
        return losses | dict(acc_pose=share_near(coordinates, targets, weights))
