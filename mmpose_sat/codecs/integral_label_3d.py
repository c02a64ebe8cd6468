"""Codec of heads that give coordinates in three dimensions (arXiv 1711.08229)."""

from typing import Any

import numpy as np

from ..registry import KEYPOINT_CODECS
from .coordinate_labels import IntegralLabel

__all__ = ['IntegralLabel3D']


@KEYPOINT_CODECS.register_module()
class IntegralLabel3D(IntegralLabel):
    """:class:`IntegralLabel` with the depth relative to the root joint beside x and y.

    Depth is in [-1/2, 1/2] too, in units of ``depth_range``, 0 at the root.

    Args:
        input_size: width and height of the network's input, px.
        depth_range: mm from the nearest depth to the farthest.
        heatmap_size: width, height and depth of the heatmaps in cells, which the head insists on.

    Raises:
        ValueError: a size or the range is not positive, or a size has another number of axes.
    """

    axes = 3
    cells_along = ('width', 'height', 'depth')
    # GenerateTarget hands these over from the sample: a flip swaps depths as it swaps joints.
    auxiliary_encode_keys = {'keypoints_depth', 'flip', 'flip_indices'}
    label_mapping_table = IntegralLabel.label_mapping_table | dict(
        depth_weights='depth_weights', depth_ranges='depth_ranges'
    )

    def __init__(
        self,
        input_size: tuple[int, int],
        depth_range: float = 2000.0,
        heatmap_size: tuple[int, int, int] | None = None,
    ) -> None:
        if not 0 < depth_range < np.inf:
            raise ValueError(f'depth_range must be positive, in mm, got {depth_range}')
        super().__init__(input_size, heatmap_size)
        self.depth_range = depth_range

    def encode(
        self,
        keypoints: np.ndarray,
        keypoints_visible: np.ndarray | None = None,
        keypoints_depth: np.ndarray | None = None,
        flip: bool = False,
        flip_indices: list[int] | None = None,
    ) -> dict[str, np.ndarray]:
        """Pixels and mm to coordinates.

        Args:
            keypoints: (N, K, 2), px of the network's input.
            keypoints_visible: (N, K), 0 for joints that are not labelled; default: all are.
            keypoints_depth: (N, K), mm behind the root; ``None`` for samples without depth.
            flip: whether the image has been flipped; ``keypoints`` are those of the flipped one,
                ``keypoints_depth`` those of the original.
            flip_indices: (K,), the joint that each joint becomes.

        Returns:
            ``keypoint_labels`` (N, K, 3), the rest as in :class:`IntegralLabel`, and
            ``depth_weights`` (N, K): 1 where the depth counts, which lies in the range, else 0, and
            ``depth_ranges`` (N,), by which a head tells the labels of another codec.

        Raises:
            ValueError: the shapes are others, a labelled joint is not a number, or a flip has no
                ``flip_indices``.
        """
        encoded = super().encode(keypoints, keypoints_visible)
        weights = encoded['keypoint_weights']
        depth, known = np.zeros(weights.shape), np.zeros(weights.shape, bool)
        if keypoints_depth is not None:
            if keypoints_depth.shape != weights.shape:
                raise ValueError(
                    f'keypoints_depth must be {weights.shape}, got {keypoints_depth.shape}'
                )
            if flip:
                if flip_indices is None:
                    raise ValueError('flip=True needs flip_indices, the joint that each becomes')
                keypoints_depth = keypoints_depth[:, flip_indices]
            depth = keypoints_depth / self.depth_range * self.extent
            known = np.isfinite(depth) & (np.abs(depth) < self.extent / 2)
        labels = encoded['keypoint_labels']
        depth = np.where(known, depth, 0)[..., None].astype(labels.dtype)
        encoded['keypoint_labels'] = np.concatenate([labels, depth], -1)
        encoded['depth_weights'] = weights * known
        encoded['depth_ranges'] = np.full(len(weights), self.depth_range, np.float32)
        return encoded

    def decode(
        self, encoded: np.ndarray, scores: np.ndarray | None = None
    ) -> tuple[np.ndarray, Any]:
        """Coordinates to pixels and mm.

        Args:
            encoded: (N, K, 3) coordinates.
            scores: (N, K); default: ones.

        Returns:
            Keypoints (N, K, 3): px of the network's input, and mm behind the root; scores (N, K).
        """
        pixels, scores = super().decode(encoded[..., :2], scores)
        depth = encoded[..., 2:] / self.extent * self.depth_range
        return np.concatenate([pixels, depth], -1), scores
