"""LspDataset: splits, flip pairs, refusals, and the real data where it is at hand."""

import copy
import json

import numpy as np
import pytest

from mmpose_sat.datasets import CombinedLspDataset, LspDataset

PERSON = dict(
    id=1, image_id=1, category_id=1, iscrowd=0, area=100.0, bbox=[0, 0, 10, 10],
    num_keypoints=14, keypoints=[5.0, 5.0, 2] * 13 + [6.0, 6.0, 1],
)  # fmt: skip
FILE = dict(
    images=[dict(id=i, file_name=f'im{i:04d}.jpg', width=20, height=20) for i in (1, 2, 3)],
    annotations=[dict(PERSON, id=i, image_id=i) for i in (1, 2, 3)],
    categories=[dict(id=1, name='person')],
)


def dataset(tmp_path, content=FILE, **arguments):
    path = tmp_path / 'lsp.json'
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return LspDataset(ann_file=str(path), data_prefix=dict(img=''), **arguments)


def test_id_range_is_inclusive(tmp_path):
    assert [p['img_id'] for p in dataset(tmp_path, id_range=(2, 3))] == [2, 3]
    assert len(dataset(tmp_path)) == 3


def test_occluded_joints_count_as_visible(tmp_path):
    assert dataset(tmp_path)[0]['keypoints_visible'].tolist() == [[1] * 14]


def test_metainfo():
    meta = LspDataset(lazy_init=True).metainfo
    names = [meta['keypoint_id2name'][i] for i in range(14)]
    assert names[0] == 'right_ankle' and names[9] == 'left_shoulder' and names[13] == 'head_top'
    pairs = {(0, 5), (1, 4), (2, 3), (6, 11), (7, 10), (8, 9)}
    assert {tuple(sorted(pair)) for pair in meta['flip_pairs']} == pairs
    for a, b in meta['flip_pairs']:
        assert names[a].split('_')[1:] == names[b].split('_')[1:]
    assert len(meta['sigmas']) == len(meta['dataset_keypoint_weights']) == 14


def test_combined_data_keep_the_joints(tmp_path):
    parts = [dict(type='mmpose_sat.LspDataset', ann_file=dataset(tmp_path).ann_file, pipeline=[])]
    both = CombinedLspDataset(datasets=parts * 2, pipeline=[])
    assert len(both) == 6
    assert both.metainfo['flip_indices'] == LspDataset(lazy_init=True).metainfo['flip_indices']


def without(key):
    content = copy.deepcopy(FILE)
    del content[key]
    return content


@pytest.mark.parametrize(
    ('content', 'words'),
    [
        ('', 'not a COCO keypoint annotation file'),
        ('{}', 'not a COCO keypoint|no usable person'),
        ([1, 2], 'not a COCO keypoint annotation file'),
        (dict(FILE, annotations=[]), 'no usable person'),
        (dict(FILE, annotations=[dict(PERSON, num_keypoints=0)]), 'no usable person'),
        (dict(FILE, annotations=[dict(PERSON, keypoints=[5.0, 5.0, 2] * 17)]), '17 joints'),
        (without('images'), 'not a COCO keypoint annotation file|no usable person'),
    ],
)
def test_broken_annotation_files_are_named(tmp_path, content, words):
    with pytest.raises(ValueError, match=rf'lsp\.json.*({words})'):
        dataset(tmp_path, content)


def test_a_missing_file_names_the_variable(tmp_path):
    with pytest.raises(FileNotFoundError, match='MMPOSE_SAT_DATA'):
        LspDataset(ann_file=str(tmp_path / 'none.json'))


def test_empty_ranges_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'id_range=\(3, 2\)'):
        dataset(tmp_path, id_range=(3, 2))
    with pytest.raises(ValueError, match=r'image id in \(7, 9\)'):
        dataset(tmp_path, id_range=(7, 9))
    content = copy.deepcopy(FILE)
    del content['annotations'][2]  # bottom-up, an image without people stays
    nobody = dict(id_range=(3, 3), data_mode='bottomup', test_mode=True)
    with pytest.raises(ValueError, match=r'image id in \(3, 3\)'):
        dataset(tmp_path, content, **nobody)


@pytest.mark.parametrize(
    ('ann_file', 'id_range', 'count'),
    [
        ('lsp/annotations/lsp_train.json', (1, 800), 800),
        ('lsp/annotations/lsp_train.json', (801, 1000), 200),
        ('lsp/annotations/lsp_test.json', None, 1000),
        ('lspet/annotations/lspet_all14.json', None, 3939),
    ],
)
def test_real_people(data_root, ann_file, id_range, count):
    people = LspDataset(data_root=str(data_root), ann_file=ann_file, id_range=id_range)
    assert len(people) == count
    keypoints = np.concatenate([person['keypoints'] for person in people])
    assert keypoints.shape == (count, 14, 2)
    # Most people stand: heads above ankles (y grows downwards).
    assert np.median(keypoints[:, 13, 1] - keypoints[:, 0, 1]) < 0
