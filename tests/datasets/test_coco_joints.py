"""Joints, pairs and skeleton read off a COCO-format file; the page on fine-tuning, run."""

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

import mmpose_sat.datasets  # noqa: F401 - registers
from mmpose_sat.datasets import CocoJointsDataset

ROOT = Path(__file__).parents[2]
JOINTS = ['nose', 'LeftHand', 'RightHand', 'left_foot', 'right_foot']


def write(path, joints=JOINTS, people=2, **category):
    path.parent.mkdir(exist_ok=True)
    (path.parent / 'images').mkdir(exist_ok=True)
    images, annotations = [], []
    for i in range(people):
        image = np.full((90, 60, 3), 40 * i, np.uint8)
        cv2.imwrite(str(path.parent / 'images' / f'{i}.png'), image)
        images.append(dict(id=i, file_name=f'images/{i}.png', width=60, height=90))
        points = [value for j in range(len(joints)) for value in (10 + 8 * j, 20 + 10 * j, 2)]
        annotations.append(
            dict(id=i, image_id=i, category_id=1, bbox=[5, 5, 50, 80], area=4000, iscrowd=0,
                 num_keypoints=len(joints), keypoints=points)
        )  # fmt: skip
    kind = dict(id=1, name='person', keypoints=joints, **category)
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=[kind])))


def test_joints_pairs_and_skeleton(tmp_path):
    write(tmp_path / 'a.json', skeleton=[[1, 2], [1, 3]])
    dataset = CocoJointsDataset(ann_file='a.json', data_root=str(tmp_path))
    assert len(dataset) == 2 and dataset[0]['keypoints'].shape == (1, 5, 2)
    info = dataset.metainfo
    assert [info['keypoint_id2name'][i] for i in range(5)] == JOINTS
    assert info['flip_indices'] == [0, 2, 1, 4, 3]
    assert info['skeleton_links'] == [(0, 1), (0, 2)]
    named = CocoJointsDataset(ann_file=str(tmp_path / 'a.json'), pairs=[('nose', 'left_foot')])
    assert named.metainfo['flip_indices'] == [3, 1, 2, 0, 4]


@pytest.mark.parametrize(
    ('joints', 'pairs', 'flipped'),
    [
        (['l_hand', 'r_hand', 'L.Ear', 'R.Ear'], None, [1, 0, 3, 2]),
        (['LEFT hand', 'RIGHT hand', 'heel', 'hair'], None, [1, 0, 2, 3]),
        (['stem', 'tip'], (), [0, 1]),
        (['f_l_paw', 'f_r_paw', 'r_l_paw', 'r_r_paw'], None, [1, 0, 3, 2]),  # front and rear
    ],
)
def test_sides(tmp_path, joints, pairs, flipped):
    write(tmp_path / 'a.json', joints)
    with warnings.catch_warnings(action='error', category=UserWarning):
        dataset = CocoJointsDataset(str(tmp_path / 'a.json'), pairs=pairs)
    assert dataset.metainfo['flip_indices'] == flipped


def test_joints_without_sides_are_told(tmp_path):
    write(tmp_path / 'a.json', ['handLeft', 'hand'])
    with pytest.warns(UserWarning, match=r"\['handLeft'\] have no counterpart .* Name all pairs"):
        CocoJointsDataset(ann_file=str(tmp_path / 'a.json'))
    write(tmp_path / 'a.json', ['wrist', 'hand'], skeleton=None)
    with pytest.warns(UserWarning, match=r'no joint of .* has one that differs in left and right'):
        CocoJointsDataset(ann_file=str(tmp_path / 'a.json'))


def changed(path, part, **changes):
    """Write a file whose last image or person has other values; ``None`` for none."""
    write(path)
    content = json.loads(path.read_text())
    entry = content[part][-1] | changes
    content[part][-1] = {key: value for key, value in entry.items() if value is not None}
    path.write_text(json.dumps(content))
    return str(path)


@pytest.mark.parametrize(
    ('part', 'changes', 'message'),
    [
        ('images', dict(width=None), r'id 1 has an image without width or height.*1\.png'),
        ('images', dict(id='b'), 'images need an id, a whole number'),
        ('annotations', dict(id=None), 'annotations need an id, a whole number'),
        ('annotations', dict(keypoints=[1, 2] * 5), r'10 numbers in keypoints: 5 joints have 15'),
        ('annotations', dict(keypoints=[[1, 2], [3]]), 'other than numbers'),
        (
            'annotations',
            dict(keypoints=[float('nan'), 2, 2] * 5),
            'labelled keypoints that are not finite',
        ),
        ('annotations', dict(bbox=[float('nan')] * 4), r'id 1 has bbox=\[nan, nan'),
        ('annotations', dict(bbox=[1, 2]), 'not x, y, width, height in px'),
    ],
)
def test_broken_annotations_are_named(tmp_path, part, changes, message):
    path = changed(tmp_path / 'a.json', part, **changes)
    with pytest.raises(ValueError, match=message):
        CocoJointsDataset(path)


def test_a_person_without_a_box_has_that_of_the_joints(tmp_path):
    path = changed(tmp_path / 'a.json', 'annotations', bbox=None, keypoints=[float('nan'), 0, 0] + [
        value for j in range(4) for value in (10 + 8 * j, 20 + 10 * j, 2)
    ])  # fmt: skip
    assert CocoJointsDataset(path)[1]['bbox'].tolist() == [[9, 19, 35, 51]]
    one = [10, 20, 2] + [0, 0, 0] * 4
    for bbox in ([], [0, 0, 0, 0]):
        path = changed(
            tmp_path / 'a.json', 'annotations', bbox=bbox, keypoints=one, num_keypoints=1
        )
        assert CocoJointsDataset(path)[1]['bbox'].tolist() == [[9, 19, 11, 21]]


@pytest.mark.parametrize(
    'changes',
    [
        dict(keypoints=[], num_keypoints=0),  # of another category
        dict(image_id=7),  # of a file whose images have been thinned out
        dict(keypoints=[0] * 15, num_keypoints=0, bbox=[]),
    ],
)
def test_others_are_left_out(tmp_path, changes):
    assert len(CocoJointsDataset(changed(tmp_path / 'a.json', 'annotations', **changes))) == 1


def test_joints_in_triples_are_joints_too(tmp_path):
    triples = [[10 + 8 * j, 20 + 10 * j, 2] for j in range(5)]
    path = changed(tmp_path / 'a.json', 'annotations', keypoints=triples)
    assert CocoJointsDataset(path)[1]['keypoints'][0, 4].tolist() == [42, 60]


def test_a_file_without_people_is_refused(tmp_path):
    write(tmp_path / 'a.json', people=0)
    with pytest.raises(ValueError, match=r'a\.json holds nobody to learn from'):
        CocoJointsDataset(str(tmp_path / 'a.json'))


def test_joints_with_several_counterparts_are_refused(tmp_path):
    eyes = [
        f'{eye}_eye_{corner}_corner' for eye in ('left', 'right') for corner in ('left', 'right')
    ]
    write(tmp_path / 'a.json', eyes)
    with pytest.raises(ValueError, match=r"'left_eye_left_corner' may be exchanged with .* or "):
        CocoJointsDataset(ann_file=str(tmp_path / 'a.json'))
    pairs = [(eyes[0], eyes[3]), (eyes[1], eyes[2])]
    mirrored = CocoJointsDataset(ann_file=str(tmp_path / 'a.json'), pairs=pairs)
    assert mirrored.metainfo['flip_indices'] == [3, 2, 1, 0]


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
    for pairs in ([('nose', 'LeftHand'), ('nose', 'RightHand')], [('nose', *JOINTS[1:3])]):
        with pytest.raises(ValueError, match='pairs must be of two joints, each joint in one'):
            CocoJointsDataset(ann_file=str(path), pairs=pairs)
    write(path, ['a', 'a'])
    with pytest.raises(ValueError, match='names of joints must differ'):
        CocoJointsDataset(ann_file=str(path))
    write(path, skeleton=[[0, 1]])
    with pytest.raises(ValueError, match=r'counts joints from 1 to 5, it has \[0, 1\]'):
        CocoJointsDataset(ann_file=str(path))
    write(path)
    content = json.loads(path.read_text())
    content['categories'].append(dict(id=2, name='dog', keypoints=['tail']))
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='all categories must have the same keypoints'):
        CocoJointsDataset(ann_file=str(path))


def test_the_page_on_fine_tuning(tmp_path):
    for split in ('train', 'val'):
        write(tmp_path / 'mine' / f'{split}.json')
    page = (ROOT / 'docs' / 'finetuning.md').read_text()
    (code,) = re.findall(r'```python\n(.*?)```', page, re.DOTALL)
    assert len(code.splitlines()) <= 20
    (tmp_path / 'mine.py').write_text(code)
    config = Config.fromfile(tmp_path / 'mine.py')
    assert config.model.backbone.init_cfg.checkpoint.startswith('mmpose_sat://')
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / 'train.py', 'mine.py', '--cfg-options',
         'train_dataloader.batch_size=2', 'train_dataloader.num_workers=0',
         'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0',
         'val_dataloader.persistent_workers=False', 'train_cfg.max_epochs=1'],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'load backbone. in model from: mmpose_sat://' in done.stdout + done.stderr
    assert re.search(r'Epoch\(val\) \[1\].*PCK', done.stdout + done.stderr)
    assert list((tmp_path / 'work_dirs' / 'mine').glob('best_PCK_epoch_1.pth'))
