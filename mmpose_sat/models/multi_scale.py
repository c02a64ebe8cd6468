"""Test-time augmentation for heatmap models: several scales, and both views."""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmpose.codecs import UDPHeatmap
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.models.utils.tta import flip_heatmaps
from torch import Tensor

from ..codecs import CentredHeatmap
from ..registry import MODELS
from .heads import CoordinateHead
from .layers.checks import check_whole
from .layers.heatmaps import wide

__all__ = ['MultiScalePoseEstimator']


@MODELS.register_module()
class MultiScalePoseEstimator(TopdownPoseEstimator):
    """MMPose's ``TopdownPoseEstimator`` that averages the heatmaps of several scales of its input.

    Takes any backbone, neck and head whose ``forward`` gives heatmaps, or a list of stages of which
    the last counts, and weights of the same network trained as ``TopdownPoseEstimator``. Training
    is as there. ``test_cfg`` is, too: with ``flip_test`` each scale is seen from both sides.

    Args:
        scales: of the input, as in arXiv 1906.04104.
        size_divisor: heights and widths, px, are rounded to multiples of it.
        kwargs: as for ``TopdownPoseEstimator``.

    Raises:
        ValueError: ``scales`` are not one or more positive numbers, ``size_divisor`` is not a whole
            number, 1 or more, or the head has other maps than one for each joint, and a background.
        TypeError: the head's output is not heatmaps that its codec decodes, or those of
            ``UDPHeatmap`` with offsets.
    """

    def __init__(
        self,
        *args: Any,
        scales: Sequence[float] = (0.75, 1.0, 1.25),
        size_divisor: int = 32,
        **kwargs: Any,
    ) -> None:
        if (
            not isinstance(scales, tuple | list)
            or not scales
            or not all(0 < scale < math.inf for scale in scales)
        ):
            raise ValueError(f'scales={scales} must be one or more positive numbers')
        check_whole(size_divisor=size_divisor)
        super().__init__(*args, **kwargs)
        decoder = getattr(self.head, 'decoder', None)
        decodes = isinstance(decoder, CentredHeatmap) or hasattr(decoder, 'scale_factor')
        if isinstance(self.head, CoordinateHead) or not decodes:
            raise TypeError(f'{type(self.head).__name__} gives no heatmaps that its codec decodes')
        if getattr(decoder, 'heatmap_type', 'gaussian') == 'combined':
            raise TypeError("heatmap_type='combined': offsets are not averaged over scales")
        self.scales = scales
        self.size_divisor = size_divisor

    def predict(self, inputs: Tensor, data_samples: list) -> list:
        """Keypoints of the mean heatmaps; ``output_heatmaps`` in ``test_cfg`` adds these.

        They have the size of the codec's heatmaps, of ``CentredHeatmap`` that of the input.
        """
        indices = data_samples[0].metainfo['flip_indices']
        views = [self._scaled(inputs, scale, indices) for scale in self.scales]
        heatmaps = torch.stack(views).mean(0)
        fields = None
        if self.test_cfg.get('output_heatmaps', False):
            fields = [PixelData(heatmaps=maps) for maps in heatmaps.detach()]
        return self.add_pred_to_datasample(self.head.decode(heatmaps), fields, data_samples)

    def _scaled(self, inputs: Tensor, scale: float, indices: list[int]) -> Tensor:
        """Heatmaps of one scale, in the size that the codec decodes."""
        step = self.size_divisor
        shape = [max(step, round(side * scale / step) * step) for side in inputs.shape[2:]]
        linear = dict(mode='bilinear', align_corners=False, antialias=True)
        scaled = F.interpolate(inputs, shape, **linear)  # type: ignore[arg-type]
        heatmaps = self._heatmaps(scaled, indices)
        if self.test_cfg.get('flip_test', False):
            flipped = flip_heatmaps(
                self._heatmaps(scaled.flip(-1), indices),
                flip_mode='heatmap',
                flip_indices=indices,
                shift_heatmap=self.test_cfg.get('shift_heatmap', False),
            )
            heatmaps = (heatmaps + flipped) / 2
        decoder = self.head.decoder
        if isinstance(decoder, CentredHeatmap):
            # It enlarges heatmaps: the mean is taken there, as in the paper.
            size = decoder.input_size[::-1]
            return F.interpolate(heatmaps, size, mode='bicubic', align_corners=False)
        # Cells of MMPose's codecs lie at the pixels 0, cell, 2 cell, ..., of UDP from the first to
        # the last one; images are scaled around the outer edges of their pixels.
        heatmaps, places = wide(heatmaps), []
        for axis, cells in enumerate(decoder.heatmap_size):
            cell, dim = float(decoder.scale_factor[axis]), -1 - axis
            have, scaled_cell = heatmaps.shape[dim], cell
            if isinstance(decoder, UDPHeatmap):
                scaled_cell = (shape[dim] - 1) / max(1, have - 1)
            pixels = cell * torch.arange(cells, dtype=heatmaps.dtype, device=heatmaps.device)
            scaled_pixels = (pixels + 0.5) * (shape[dim] / inputs.shape[dim]) - 0.5
            places.append((2 * scaled_pixels / scaled_cell + 1) / have - 1)
        grid = torch.stack(torch.meshgrid(*places, indexing='xy'), -1)
        grid = grid.expand(len(heatmaps), *grid.shape)
        return F.grid_sample(
            heatmaps, grid, mode='bicubic', padding_mode='border', align_corners=False
        )

    def _heatmaps(self, images: Tensor, indices: list[int]) -> Tensor:
        """Heatmaps (B, K, H, W) of the joints, without a background."""
        output = self.head(self.extract_feat(images))
        if isinstance(output, list):
            output = output[-1]
        joints = len(indices)
        if output.shape[1] not in (joints, joints + 1):
            raise ValueError(
                f'{joints} joints, and a background at most, need as many maps; the head has '
                f'{output.shape[1]}'
            )
        return output[:, :joints]
