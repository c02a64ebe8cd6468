"""Share of people found well enough, by COCO's object keypoint similarity (OKS)."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from ..registry import METRICS

__all__ = ['OksAccuracy', 'oks']


def oks(
    found: np.ndarray, truth: np.ndarray, labelled: np.ndarray, area: float, sigmas: np.ndarray
) -> float:
    """Object keypoint similarity of one person, as the COCO keypoint evaluation defines it.

    Args:
        found: ``(K, 2)`` predicted keypoints in px.
        truth: ``(K, 2)`` annotated keypoints in px.
        labelled: ``(K,)`` bool, keypoints that count.
        area: Area of the person in px².
        sigmas: ``(K,)`` COCO's per-keypoint constants; twice their value is used.

    Returns:
        Mean of exp(-d² / (2 area (2 sigma)²)) over labelled keypoints, 0 for non-finite
        predictions; nan when no keypoint is labelled.
    """
    squared = ((found - truth) ** 2).sum(1)[labelled]
    if squared.size == 0:
        return float('nan')
    spread = 2 * (area + np.spacing(1)) * (2 * sigmas[labelled]) ** 2
    return float(np.nan_to_num(np.exp(-squared / spread)).mean())


@METRICS.register_module()
class OksAccuracy(BaseMetric):
    """Share of persons, located by their annotated box, whose OKS reaches ``thr``, in percent.

    Unlike COCO's AP it needs no scores and no ranking: it answers "how many people are right?".

    Args:
        thr: Smallest OKS that counts as right, in (0, 1].
        collect_device, prefix: As for MMEngine's ``BaseMetric``.

    Reports ``accuracy`` and ``mean`` (mean OKS) in percent, and ``persons``, their number.

    Raises:
        ValueError: ``thr`` is out of range; an annotation has no ``area``; predictions and
            annotations differ in their joints; nobody has a labelled joint.
    """

    default_prefix = 'oks'

    def __init__(
        self, thr: float = 0.5, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        if not 0 < thr <= 1:
            raise ValueError(f'thr={thr} must lie in (0, 1]')
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.thr = thr

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Collect the OKS of a batch."""
        sigmas = np.asarray(self.dataset_meta['sigmas'])
        for sample in data_samples:
            annotation = sample['raw_ann_info']
            truth = np.asarray(annotation['keypoints'], dtype=np.float64).reshape(-1, 3)
            found = np.asarray(sample['pred_instances']['keypoints'][0], dtype=np.float64)[:, :2]
            if len(found) != len(truth):
                raise ValueError(f'{len(found)} keypoints predicted, {len(truth)} annotated')
            if 'area' not in annotation:
                raise ValueError(
                    f'the annotation with id {annotation.get("id")!r} has no area, which OKS needs'
                )
            value = oks(found, truth[:, :2], truth[:, 2] > 0, annotation['area'], sigmas)
            self.results.append(value)

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        """Average over persons with at least one labelled keypoint."""
        values = np.array([value for value in results if not np.isnan(value)])
        if values.size == 0:
            raise ValueError('no person with a labelled keypoint to evaluate')
        return {
            'accuracy': float(100 * (values >= self.thr).mean()),
            'mean': float(100 * values.mean()),
            'persons': int(values.size),
        }
