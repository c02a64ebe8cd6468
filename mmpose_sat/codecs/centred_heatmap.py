"""Heatmaps whose cells lie at their centres, with a background (Osokin, arXiv 1906.04104)."""

import cv2
import numpy as np
from mmpose.codecs.base import BaseKeypointCodec

from ..registry import KEYPOINT_CODECS
from .coordinates import check_size

__all__ = ['CentredHeatmap']


@KEYPOINT_CODECS.register_module()
class CentredHeatmap(BaseKeypointCodec):
    """Gaussians of a width in px of the input, sampled where cells have their centres.

    Decoding enlarges the maps to the size of the input and takes the highest pixel: without a
    quarter of a cell to guess. Conventions: :mod:`mmpose_sat.codecs.coordinates`.

    With a background, which data have no weight for, ``use_dataset_keypoint_weights`` of MMPose's
    ``GenerateTarget`` is not possible.

    Args:
        input_size: width and height of the network's input, px.
        heatmap_size: width and height of its heatmaps, cells.
        sigma: standard deviation, px of the input.
        background: add a last map, 1 less the highest of the others at each cell.
        weigh_missing: let the empty maps of joints that are not labelled count in the loss, as the
            paper's code does.

    Raises:
        ValueError: a size is not two positive numbers, or ``sigma`` is not positive.
    """

    label_mapping_table = dict(keypoint_weights='keypoint_weights')
    field_mapping_table = dict(heatmaps='heatmaps')
    least = 0.01  # of the peak: nothing is drawn below

    def __init__(
        self,
        input_size: tuple[int, int],
        heatmap_size: tuple[int, int],
        sigma: float = 7.0,
        background: bool = True,
        weigh_missing: bool = True,
    ) -> None:
        super().__init__()
        if not sigma > 0:
            raise ValueError(f'sigma={sigma} must be positive, in px of the input')
        self.input_size = check_size('input_size', input_size)
        self.heatmap_size = check_size('heatmap_size', heatmap_size)
        self.sigma = sigma
        self.background = background
        self.weigh_missing = weigh_missing

    def encode(
        self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Heatmaps of one person's joints.

        Args:
            keypoints: (1, K, 2), px of the network's input.
            keypoints_visible: (1, K), 0 for joints that are not labelled; default: all are.

        Returns:
            ``heatmaps`` (K or K + 1, H, W) and ``keypoint_weights`` (1, K or K + 1).

        Raises:
            ValueError: the shapes are others, there is no joint, or a labelled joint is not a
                number.
        """
        visible = np.ones(keypoints.shape[:2]) if keypoints_visible is None else keypoints_visible
        people, _, axes = keypoints.shape if keypoints.ndim == 3 else (0, 0, 0)
        if (people, axes) != (1, 2) or visible.shape != keypoints.shape[:2] or not visible.size:
            raise ValueError(
                'keypoints must be (1, K, 2) and keypoints_visible (1, K), '
                f'got {keypoints.shape} and {visible.shape}'
            )
        labelled = visible[0] > 0.5
        if not np.isfinite(keypoints[0, labelled]).all():
            raise ValueError('keypoints of labelled joints must be finite')
        along = []
        for axis, cells in enumerate(self.heatmap_size):
            pixels = self.input_size[axis]
            centres = (np.arange(cells) + 0.5) * pixels / cells - 0.5
            distance = (centres - keypoints[0, :, axis, None]) / self.sigma
            along.append(np.exp(-np.square(distance) / 2))
        heatmaps = along[1][:, :, None] * along[0][:, None]
        heatmaps[(heatmaps < self.least) | ~labelled[:, None, None]] = 0
        weights = np.ones(len(labelled)) if self.weigh_missing else labelled.astype(float)
        if self.background:
            heatmaps = np.concatenate([heatmaps, 1 - heatmaps.max(0, keepdims=True)])
            weights = np.append(weights, 1)
        return dict(
            heatmaps=heatmaps.astype(np.float32), keypoint_weights=weights[None].astype(np.float32)
        )

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The highest pixel of heatmaps (K, H, W) enlarged to the size of the input.

        Returns:
            Keypoints (1, K, 2) in px of the network's input, and their values (1, K).
        """
        wide = encoded.astype(np.float32)  # of half precision, OpenCV knows nothing
        large = [cv2.resize(h, self.input_size, interpolation=cv2.INTER_CUBIC) for h in wide]
        flat = np.stack(large).reshape(len(large), -1)
        best = flat.argmax(1)
        keypoints = np.stack([best % self.input_size[0], best // self.input_size[0]], -1)
        return keypoints[None].astype(np.float32), flat.max(1)[None]
