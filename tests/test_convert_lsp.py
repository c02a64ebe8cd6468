"""Annotation files of Leeds Sports Pose are made from what its archives hold."""

import json

import cv2
import numpy as np
from mmengine.config import Config
from mmpose.registry import DATASETS
from scipy.io import savemat


def archive(folder, joints):
    (folder / 'images').mkdir(parents=True)
    savemat(folder / 'joints.mat', dict(joints=joints))
    for number in range(joints.shape[2]):
        cv2.imwrite(str(folder / f'images/im{number + 1:05}.jpg'), np.zeros((160, 120, 3), 'u1'))


def test_files_are_those_of_the_data_set(run_tool, data_root, tmp_path):
    (tmp_path / 'images').symlink_to(data_root / 'lsp' / 'images')
    (tmp_path / 'joints.mat').symlink_to(data_root / 'lsp' / 'joints.mat')
    assert run_tool('convert_lsp.py', tmp_path).returncode == 0
    for name in ('lsp_train.json', 'lsp_test.json'):
        ours, theirs = (
            json.loads((root / 'annotations' / name).read_text())
            for root in (tmp_path, data_root / 'lsp')
        )
        assert ours['images'] == theirs['images']
        for key in ('keypoints', 'bbox'):
            one, other = ([a[key] for a in part['annotations']] for part in (ours, theirs))
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_extension_keeps_people_with_enough_joints(run_tool, tmp_path):
    joints = np.ones((14, 3, 2))
    joints[:, 0, :], joints[:, 1, :] = np.linspace(20, 60, 14)[:, None], 30
    joints[4:6, :, 0], joints[:9, :, 1] = 0, 0
    archive(tmp_path / 'lspet', joints)
    assert run_tool('convert_lsp.py', tmp_path / 'lspet').returncode == 0
    data = Config.fromfile('configs/_base_/data/lsp_lspet.py').train_dataloader.dataset.datasets[1]
    (person,) = DATASETS.build(data | dict(data_root=str(tmp_path)))
    assert person['keypoints_visible'].sum() == 12
    np.testing.assert_allclose(person['bbox'], [[15, 26, 65, 34]])


def test_archives_that_do_not_fit_are_named(run_tool, tmp_path):
    archive(tmp_path / 'a', np.ones((3, 14, 2)))
    (tmp_path / 'a/images/im00001.jpg').unlink()
    result = run_tool('convert_lsp.py', tmp_path / 'a')
    assert result.returncode == 2 and '1 images, joints.mat has 2 people' in result.stderr
    (tmp_path / 'a/images/im00001.jpg').write_bytes(b'broken')
    result = run_tool('convert_lsp.py', tmp_path / 'a')
    assert result.returncode == 2 and 'im00001.jpg' in result.stderr
    archive(tmp_path / 'b', np.ones((3, 13, 2)))
    result = run_tool('convert_lsp.py', tmp_path / 'b')
    assert result.returncode == 2 and r'got (3, 13, 2)' in result.stderr
