"""Codecs of heads that give coordinates: DSNT (arXiv 1801.07372), integral (arXiv 1711.08229)."""

import numpy as np
from mmpose.codecs.base import BaseKeypointCodec

from ..registry import KEYPOINT_CODECS
from .coordinates import check_size, from_pixels, to_pixels

__all__ = ['DSNTLabel', 'IntegralLabel']


@KEYPOINT_CODECS.register_module()
class DSNTLabel(BaseKeypointCodec):
    """Coordinates in [-1, 1] over the input image, drawn in :mod:`mmpose_sat.codecs.coordinates`.

    The losses draw their target heatmaps from these coordinates.

    Args:
        input_size: width and height of the network's input, px.
        heatmap_size: width and height of its heatmaps in cells, which the head then insists on.

    Raises:
        ValueError: a size is not two positive whole numbers.
    """

    axes = 2
    cells_along: tuple[str, ...] = ('width', 'height')
    extent = 2.0  # from one edge of the image to the other
    label_mapping_table = dict(
        keypoint_labels='keypoint_labels',
        keypoint_weights='keypoint_weights',
        label_extents='label_extents',
    )

    def __init__(
        self, input_size: tuple[int, int], heatmap_size: tuple[int, ...] | None = None
    ) -> None:
        super().__init__()
        self.input_size = check_size('input_size', input_size)
        if heatmap_size is not None:
            heatmap_size = check_size('heatmap_size', heatmap_size, self.cells_along)
        self.heatmap_size = heatmap_size

    def encode(
        self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Pixels to coordinates.

        Args:
            keypoints: (N, K, 2), px of the network's input, x before y.
            keypoints_visible: (N, K), 0 for joints that are not labelled; default: all are.

        Returns:
            ``keypoint_labels`` (N, K, 2), 0 for joints that are not labelled,
            ``keypoint_weights`` (N, K): 1 for joints that are labelled and inside of the image,
            else 0, and ``label_extents`` (N,): what coordinates are from edge to edge, by which a
            head tells the labels of another codec.

        Raises:
            ValueError: the shapes are others, or a labelled joint is not a number.
        """
        visible = np.ones(keypoints.shape[:2]) if keypoints_visible is None else keypoints_visible
        if keypoints.ndim != 3 or keypoints.shape[2] != 2 or visible.shape != keypoints.shape[:2]:
            raise ValueError(
                'keypoints must be (N, K, 2) and keypoints_visible (N, K), '
                f'got {keypoints.shape} and {visible.shape}'
            )
        dtype = np.result_type(keypoints, np.float32)
        labelled = visible > 0.5
        if not np.isfinite(keypoints[labelled]).all():
            raise ValueError('keypoints of labelled joints must be finite')
        coordinates = from_pixels(keypoints, np.array(self.input_size))
        coordinates = np.where(labelled[..., None], coordinates, 0)
        inside = (np.abs(coordinates) < 1).all(axis=-1)
        return dict(
            keypoint_labels=(coordinates * self.extent / 2).astype(dtype),
            keypoint_weights=(labelled & inside).astype(np.float32),
            label_extents=np.full(len(keypoints), self.extent, np.float32),
        )

    def decode(
        self, encoded: np.ndarray, scores: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates to pixels.

        Args:
            encoded: (N, K, 2) coordinates.
            scores: (N, K), as the heads measure them on their heatmaps; default: ones.

        Returns:
            Keypoints (N, K, 2) in px of the network's input, and scores (N, K).
        """
        keypoints = to_pixels(encoded * 2 / self.extent, np.array(self.input_size))
        return keypoints, np.ones(encoded.shape[:2], np.float32) if scores is None else scores


@KEYPOINT_CODECS.register_module()
class IntegralLabel(DSNTLabel):
    """Coordinates in [-1/2, 1/2], in widths and heights of the input image.

    Else as :class:`DSNTLabel`.
    """

    extent = 1.0
