"""PCK normalised by the torso, the measure of Leeds Sports Pose."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from ..registry import METRICS

__all__ = ['TorsoPCK', 'pck_curve']


def pck_curve(errors: np.ndarray, labelled: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Share of labelled joints whose error is within each threshold.

    Args:
        errors: ``(N, K)`` normalised distances.
        labelled: ``(N, K)`` bool, joints that count.
        thresholds: ``(T,)`` in the unit of ``errors``.

    Returns:
        ``(T,)`` shares in [0, 1], pooled over all joints; nan when none counts.
    """
    counted = np.sort(errors[labelled])
    if counted.size == 0:
        return np.full(len(thresholds), np.nan)
    return np.searchsorted(counted, thresholds, side='right') / counted.size


@METRICS.register_module()
class TorsoPCK(BaseMetric):
    """Share of joints within ``thr`` torso lengths of the truth, in person-centric LSP joints.

    The torso is the distance from ``torso[0]`` (left shoulder) to ``torso[1]`` (right hip).
    MMPose's ``norm_item='torso'`` is JHMDB's and measures between other joints. All annotated
    joints count, occluded ones too; joints without annotation do not, and neither do persons whose
    torso has no length (they are counted in a warning).

    Args:
        thr: Threshold in torso lengths.
        torso: Indices of the two joints that define the torso.
        collect_device, prefix: As for MMEngine's ``BaseMetric``.

    Reports, in percent: ``PCK`` pooled over joints; ``AUC``, the mean of PCK over 0, 0.01, ...,
    thr; and ``<joint> PCK`` averaged over left and right.
    """

    default_prefix = 'lsp'

    def __init__(
        self,
        thr: float = 0.2,
        torso: Sequence[int] = (9, 2),
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        if not thr > 0:
            raise ValueError(f'thr={thr} must be positive, in torso lengths')
        if len(torso) != 2:
            raise ValueError(f'torso={tuple(torso)} must name two joints')
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thr = thr
        self.torso = tuple(torso)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Collect normalised errors of a batch."""
        for sample in data_samples:
            truth = np.asarray(sample['gt_instances']['keypoints'][0], dtype=np.float64)[:, :2]
            found = np.asarray(sample['pred_instances']['keypoints'][0], dtype=np.float64)[:, :2]
            if truth.shape != found.shape:
                raise ValueError(f'{len(found)} joints predicted, {len(truth)} annotated')
            if max(self.torso) >= len(truth):
                raise ValueError(f'torso={self.torso} names joints beyond the {len(truth)} given')
            labelled = np.asarray(sample['gt_instances']['keypoints_visible']).reshape(-1) > 0
            torso = np.linalg.norm(truth[self.torso[0]] - truth[self.torso[1]])
            if torso == 0 or not labelled[list(self.torso)].all():
                self.results.append((None, None))
                continue
            self.results.append((np.linalg.norm(truth - found, axis=1) / torso, labelled))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Pool the collected errors."""
        usable = [(errors, labelled) for errors, labelled in results if errors is not None]
        if len(usable) < len(results):
            self._warn(f'{len(results) - len(usable)} persons without a torso left out')
        if not usable:
            raise ValueError('no person with an annotated torso to evaluate')
        errors, labelled = (np.stack(column) for column in zip(*usable, strict=True))
        curve = pck_curve(errors, labelled, np.linspace(0, self.thr, 21) + 1e-9)
        metrics = {'PCK': 100 * curve[-1], 'AUC': 100 * curve.mean()}
        for name, joints in self._joint_groups(errors.shape[1]).items():
            (share,) = pck_curve(
                errors[:, joints], labelled[:, joints], np.array([self.thr + 1e-9])
            )
            metrics[f'{name} PCK'] = 100 * share
        return {name: float(value) for name, value in metrics.items()}

    def _joint_groups(self, count: int) -> dict[str, list[int]]:
        names = (self.dataset_meta or {}).get('keypoint_id2name', {})
        groups: dict[str, list[int]] = {}
        for joint in range(count):
            name = names.get(joint, f'joint {joint}')
            groups.setdefault(name.removeprefix('left_').removeprefix('right_'), []).append(joint)
        return groups

    @staticmethod
    def _warn(message: str) -> None:
        from mmengine.logging import print_log

        print_log(f'TorsoPCK: {message}', logger='current', level=30)
