"""OKS against the COCO evaluation's own code."""

import numpy as np
import pytest
from xtcocotools.cocoeval import COCOeval

from mmpose_sat.evaluation import OksAccuracy, oks

SIGMAS = np.array([0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062,
                   0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089])  # fmt: skip


def test_equals_cocoeval():
    rng = np.random.default_rng(0)
    for _ in range(20):
        truth = rng.uniform(0, 100, (17, 2))
        found = truth + rng.normal(0, 6, (17, 2))
        visible = rng.integers(0, 3, 17)
        visible[0] = 2
        area = rng.uniform(500, 5000)
        evaluation = COCOeval(iouType='keypoints', sigmas=SIGMAS)
        evaluation.params.catIds, evaluation.params.useCats = [1], 1
        flat = np.column_stack((truth, visible)).ravel().tolist()
        evaluation._gts[1, 1] = [dict(keypoints=flat, area=area, bbox=[0, 0, 100, 100])]
        scored = np.column_stack((found, np.ones(17))).ravel().tolist()
        evaluation._dts[1, 1] = [dict(keypoints=scored, score=1.0, area=area)]
        expected = evaluation.computeOks(1, 1)[0, 0]
        assert oks(found, truth, visible > 0, area, SIGMAS) == pytest.approx(expected, abs=1e-12)


def evaluate(errors, **annotation):
    metric = OksAccuracy()
    metric.dataset_meta = dict(sigmas=SIGMAS)
    truth = np.column_stack((np.full((17, 2), 50.0), np.full(17, 2)))
    people = [
        dict(
            raw_ann_info=dict(keypoints=truth.ravel().tolist(), id=7, **annotation),
            pred_instances=dict(keypoints=truth[None, :, :2] + error),
        )
        for error in errors
    ]
    metric.process({}, people)
    return metric.evaluate(len(people))


def test_accuracy_is_the_share_of_people():
    result = evaluate([0, 0, 1000], area=1000.0)
    assert result['oks/accuracy'] == pytest.approx(200 / 3)
    assert result['oks/mean'] == pytest.approx(200 / 3)
    assert result['oks/persons'] == 3


def test_what_is_no_number_is_wrong():
    result = evaluate([0, np.nan], area=1000.0)
    assert (result['oks/accuracy'], result['oks/persons']) == (50, 2)


def test_bad_threshold_is_named():
    with pytest.raises(ValueError, match=r'thr=1\.5'):
        OksAccuracy(thr=1.5)


def test_people_without_an_area_are_named():
    with pytest.raises(ValueError, match='id 7 has no area'):
        evaluate([0])
