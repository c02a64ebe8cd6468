"""Percentage of correct keypoints, in torsos (Leeds Sports Pose) and in heads (MPII)."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from ..registry import METRICS

__all__ = ['NormalisedPCK', 'PCKh', 'TorsoPCK', 'pck_curve']


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


class NormalisedPCK(BaseMetric):
    """Share of joints within a distance of the truth, in units of each person's own size.

    All annotated joints count, occluded ones too; joints without annotation do not, and neither do
    persons whose unit has no length (they are counted in a warning).

    Args:
        thr: Threshold in units.
        out_file: JSON file for the curve of PCK over the threshold, in percent, which
            ``tools/plot_pck.py`` draws, and for each person's joints within the threshold and
            those that count.
        collect_device, prefix: As for MMEngine's ``BaseMetric``.

    Raises:
        ValueError: ``thr`` is not positive; predictions and annotations differ in their joints; no
            person can be evaluated.
    """

    unit = ''  # what a unit is called in messages
    name = 'PCK'
    step = 0.01  # of the curve, in units
    left_out: Sequence[int] = ()  # joints that never count

    def __init__(
        self,
        thr: float,
        out_file: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        if not thr > 0:
            raise ValueError(f'thr={thr} must be positive, in units of the {self.unit}')
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thr = thr
        self.out_file = out_file

    def length(self, truth: np.ndarray, labelled: np.ndarray, instance: dict) -> float:
        """Length in px of a person's unit, 0 where there is none.

        Args:
            truth: ``(K, 2)`` annotated joints.
            labelled: ``(K,)`` bool.
            instance: all that ``gt_instances`` holds.
        """
        raise NotImplementedError

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Collect normalised errors of a batch."""
        for sample in data_samples:
            instance = sample['gt_instances']
            truth = np.asarray(instance['keypoints'][0], dtype=np.float64)[:, :2]
            found = np.asarray(sample['pred_instances']['keypoints'][0], dtype=np.float64)[:, :2]
            if truth.shape != found.shape:
                raise ValueError(f'{len(found)} joints predicted, {len(truth)} annotated')
            if max(self.left_out, default=-1) >= len(truth):
                raise ValueError(f'{type(self).__name__} is not for {len(truth)} joints')
            labelled = np.asarray(instance['keypoints_visible']).reshape(len(truth), -1)[:, 0] > 0
            length = self.length(truth, labelled, instance)
            labelled[list(self.left_out)] = False
            errors = np.linalg.norm(truth - found, axis=1) / length if length > 0 else None
            self.results.append((errors, labelled))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Pool the collected errors."""
        usable = [(errors, labelled) for errors, labelled in results if errors is not None]
        if len(usable) < len(results):
            message = f'{len(results) - len(usable)} persons without a {self.unit} left out'
            print_log(f'{type(self).__name__}: {message}', logger='current', level=logging.WARNING)
        if not usable:
            raise ValueError(f'no person with an annotated {self.unit} to evaluate')
        errors, labelled = (np.stack(column) for column in zip(*usable, strict=True))
        thresholds = np.linspace(0, self.thr, max(round(self.thr / self.step), 1) + 1)
        curve = 100 * pck_curve(errors, labelled, thresholds + 1e-9)
        if self.out_file is not None:
            Path(self.out_file).parent.mkdir(parents=True, exist_ok=True)
            content = dict(unit=self.unit, thresholds=thresholds.tolist(), pck=curve.tolist())
            right = labelled & (errors <= self.thr + 1e-9)
            content |= dict(right=right.sum(1).tolist(), counted=labelled.sum(1).tolist())
            Path(self.out_file).write_text(json.dumps(content) + '\n')
        metrics = {self.name: curve[-1], 'AUC': curve.mean()}
        for name, joints in self._joint_groups(errors.shape[1]).items():
            (share,) = pck_curve(errors[:, joints], labelled[:, joints], thresholds[-1:] + 1e-9)
            metrics[f'{name} {self.name}'] = 100 * share
        return {name: float(value) for name, value in metrics.items()} | self.further(
            errors, labelled
        )

    def further(self, errors: np.ndarray, labelled: np.ndarray) -> dict[str, float]:
        """Figures beyond the usual; ``errors`` and ``labelled`` are ``(N, K)``."""
        return {}

    def _joint_groups(self, count: int) -> dict[str, list[int]]:
        names = (self.dataset_meta or {}).get('keypoint_id2name', {})
        groups: dict[str, list[int]] = {}
        for joint in set(range(count)) - set(self.left_out):
            name = names.get(joint, f'joint {joint}')
            groups.setdefault(name.removeprefix('left_').removeprefix('right_'), []).append(joint)
        return groups


@METRICS.register_module()
class TorsoPCK(NormalisedPCK):
    """PCK in torsos, in person-centric LSP joints.

    The torso is the distance from ``torso[0]`` (left shoulder) to ``torso[1]`` (right hip).
    MMPose's ``norm_item='torso'`` is JHMDB's and measures between other joints.

    Args:
        thr: Threshold in torso lengths.
        torso: Indices of the two joints that define the torso.
        kwargs: Further arguments, and errors, of :class:`NormalisedPCK`.

    Reports, in percent: ``PCK`` pooled over joints; ``AUC``, the mean of PCK over 0, 0.01, ...,
    thr; and ``<joint> PCK``, left and right together.
    """

    default_prefix = 'lsp'
    unit = 'torso'

    def __init__(self, thr: float = 0.2, torso: Sequence[int] = (9, 2), **kwargs: Any) -> None:
        if len(torso) != 2:
            raise ValueError(f'torso={tuple(torso)} must name two joints')
        super().__init__(thr, **kwargs)
        self.torso = tuple(torso)

    def length(self, truth: np.ndarray, labelled: np.ndarray, instance: dict) -> float:
        """Distance of the two joints, 0 where one of them is not annotated."""
        if not all(0 <= joint < len(truth) for joint in self.torso):
            raise ValueError(f'torso={self.torso} names joints beyond the {len(truth)} given')
        first, second = self.torso
        both = labelled[first] and labelled[second]
        return float(np.linalg.norm(truth[first] - truth[second])) if both else 0.0


@METRICS.register_module()
class PCKh(NormalisedPCK):
    """PCK in head sizes, the measure of MPII.

    Predictions are compared with the annotations as the data set gives them: a perfect predictor
    scores 100 at any threshold. MMPose's ``MpiiPCKAccuracy`` adds a pixel to predictions, while its
    ``MpiiDataset`` trains on joints that already have it: there a perfect predictor is 1.4 px off.

    Args:
        thr: Threshold in head sizes (0.6 of the head box's diagonal).
        kwargs: Further arguments, and errors, of :class:`NormalisedPCK`.

    Reports, in percent, pooled over all joints but pelvis and thorax: ``PCKh``; ``PCKh@0.1``;
    ``AUC``, the mean of PCKh over 0, 0.01, ..., thr; and ``<joint> PCKh``, left and right
    together.
    """

    default_prefix = 'mpii'
    unit = 'head'
    name = 'PCKh'
    left_out = (6, 7)

    def __init__(self, thr: float = 0.5, **kwargs: Any) -> None:
        super().__init__(thr, **kwargs)

    def length(self, truth: np.ndarray, labelled: np.ndarray, instance: dict) -> float:
        """``head_size`` of the data set."""
        if 'head_size' not in instance:
            raise ValueError(
                'gt_instances has no head_size: LipDataset gives one, MpiiDataset with its '
                'headbox_file in test_mode'
            )
        return float(np.asarray(instance['head_size']).reshape(-1)[0])

    def further(self, errors: np.ndarray, labelled: np.ndarray) -> dict[str, float]:
        """PCKh at 0.1."""
        return {'PCKh@0.1': 100 * float(pck_curve(errors, labelled, np.array([0.1 + 1e-9]))[0])}
