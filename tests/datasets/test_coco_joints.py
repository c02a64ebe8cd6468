"""Joints, pairs and skeleton read off a COCO-format file; the page on fine-tuning, run."""

import json

import cv2
import numpy as np
import pytest

import mmpose_sat.datasets  # noqa: F401 - registers
from mmpose_sat.datasets import CocoJointsDataset

JOINTS = ['nose', 'LeftHand', 'RightHand', 'left_foot', 'right_foot']


def write(path, joints=JOINTS, people=2, **category):
    path.parent.mkdir(exist_ok=True)
    (path.parent / 'images').mkdir(exist_ok=True)
    images, annotations = [], []
    for i in range(people):
        cv2.imwrite(
            str(path.parent / 'images' / f'{i}.png'), np.full((90, 60, 3), 40 * i, np.uint8)
        )
        images.append(dict(id=i, file_name=f'{i}.png', width=60, height=90))
        points = [value for j in range(len(joints)) for value in (10 + 8 * j, 20 + 10 * j, 2)]
        annotations.append(
            dict(id=i, image_id=i, category_id=1, bbox=[5, 5, 50, 80], area=4000, iscrowd=0,
                 num_keypoints=len(joints), keypoints=points)
        )  # fmt: skip
    kind = dict(id=1, name='person', keypoints=joints, **category)
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=[kind])))


def test_joints_pairs_and_skeleton(tmp_path):
    write(tmp_path / 'a.json', skeleton=[[1, 2], [1, 3]])
    dataset = CocoJointsDataset(
        ann_file='a.json', data_root=str(tmp_path), data_prefix=dict(img='images')
    )
    assert len(dataset) == 2 and dataset[0]['keypoints'].shape == (1, 5, 2)
    info = dataset.metainfo
    assert [info['keypoint_id2name'][i] for i in range(5)] == JOINTS
    assert info['flip_indices'] == [0, 2, 1, 4, 3]
    assert info['skeleton_links'] == [(0, 1), (0, 2)]
    named = CocoJointsDataset(ann_file=str(tmp_path / 'a.json'), pairs=[('nose', 'left_foot')])
    assert named.metainfo['flip_indices'] == [3, 1, 2, 0, 4]


def test_bad_files_are_named(tmp_path):
    path = tmp_path / 'a.json'
    with pytest.raises(FileNotFoundError, match=r'a.json'):
        CocoJointsDataset(ann_file=str(path))
    for content in ('no json', '[]', '{"categories": []}', '{"categories": [{"name": "dog"}]}'):
        path.write_text(content)
        with pytest.raises(ValueError, match=r'a.json is no COCO keypoint annotation'):
            CocoJointsDataset(ann_file=str(path))
    write(path)
    with pytest.raises(ValueError, match=r"pairs names \['hand'\].*joints \['nose'"):
        CocoJointsDataset(ann_file=str(path), pairs=[('hand', 'nose')])
    content = json.loads(path.read_text())
    content['categories'].append(dict(id=2, name='dog', keypoints=['tail']))
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='all categories must have the same keypoints'):
        CocoJointsDataset(ann_file=str(path))
