"""MPII's joints count from 0, as its persons' centres do."""

import json

import numpy as np
from mmpose.registry import DATASETS


def test_joints_are_moved_to_zero_based_pixels(tmp_path):
    joints = [[float(i), 100.0 + i] for i in range(16)]
    person = dict(image='000001.jpg', center=[50.0, 120.0], scale=1.0, joints=joints)
    (tmp_path / 'mpii.json').write_text(json.dumps([person | dict(joints_vis=[1] * 16)]))
    options = dict(ann_file=str(tmp_path / 'mpii.json'), data_prefix=dict(img=''))
    theirs, ours = (
        DATASETS.build(dict(type=name, **options)).get_data_info(0)
        for name in ('MpiiDataset', 'mmpose_sat.MpiiDataset')
    )
    np.testing.assert_array_equal(ours['keypoints'][0], np.array(joints) - 1)
    np.testing.assert_array_equal(theirs['keypoints'][0], joints)
    np.testing.assert_array_equal(ours['bbox_center'], theirs['bbox_center'])
