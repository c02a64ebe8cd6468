"""The whole way on a handful of rendered people: train, resume, test, infer, several processes."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import mmpose
import numpy as np
import pytest
import torch

from mmpose_sat.datasets.synthetic import make_split
from mmpose_sat.visualization import read_scalars

ROOT = Path(__file__).parents[1]
MMPOSE_TOOLS = Path(mmpose.__file__).parent / '.mim' / 'tools'
CONFIG = ROOT / 'configs' / 'box_conv_net' / 'box-conv-net-xs_8e_synthetic-128x96.py'
TINY = [
    'model.backbone.channels=(8,16)', 'model.backbone.num_pairs=(1,1)',
    'model.backbone.kernel_sizes=(7,13)', 'model.backbone.out_indices=(1,)',
    'model.head.in_channels=16', 'train_dataloader.batch_size=4', 'val_dataloader.batch_size=4',
]  # fmt: skip
for _loader in ('train', 'val', 'test'):
    TINY += [
        f'{_loader}_dataloader.num_workers=0',
        f'{_loader}_dataloader.persistent_workers=False',
    ]


def call(people, *command, check=True, cwd=None):
    environment = {
        **os.environ,
        'PYTHONPATH': str(ROOT),
        'MMPOSE_SAT_SYNTHETIC': str(people),
        'OMP_NUM_THREADS': '1',
    }
    result = subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True, text=True, env=environment, cwd=cwd or people,
    )  # fmt: skip
    if check:
        assert result.returncode == 0, result.stderr[-4000:]
    return result


@pytest.fixture(scope='module')
def people(tmp_path_factory):
    root = tmp_path_factory.mktemp('people')
    make_split(root, 'train', 8)
    make_split(root, 'val', 3)
    # One image of the training set is broken: it is left out and reported.
    (root / 'train' / '000002.jpg').write_bytes(b'broken')
    return root


@pytest.fixture(scope='module')
def config(people):
    """A user's config: inherits ours by path and adds the metric on other data."""
    path = people / 'mine.py'
    path.write_text(
        f"_base_ = ['{CONFIG}']\n"
        'custom_hooks = _base_.custom_hooks + [\n'
        "    dict(type='mmpose_sat.TrainSetMetricHook', dataloader=_base_.val_dataloader,\n"
        "         evaluator=dict(type='mmpose_sat.OksAccuracy')),\n"
        "    dict(type='EMAHook'),\n"
        ']\n'
    )
    return path


@pytest.fixture(scope='module')
def trained(people, config):
    """A run of MMPose's own train.py, from another folder, with PYTHONPATH only."""
    work = people / 'work'
    result = call(
        people, MMPOSE_TOOLS / 'train.py', config, '--work-dir', work,
        '--cfg-options', *TINY, 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
    )  # fmt: skip
    return work, result.stdout + result.stderr


def test_training_writes_a_checkpoint_and_reports_broken_images(trained):
    work, log = trained
    assert (work / 'epoch_1.pth').is_file()
    assert 'left out a broken image' in log and '000002.jpg' in log
    assert re.search(r'Epoch\(val\) .*oks/accuracy', log)
    state = torch.load(work / 'epoch_1.pth')['state_dict']
    coords = [value for name, value in state.items() if name.endswith('coords')]
    assert len(coords) == 2
    for box in coords:
        assert box.abs().max() <= 1 and (box[:, 0::2] <= box[:, 1::2]).all()


def test_the_metric_of_other_data_is_logged(trained):
    scalars = read_scalars(trained[0])
    # The hook was given the validation data, without augmentation: the figures must agree, both
    # of the averaged weights.
    for name in ('accuracy', 'mean', 'persons'):
        assert scalars[f'train/oks/{name}'] == scalars[f'oks/{name}']


@pytest.mark.parametrize('phase', ['train', 'val'])
def test_samples_can_be_browsed(people, run_tool, monkeypatch, tmp_path, phase):
    monkeypatch.setenv('MMPOSE_SAT_SYNTHETIC', str(people))
    result = run_tool(
        'browse_dataset.py', CONFIG, '--output-dir', tmp_path,
        '--not-show', '--phase', phase, '--mode', 'transformed',
    )  # fmt: skip
    assert result.returncode == 0
    assert len(list(tmp_path.rglob('*.jpg'))) >= 3


def test_a_run_resumes(people, config, trained):
    work, _ = trained
    log = call(
        people, MMPOSE_TOOLS / 'train.py', config, '--work-dir', work, '--resume',
        '--cfg-options', *TINY, 'train_cfg.max_epochs=2', 'train_cfg.val_interval=2',
    ).stdout  # fmt: skip
    assert 'resumed epoch: 1' in log
    assert (work / 'epoch_2.pth').is_file()
    scalars = read_scalars(work)
    assert [step for step, _ in scalars['oks/accuracy']] == [1, 2]
    assert [step for step, _ in scalars['train/oks/accuracy']] == [1, 2]


def test_mmposes_test_tool_evaluates_the_checkpoint(people, trained):
    work, _ = trained
    checkpoint = next(work.glob('epoch_*.pth'))
    result = call(
        people, MMPOSE_TOOLS / 'test.py', CONFIG, checkpoint, '--work-dir', people / 'test',
        '--cfg-options', *TINY,
    )  # fmt: skip
    assert 'coco/AP' in result.stdout and 'oks/accuracy' in result.stdout


def test_a_run_is_drawn_and_recorded(tmp_path, trained, run_tool):
    work, _ = trained
    boxes, curves = (str(tmp_path / name) for name in ('boxes.png', 'curves.png'))
    run_tool('plot_boxes.py', work / 'mine.py', next(work.glob('epoch_*.pth')), '--out', boxes)
    run_tool('plot_curves.py', f'tiny={work}', '--out', curves)
    assert all(cv2.imread(picture).std() > 5 for picture in (boxes, curves))
    final = tmp_path / 'final_eval.json'
    command = ('record_run.py', work, '--out', tmp_path)
    tests = (
        ('mine.py', work, {'oks/accuracy': 50.0}, None),
        ('another.py', work, None, 'is of another, the run of mine'),
        ('mine.py', tmp_path, None, f'is not in {work}'),
    )
    for config, folder, test, refusal in tests:
        checkpoint = str(folder / 'epoch_1.pth')
        final.write_text(json.dumps(dict(config=config, checkpoint=checkpoint, metrics=test)))
        result = run_tool(*command, '--final-eval', final)
        run = json.loads((tmp_path / 'mine.json').read_text())
        assert run['test'] == {'oks/accuracy': 50.0}
        assert refusal is None or (result.returncode == 2 and refusal in result.stderr)
    assert 'has figures of a test' in run_tool(*command).stderr
    assert run['batch_size'] == 4 and run['seed'] == 0
    assert run['curves']['oks/persons'][-1][1] >= 3


def test_a_checkpoint_of_another_model_stops_the_test_tool(people, trained):
    work, _ = trained
    state = torch.load(next(work.glob('epoch_*.pth')))
    state['state_dict']['head.final_layer.weight'] = torch.zeros(14, 16, 1, 1)
    torch.save(state, people / 'other.pth')
    result = call(
        people, ROOT / 'tools' / 'test.py', CONFIG, people / 'other.pth',
        '--work-dir', people / 'test', '--cfg-options', *TINY, check=False,
    )  # fmt: skip
    assert result.returncode != 0
    assert 'is of another model' in result.stderr and 'head.final_layer.weight' in result.stderr


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def test_two_processes_train_on_the_cpu(people, free_port):
    work = people / 'distributed'
    log = call(
        people, '-m', 'torch.distributed.run', '--nproc-per-node=2', f'--master-port={free_port}',
        ROOT / 'tools' / 'train.py', CONFIG, '--work-dir', work, '--launcher', 'pytorch',
        '--cfg-options', *TINY, 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
    )  # fmt: skip
    assert (work / 'epoch_1.pth').is_file()
    assert 'oks/persons' in log.stdout + log.stderr


@pytest.fixture(scope='module')
def inferencer(trained):
    from mmpose.apis import MMPoseInferencer

    work, _ = trained
    return MMPoseInferencer(
        pose2d=str(work / 'mine.py'),
        pose2d_weights=str(next(work.glob('epoch_*.pth'))),
        device='cpu',
        det_model='whole_image',
    )


def test_inference_on_an_image_with_boxes(people, inferencer):
    image = people / 'val' / '000000.jpg'
    boxes = [[10.0, 10, 110, 200], [150.0, 5, 290, 230, 0.7]]
    (result,) = inferencer(str(image), bboxes=[[boxes[0], boxes[1][:4]]], vis_out_dir=str(people))
    poses = result['predictions'][0]
    assert [pose['bbox'][0] for pose in poses] == [boxes[0], boxes[1][:4]]
    for pose in poses:
        x0, y0, x1, y1 = pose['bbox'][0]
        low, high = np.min(pose['keypoints'], 0), np.max(pose['keypoints'], 0)
        margin = 0.6 * max(x1 - x0, y1 - y0)
        assert (low >= (x0 - margin, y0 - margin)).all()
        assert (high <= (x1 + margin, y1 + margin)).all()
    drawn = cv2.imread(str(people / image.name))
    assert drawn.shape == cv2.imread(str(image)).shape


def test_inference_on_a_folder_and_a_video(people, inferencer):
    assert len(list(inferencer(str(people / 'val')))) == 3
    frame = cv2.imread(str(people / 'val' / '000000.jpg'))
    video = cv2.VideoWriter(
        str(people / 'video.mp4'), cv2.VideoWriter_fourcc(*'mp4v'), 5, frame.shape[1::-1]
    )
    for _ in range(3):
        video.write(frame)
    video.release()
    results = list(inferencer(str(people / 'video.mp4'), pred_out_dir=str(people / 'poses')))
    assert len(results) == 3
    assert len(json.loads((people / 'poses' / 'video.json').read_text())) == 3


def test_wrong_boxes_are_named(people, inferencer):
    with pytest.raises(ValueError, match=r'bboxes must hold.*got \(4,\)'):
        next(inferencer(str(people / 'val' / '000000.jpg'), bboxes=[[1.0, 2, 3, 4]]))


def test_configs_are_found_by_alias(trained):
    from mmpose.apis import MMPoseInferencer

    arguments = dict(scope='mmpose_sat', device='cpu', det_model='whole_image')
    inferencer = MMPoseInferencer(pose2d='box-conv-net-xs', **arguments)
    (result,) = inferencer(np.zeros((64, 48, 3), np.uint8))
    assert len(result['predictions'][0][0]['keypoints']) == 17
    other = str(next(trained[0].glob('epoch_*.pth')))
    with pytest.raises(ValueError, match='checkpoint is of another model'):
        MMPoseInferencer(pose2d='box-conv-net-xs', pose2d_weights=other, **arguments)
