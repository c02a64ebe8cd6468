"""Rendered people: pinned difficulty, the same everywhere, and read by MMPose unchanged."""

import json

import cv2
import numpy as np
import pytest

from mmpose_sat.datasets.synthetic import (
    BACK_VIEW_SHARE,
    CLUTTER,
    SEEDS,
    make_split,
    render_scene,
    sample_body,
)
from mmpose_sat.datasets.synthetic.body import SIDE_VIEW_SHARE
from mmpose_sat.datasets.synthetic.scene import OCCLUDER_SHARE


@pytest.fixture(scope='module')
def people(tmp_path_factory):
    root = tmp_path_factory.mktemp('people')
    make_split(root, 'val', 6)
    return root


def test_the_difficulty_is_pinned():
    assert SEEDS == {'train': 1, 'val': 2, 'test': 3}
    assert BACK_VIEW_SHARE == 0.35 and SIDE_VIEW_SHARE == 0.08
    assert CLUTTER == (8, 24)
    assert OCCLUDER_SHARE == 0.3


def test_views_have_their_share_and_their_sides():
    bodies = [sample_body(np.random.default_rng(i)) for i in range(1000)]
    views = np.array([body.view for body in bodies])
    assert abs((views == 'back').mean() - BACK_VIEW_SHARE) < 0.03
    # Seen from the front the left shoulder is to the right of the image, from behind to the left.
    sideways = np.array(
        [(b.points['left_shoulder'] - b.points['right_shoulder'])[0] for b in bodies]
    )
    assert (sideways[views == 'front'] > 0).mean() > 0.99
    assert (sideways[views == 'back'] < 0).mean() > 0.99


def test_limbs_keep_their_length():
    for seed in range(50):
        points = sample_body(np.random.default_rng(seed)).points
        for side in ('left', 'right'):
            thigh = np.linalg.norm(points[f'{side}_hip'] - points[f'{side}_knee'])
            forearm = np.linalg.norm(points[f'{side}_elbow'] - points[f'{side}_wrist'])
            assert thigh == pytest.approx(0.235) and forearm == pytest.approx(0.145)


def test_a_seed_draws_the_same_scene_in_any_process(people, tmp_path):
    again = make_split(tmp_path, 'val', 6, workers=2)
    first = people / 'annotations' / 'val.json'
    assert json.loads(again.read_text()) == json.loads(first.read_text())
    for path in (people / 'val').iterdir():
        assert np.array_equal(cv2.imread(str(path)), cv2.imread(str(tmp_path / 'val' / path.name)))


def test_labels_fit_the_picture():
    for seed in range(8):
        scene = render_scene(np.random.default_rng(seed))
        height, width = scene.image.shape[:2]
        for person in scene.people:
            x, y, w, h = person.box
            assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
            assert 0 < person.area <= w * h
            labelled = person.keypoints[person.keypoints[:, 2] > 0]
            assert len(labelled) >= 10
            assert (labelled[:, :2] >= (x - 2, y - 2)).all()
            assert (labelled[:, :2] <= (x + w + 2, y + h + 2)).all()
            assert (person.keypoints[person.keypoints[:, 2] == 0] == 0).all()


def test_the_face_is_labelled_only_when_it_can_be_seen():
    views = {'front': [], 'back': []}
    for seed in range(25):
        for person in render_scene(np.random.default_rng(seed)).people:
            if person.view in views:
                views[person.view].append(person.keypoints[0, 2] > 0)
    assert np.mean(views['front']) > 0.8
    assert np.mean(views['back']) < 0.1


def test_mmpose_reads_and_scores_it_unchanged(people):
    from mmengine.registry import init_default_scope
    from mmpose.evaluation import CocoMetric
    from mmpose.registry import DATASETS

    init_default_scope('mmpose')
    dataset = DATASETS.build(
        dict(
            type='CocoDataset',
            data_root=str(people),
            ann_file='annotations/val.json',
            data_prefix=dict(img='val/'),
            test_mode=True,
            pipeline=[dict(type='LoadImage')],
        )
    )
    metric = CocoMetric(ann_file=str(people / 'annotations' / 'val.json'))
    metric.dataset_meta = dataset.metainfo
    for person in dataset:
        assert person['img'].shape == (240, 320, 3)
        found = dict(
            keypoints=person['keypoints'],
            keypoint_scores=np.ones((1, 17)),
            bbox_scores=np.ones(1),
        )
        sample = dict(
            id=person['id'],
            img_id=person['img_id'],
            pred_instances=found,
            gt_instances=dict(bbox_scales=np.array([[100.0, 100.0]])),
        )
        metric.process([], [sample])
    assert metric.evaluate(len(dataset))['coco/AP'] == pytest.approx(1)


def test_annotations_of_others_are_not_replaced(tmp_path):
    path = tmp_path / 'annotations' / 'val.json'
    path.parent.mkdir()
    path.write_text('{"images": []}')
    with pytest.raises(ValueError, match=r'holds annotations of other people: .*val.json'):
        make_split(tmp_path, 'val', 1)
    assert path.read_text() == '{"images": []}'


def test_a_split_that_is_there_is_kept(people):
    path = people / 'annotations' / 'val.json'
    before = path.stat().st_mtime_ns
    assert make_split(people, 'val', 6).stat().st_mtime_ns == before


@pytest.mark.parametrize(('split', 'images'), [('holdout', 3), ('val', 0)])
def test_bad_arguments_are_refused(tmp_path, split, images):
    with pytest.raises(ValueError, match='must be'):
        make_split(tmp_path, split, images)
