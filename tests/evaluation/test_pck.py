"""PCK in torsos and heads, in closed form."""

import json

import cv2
import numpy as np
import pytest
from mmpose.evaluation.metrics import MpiiPCKAccuracy

from mmpose_sat.evaluation import PCKh, TorsoPCK, pck_curve


def sample(errors, torso=10.0, labelled=None):
    """A person whose torso is ``torso`` px long and whose joints miss by ``errors`` px."""
    truth = np.zeros((1, 14, 2))
    truth[0, 9] = torso, 0
    found = truth.copy()
    found[0, :, 1] += errors
    visible = np.ones((1, 14)) if labelled is None else np.asarray(labelled, float)[None]
    return dict(
        gt_instances=dict(keypoints=truth, keypoints_visible=visible),
        pred_instances=dict(keypoints=found),
    )


def evaluate(samples, **arguments):
    metric = TorsoPCK(**arguments)
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_thresholds_are_inclusive_and_in_torsos():
    errors = np.zeros(14)
    errors[:7] = 2.0, 2.01, 3, 4, 1.99, 100, 1
    assert evaluate([sample(errors)])['lsp/PCK'] == pytest.approx(100 * 10 / 14)
    assert evaluate([sample(errors, torso=20.1)])['lsp/PCK'] == pytest.approx(100 * 13 / 14)


def test_auc_is_the_mean_over_thresholds():
    assert evaluate([sample(np.zeros(14))])['lsp/AUC'] == pytest.approx(100)
    # Right from 0.1 torsos on: 11 of the 21 thresholds 0, 0.01, ..., 0.2.
    assert evaluate([sample(np.full(14, 1.0))])['lsp/AUC'] == pytest.approx(100 * 11 / 21)


def test_all_annotated_joints_count_and_no_others():
    errors, labelled = np.zeros(14), np.ones(14)
    errors[0] = 50
    assert evaluate([sample(errors)])['lsp/PCK'] == pytest.approx(100 * 13 / 14)
    labelled[0] = 0
    assert evaluate([sample(errors, labelled=labelled)])['lsp/PCK'] == 100


def test_joint_groups_average_left_and_right():
    metric = TorsoPCK()
    from mmpose_sat.datasets import LspDataset

    metric.dataset_meta = LspDataset(lazy_init=True).metainfo
    errors = np.zeros(14)
    errors[6] = 99  # right wrist
    metric.process({}, [sample(errors)])
    result = metric.evaluate(1)
    assert result['lsp/wrist PCK'] == 50 and result['lsp/head_top PCK'] == 100


def test_people_without_a_torso_are_left_out():
    people = [sample(np.full(14, 99.0), torso=0.0), sample(np.zeros(14))]
    assert evaluate(people)['lsp/PCK'] == 100
    with pytest.raises(ValueError, match='no person with an annotated torso'):
        evaluate(people[:1])


def test_curve_of_nothing_is_nan():
    assert np.isnan(pck_curve(np.ones((1, 2)), np.zeros((1, 2), bool), np.array([1.0]))).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='thr=0'):
        TorsoPCK(thr=0)
    person = sample(np.zeros(14))
    person['pred_instances']['keypoints'] = np.zeros((1, 17, 2))
    with pytest.raises(ValueError, match='17 joints predicted, 14 annotated'):
        evaluate([person])
    for torso in ((9, 14), (9, -30)):
        with pytest.raises(ValueError, match=rf'torso=\(9, {torso[1]}\)'):
            evaluate([sample(np.zeros(14))], torso=torso)
    person = sample(np.zeros(14)) | mpii_sample(0)
    for part in ('gt_instances', 'pred_instances'):
        person[part] = {key: value[:, :5] for key, value in person[part].items()}
    with pytest.raises(ValueError, match='PCKh is not for 5 joints'):
        PCKh().process({}, [person])


def mpii_sample(shift, head=20.0):
    truth = np.random.default_rng(0).uniform(0, 200, (1, 16, 2))
    return dict(
        gt_instances=dict(
            keypoints=truth, keypoints_visible=np.ones((1, 16)), head_size=np.array([[head]])
        ),
        pred_instances=dict(keypoints=truth + shift),
    )


def test_a_perfect_predictor_scores_as_one():
    metric = PCKh()
    metric.process({}, [mpii_sample(0)])
    scores = metric.evaluate(1)
    assert scores['mpii/PCKh'] == scores['mpii/PCKh@0.1'] == scores['mpii/AUC'] == 100
    assert 'mpii/joint 6 PCKh' not in scores and scores['mpii/joint 5 PCKh'] == 100
    theirs = MpiiPCKAccuracy()
    theirs.process([dict(inputs=None)], [mpii_sample(0, head=14.0)])
    assert theirs.evaluate(1)['PCK@0.1'] == 0  # 1.41 px off


def test_pckh_counts_heads():
    metric = PCKh()
    # 4 px are 0.2 of a head: within from 0.2 on, 31 of the 51 thresholds.
    metric.process({}, [mpii_sample(np.array([4.0, 0]))])
    scores = metric.evaluate(1)
    assert scores['mpii/PCKh'] == 100 and scores['mpii/PCKh@0.1'] == 0
    assert scores['mpii/AUC'] == pytest.approx(100 * 31 / 51)


def test_pelvis_and_thorax_do_not_count():
    person = mpii_sample(0)
    person['pred_instances']['keypoints'] = person['pred_instances']['keypoints'].copy()
    person['pred_instances']['keypoints'][0, [6, 7]] += 500
    metric = PCKh()
    metric.process({}, [person])
    assert metric.evaluate(1)['mpii/AUC'] == 100


def test_the_curve_can_be_kept_and_drawn(tmp_path, run_tool):
    for name, shift in (('exact', 0), ('near', 3.0)):
        metric = PCKh(out_file=str(tmp_path / f'{name}.json'))
        metric.process({}, [mpii_sample(shift)])
        auc = metric.evaluate(1)['mpii/AUC']
        curve = json.loads((tmp_path / f'{name}.json').read_text())
        assert np.mean(curve['pck']) == pytest.approx(auc)
        assert curve['thresholds'][-1] == 0.5 and curve['unit'] == 'head'
    out = tmp_path / 'pck.png'
    curves = [f'{name}={tmp_path / name}.json' for name in ('exact', 'near')]
    assert 'tell them apart, LABEL=PATH' in run_tool('plot_pck.py', curves[0], curves[0]).stderr
    result = run_tool('plot_pck.py', *curves, '--out', out)
    assert result.returncode == 0 and cv2.imread(str(out)).std() > 5


def test_pckh_needs_head_sizes():
    person = mpii_sample(0)
    del person['gt_instances']['head_size']
    with pytest.raises(ValueError, match='headbox_file'):
        PCKh().process({}, [person])
