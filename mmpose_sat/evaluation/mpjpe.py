"""Errors of joints in space: Human3.6M's protocols."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmpose.evaluation.functional import keypoint_mpjpe

from ..registry import METRICS

__all__ = ['Human36mMPJPE', 'distort', 'to_camera']


def distort(rays: np.ndarray, camera: dict) -> np.ndarray:
    """Lens distortion of ideal image points (K, 2), x / z and y / z, as Human3.6M has it.

    Its tangential term is half of OpenCV's and MMPose's: with this one, annotated joints in space
    project onto those annotated in the image to 1e-4 px, with theirs to 0.2 px.
    """
    k, p = (np.ravel(camera[key]) for key in ('k', 'p'))
    radius = (rays**2).sum(1, keepdims=True)
    radial = 1 + k[0] * radius + k[1] * radius**2 + k[2] * radius**3
    return rays * (radial + rays @ p[::-1, None]) + radius * p[::-1]


def to_camera(pixels: np.ndarray, depth: np.ndarray, camera: dict) -> np.ndarray:
    """Back-project image points through a camera of Human3.6M.

    Args:
        pixels: ``(K, 2)`` px of the image.
        depth: ``(K,)`` distances along the optical axis, mm.
        camera: ``f`` and ``c`` (2,) in px, ``k`` (3,) radial and ``p`` (2,) tangential distortion.

    Returns:
        ``(K, 3)`` mm in the camera's system.
    """
    seen = (pixels - np.ravel(camera['c'])) / np.ravel(camera['f'])
    rays = seen
    with np.errstate(over='ignore', invalid='ignore'):
        for _ in range(30):  # a contraction where people are: the distortion is small there
            rays = rays + seen - distort(rays, camera)
        found = np.abs(distort(rays, camera) - seen).max(1, keepdims=True) < 1e-6
    rays = np.where(found, rays, seen)  # far outside of the image the distortion means nothing
    return np.concatenate([rays, np.ones((len(rays), 1))], 1) * depth[:, None]


@METRICS.register_module()
class Human36mMPJPE(BaseMetric):
    """Mean per-joint position error, as it is and after Procrustes alignment, in mm.

    Predictions are px of the image and mm behind the root. The root's own depth and the camera come
    from the annotation (arXiv 1711.08229), and both poses are compared with their roots in one
    place. Protocol 1 is ``PA-MPJPE`` on S11, protocol 2 ``MPJPE`` on S9 and S11, both on every 64th
    frame: the data set chooses the subjects.

    Args:
        root: Index of the root joint.
        collect_device, prefix: As for MMEngine's ``BaseMetric``.

    Reports ``MPJPE`` and ``PA-MPJPE``, the means over the actions' means; and ``MPJPE <action>``
    and ``PA-MPJPE <action>`` for each, NaN where a prediction is not finite.

    Raises:
        ValueError: a sample has no ``camera`` or ``action`` (``PackPoseInputs`` needs both among
            its ``meta_keys``), or predictions and annotations differ in their joints.
    """

    default_prefix = 'h36m'

    def __init__(
        self, root: int = 0, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.root = root

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Collect the poses of a batch, in the camera's system and relative to their roots."""
        for sample in data_samples:
            if missing := [key for key in ('camera', 'action') if key not in sample]:
                raise ValueError(f'samples have no {missing}: add them to PackPoseInputs.meta_keys')
            truth = np.asarray(sample['gt_instances']['keypoints_cam'][0], dtype=np.float64)
            found = np.asarray(sample['pred_instances']['keypoints'][0], dtype=np.float64)
            if found.shape != truth.shape:
                raise ValueError(f'predictions are {found.shape}, annotations {truth.shape}')
            depth = found[:, 2] + truth[self.root, 2]
            found = to_camera(found[:, :2], depth, sample['camera'])
            poses = (pose - pose[self.root] for pose in (found, truth))
            self.results.append((sample['action'], *poses))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Average joint by joint, then over actions."""
        actions: dict[str, list] = defaultdict(list)
        for action, *poses in results:
            actions[action].append(poses)
        metrics: dict[str, float] = {}
        for name, alignment in (('MPJPE', 'none'), ('PA-MPJPE', 'procrustes')):
            errors = {}
            for action, pairs in sorted(actions.items()):
                found, truth = (np.stack(poses) for poses in zip(*pairs, strict=True))
                mask = np.ones(found.shape[:2], bool)
                whole = np.isfinite(found).all()
                error = keypoint_mpjpe(found, truth, mask, alignment) if whole else np.nan
                errors[action] = float(error)
            metrics[name] = float(np.mean(list(errors.values())))
            metrics |= {f'{name} {action}': error for action, error in errors.items()}
        return metrics
