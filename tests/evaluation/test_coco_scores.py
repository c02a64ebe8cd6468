"""Scores from heatmaps give COCO's AP something to rank by; MMPose's constant ones do not."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import DATASETS

from mmpose_sat.codecs import from_pixels
from mmpose_sat.models.layers.heatmaps import expectation, local_mass, log_gaussian


@pytest.fixture
def people(data_root):
    init_default_scope('mmpose')
    dataset = DATASETS.build(
        dict(
            type='CocoDataset', data_root=str(data_root / 'coco_mini'), data_mode='topdown',
            ann_file='person_keypoints.json', data_prefix=dict(img='images/'), test_mode=True,
        )
    )  # fmt: skip
    return [dataset[i] for i in range(len(dataset))], dataset.metainfo


def average_precision(people, metainfo, found, scores, path):
    metric = CocoMetric(str(path), nms_mode='none', score_mode='keypoint')
    metric.dataset_meta = metainfo
    for person, joints, score in zip(people, found, scores, strict=True):
        instance = dict(
            keypoints=joints[None], keypoint_scores=score[None], keypoints_visible=score[None],
            bbox_scores=np.ones(1), bboxes=person['bbox'],
        )  # fmt: skip
        truth = dict(bbox_scales=person['bbox'][:, 2:] - person['bbox'][:, :2])
        keys = ('id', 'img_id', 'category_id')
        sample = {key: person[key] for key in keys if key in person}
        metric.process({}, [sample | dict(pred_instances=instance, gt_instances=truth)])
    return metric.evaluate(len(people))['coco/AP']


def test_sure_heatmaps_rank_before_unsure_ones(people, data_root):
    """Every other person is seen by peaked heatmaps, the rest by nearly flat ones."""
    people, metainfo = people
    found, sure = [], []
    for index, person in enumerate(people):
        x0, y0, x1, y1 = person['bbox'][0]
        size = np.array([x1 - x0, y1 - y0])
        inside = from_pixels(person['keypoints'][0] - [x0, y0], size).clip(-0.99, 0.99)
        # Of the rest, joints of a person upside down, and unsure of it.
        places = torch.tensor(inside[None] * (1 if index % 2 else -1), dtype=torch.float32)
        heatmaps = log_gaussian(places, (64, 48), 1.0 if index % 2 else 12.0).exp()
        heatmaps = heatmaps / heatmaps.sum((2, 3), keepdim=True)
        coordinates = expectation(heatmaps)
        sure.append(local_mass(heatmaps, coordinates)[0].numpy())
        found.append(((coordinates[0].numpy() + 1) * size - 1) / 2 + [x0, y0])
    ann_file = data_root / 'coco_mini' / 'person_keypoints.json'
    ranked = average_precision(people, metainfo, found, sure, ann_file)
    ones = [np.ones_like(score) for score in sure]
    unranked = average_precision(people, metainfo, found, ones, ann_file)
    assert ranked > unranked + 0.1
