"""Human3.6M: made-up file lists, and the sample of MMPose's tests where it is."""

import pickle

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from mmpose_sat.datasets import Human36mImageDataset
from mmpose_sat.evaluation import Human36mMPJPE, distort, to_camera

CAMERA = dict(
    f=np.array([[1145.0], [1143]]), c=np.array([[512.0], [515]]),
    k=np.array([[-0.2], [0.24], [-0.003]]), p=np.array([[-0.0014], [-0.001]]),
)  # fmt: skip


def project(joints):
    rays = distort(joints[:, :2] / joints[:, 2:], CAMERA)
    return rays * CAMERA['f'].ravel() + CAMERA['c'].ravel()


@pytest.fixture
def folder(tmp_path):
    """Two subjects, two actions, frames 1, 33, 65 and 97."""
    rng = np.random.default_rng(0)
    names = [
        f'{subject}/{subject}_{action}.54138969/{subject}_{action}.54138969_{frame:06d}.jpg'
        for subject in ('S9', 'S11')
        for action in ('Eating', 'Eating_2', 'Waiting_1')
        for frame in (1, 33, 65, 97)
    ]
    joints = rng.uniform(-0.7, 0.7, (len(names), 17, 3)) + np.array([0, 0, 5.0])
    pixels = np.stack([project(pose) for pose in joints])
    ones = np.ones((len(names), 17, 1))
    np.savez(
        tmp_path / 'test.npz',
        imgname=np.array(names),
        center=pixels.mean(1),
        scale=np.full(len(names), 2.5),
        part=np.concatenate([pixels, ones], -1),
        S=np.concatenate([joints, ones], -1),
    )
    cameras = {(subject, '54138969'): CAMERA for subject in ('S9', 'S11')}
    (tmp_path / 'cameras.pkl').write_bytes(pickle.dumps(cameras))
    return tmp_path


def build(folder, **options):
    return DATASETS.build(
        dict(type='mmpose_sat.Human36mImageDataset', data_root=str(folder))
        | dict(ann_file='test.npz', camera_param_file='cameras.pkl', test_mode=True)
        | options
    )


def evaluate(people, change):
    """Metrics of predictions that are the truth, mm in the camera's system, changed."""
    metric = Human36mMPJPE()
    for person in people:
        joints = person['keypoints_cam'][0].astype(float)
        found = change(joints)
        found = np.concatenate([project(found), found[:, 2:] - joints[0, 2]], 1)
        sample = {key: person[key] for key in ('camera', 'action')}
        sample['gt_instances'] = dict(keypoints_cam=person['keypoints_cam'])
        sample['pred_instances'] = dict(keypoints=found[None])
        metric.process({}, [sample])
    return metric.evaluate(len(people))


def test_the_protocols_choose_subjects_and_frames(folder):
    assert len(build(folder)) == 24
    protocol_2 = build(folder, frame_step=64)
    assert len(protocol_2) == 12
    protocol_1 = build(folder, frame_step=64, subjects=('S11',))
    assert [protocol_1[i]['action'] for i in range(6)] == ['Eating'] * 4 + ['Waiting'] * 2
    assert all('S11' in protocol_1[i]['img_path'] for i in range(6))
    for people in (protocol_1, protocol_2):
        metrics = evaluate([people[i] for i in range(len(people))], lambda joints: joints)
        assert metrics['h36m/MPJPE'] < 1e-3 and metrics['h36m/PA-MPJPE'] < 1e-3


def test_protocol_1_trains_on_a_subject_of_the_test_file(folder):
    config = Config.fromfile('configs/integral/integral-3d-r50_140e_h36m-protocol1-256x256.py')
    people = config.train_dataloader.dataset
    for part in people.datasets:
        part.update(data_root=str(folder), ann_file='test.npz', camera_param_file='cameras.pkl')
        part.frame_step = 1
    init_default_scope('mmpose')
    samples = DATASETS.build(people | dict(pipeline=[]))
    added = [samples[i]['img_path'] for i in range(24, len(samples))]
    assert len(added) == 12 and all('S9' in path for path in added)
    assert config.val_dataloader.dataset.subjects == ('S11',)


def test_a_sample_has_a_square_box_and_depth_behind_the_root(folder):
    person = build(folder)[0]
    (x0, y0, x1, y1) = person['bbox'][0]
    np.testing.assert_allclose([x1 - x0, y1 - y0], 500, rtol=1e-5)
    np.testing.assert_allclose(
        [(x0 + x1) / 2, (y0 + y1) / 2], person['keypoints'].mean((0, 1)), rtol=1e-4
    )
    assert person['keypoints_depth'][0, 0] == 0
    depth = person['keypoints_depth'] + person['keypoints_cam'][:, 0, 2]
    np.testing.assert_allclose(
        to_camera(person['keypoints'][0], depth[0], person['camera']),
        person['keypoints_cam'][0], atol=0.01,
    )  # fmt: skip


def test_errors_are_relative_to_the_root(folder):
    people = [build(folder)[i] for i in range(24)]
    one = np.zeros((17, 3))
    one[3, 2] = 170
    assert evaluate(people, lambda joints: joints + one)['h36m/MPJPE'] == pytest.approx(
        10, abs=0.01
    )
    assert evaluate(people, lambda joints: joints + 100)['h36m/MPJPE'] < 0.01
    larger = evaluate(people, lambda joints: joints[0] + 1.1 * (joints - joints[0]))
    assert larger['h36m/MPJPE'] > 50 and larger['h36m/PA-MPJPE'] < 0.01


def test_joints_far_outside_of_the_image_end_no_evaluation(folder):
    person = build(folder)[0]
    for place in (5e3, 1e6, -1e9):
        pixels = np.full((17, 2), place)
        assert np.isfinite(to_camera(pixels, np.ones(17), person['camera'])).all()
    metrics = evaluate([person], lambda joints: joints * np.nan)
    assert all(np.isnan(value) for value in metrics.values())


def test_actions_count_alike_however_many_frames_they_have(folder):
    people = [build(folder)[i] for i in range(24)]
    eating = [person for person in people if person['action'] == 'Eating']
    waiting = next(person for person in people if person['action'] == 'Waiting')
    off = np.zeros((17, 3))
    off[1, 0] = 34
    metrics = evaluate(
        [*eating, waiting],
        lambda joints: joints + off * (joints != waiting['keypoints_cam'][0]).any(),
    )
    assert metrics['h36m/MPJPE Eating'] == pytest.approx(2, abs=0.01)
    assert metrics['h36m/MPJPE Waiting'] < 0.01
    assert metrics['h36m/MPJPE'] == pytest.approx(1, abs=0.01)


def test_bad_input_is_named(folder):
    with pytest.raises(ValueError, match='camera_param_file must be given'):
        Human36mImageDataset(ann_file='test.npz', data_root=str(folder))
    with pytest.raises(ValueError, match=r"no frame with subjects=\('S1',\)"):
        build(folder, subjects=('S1',))
    with pytest.raises(ValueError, match='frame_step=0'):
        build(folder, frame_step=0)
    with pytest.raises(ValueError, match=r"no \['camera', 'action'\].*meta_keys"):
        Human36mMPJPE().process({}, [dict()])


def test_real_annotations_project_onto_themselves(data_root):
    people = build(data_root / 'mmpose_tests' / 'h36m', ann_file='test_h36m_body3d.npz')
    assert len(people) == 4
    for person in (people[i] for i in range(4)):
        depth = person['keypoints_cam'][0, :, 2]
        found = to_camera(person['keypoints'][0], depth, person['camera'])
        np.testing.assert_allclose(found, person['keypoints_cam'][0], atol=0.01)
