"""Poses at once: weights by alias, a detector offline, one command for photos and folders."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import load_checkpoint

from mmpose_sat import weights
from mmpose_sat.apis import HOGDetector, PoseInferencer, images_of
from mmpose_sat.weights import find_weights

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def inferencer():
    return PoseInferencer(device='cpu')


@pytest.mark.parametrize('shape', [(1, 1, 3), (50, 300, 3), (127, 63, 3), (300, 50, 3)])
def test_images_smaller_than_the_detectors_window(shape):
    (sample,) = HOGDetector()(np.zeros(shape, np.uint8))['predictions']
    assert sample.pred_instances.bboxes.shape == (0, 4)


def test_people_are_found(data_root):
    """On LSP's validation images, which hold one person each, standing or not."""
    people = json.loads((data_root / 'lsp/annotations/lsp_train.json').read_text())
    names = {image['id']: image['file_name'] for image in people['images']}
    found = right = 0
    for person in people['annotations'][800:840]:
        path = str(data_root / 'lsp/images' / names[person['image_id']])
        (sample,) = HOGDetector()(path)['predictions']
        x, y, width, height = person['bbox']
        for (x0, y0, x1, y1), score in zip(
            sample.pred_instances.bboxes.tolist(), sample.pred_instances.scores, strict=True
        ):
            assert 0 < score <= 1
            across = min(x1, x + width) - max(x0, x)
            down = min(y1, y + height) - max(y0, y)
            found += 1
            right += across * down > 0.3 * (x1 - x0) * (y1 - y0)
    assert found >= 5 and right >= 0.7 * found


def test_the_weights_are_worth_what_their_card_says(data_root, run_tool, tmp_path, monkeypatch):
    monkeypatch.setenv('MMPOSE_SAT_DATA', str(data_root))
    name = 'box-conv-net_48e_lsp-lspet-128x96'
    run_tool(
        'test.py', ROOT / 'configs' / 'box_conv_net' / f'{name}.py', f'mmpose_sat://{name}',
        '--work-dir', tmp_path, '--cfg-options', 'visualizer.name=card',
    )  # fmt: skip
    (scalars,) = tmp_path.glob('*/*.json')
    reached = json.loads(scalars.read_text())['lsp/PCK']
    recorded = json.loads((ROOT / 'benchmarks' / 'results' / f'{name}.json').read_text())
    # The training validated in bfloat16, the file is in half precision.
    assert reached == pytest.approx(recorded['curves']['lsp/PCK'][-1][1], abs=0.5)


def test_a_folder_with_other_files(people_folder, tmp_path, run_tool):
    with pytest.warns(UserWarning, match='are broken: .*/broken.jpg, .*/cut.jpg, .*/cut.png$'):
        result = run_tool('estimate_poses.py', people_folder, '--out', tmp_path, '--device', 'cpu')
    assert result.returncode == 0 and '2 images' in result.stdout
    assert len(list((tmp_path / 'visualizations').iterdir())) == 2
    poses = json.loads((tmp_path / 'predictions' / 'a.json').read_text())
    assert len(poses[0]['keypoints']) == 14


@pytest.fixture
def people_folder(tmp_path):
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name in 'ab':
        cv2.imwrite(str(folder / f'{name}.png'), np.full((90, 60, 3), 128, np.uint8))
    (folder / 'notes.txt').write_text('no image')
    (folder / 'broken.jpg').write_bytes(b'broken')
    (folder / 'cut.png').write_bytes((folder / 'a.png').read_bytes()[:60])
    _, photo = cv2.imencode('.jpg', np.tile(np.arange(200, dtype=np.uint8), (200, 1)))
    (folder / 'cut.jpg').write_bytes(photo.tobytes()[: len(photo) // 2])
    (folder / 'README').touch()
    (folder / 'depth.exr').touch()
    (tmp_path / 'twins').mkdir()
    for name in ('a.png', 'a.jpg'):
        cv2.imwrite(str(tmp_path / 'twins' / name), np.zeros((90, 60, 3), np.uint8))
    return folder


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['missing.jpg'], 'input .*missing.jpg is no image or video'),
        (['photos/notes.txt'], 'notes.txt is no image or video'),
        (['photos', '--box', '1', '2', '3', '4'], '--box is for one photo'),
        (['photos/a.png', '--pose2d', 'box-conv-net-xs'], "'box-conv-net-xs' comes without"),
        (['photos/a.png', '--pose2d', 'nonsense'], r"'nonsense' is neither a config .*'dsnt'"),
        (['photos/cut.png'], 'input photos/cut.png is not a readable image'),
        (['photos/cut.jpg'], 'input photos/cut.jpg is not a readable image'),
        (['photos/broken.jpg'], 'input photos/broken.jpg is not a readable image'),
        (['photos/a.png', '--box', '1', '2', 'nan', '4'], r'four finite numbers, got .*nan'),
        (['photos/a.png', '--box', '9', '2', '3', '4'], 'must be x1 < x2 and y1 < y2, got'),
        (['photos/a.png', '--out', 'photos/notes.txt'], 'photos/notes.txt'),
        (['photos/a.png', '--weights', 'photos/notes.txt'], 'notes.txt'),
        (['twins'], '2 inputs would write to one a.json'),
    ],
)
def test_bad_input_is_named(people_folder, run_tool, monkeypatch, arguments, message):
    monkeypatch.chdir(people_folder.parent)
    result = run_tool('estimate_poses.py', *arguments)
    assert result.returncode == 2
    assert re.search(message, result.stderr)


@pytest.mark.parametrize('inputs', ['webcam:1', Path('webcam'), 'https://example.org/a.jpg'])
def test_inputs_that_are_no_files_are_mmposes(inputs):
    assert images_of(inputs) == str(inputs)


def test_a_folder_may_be_called_webcam(people_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'webcam').symlink_to(people_folder)
    with pytest.warns(UserWarning, match='are broken'):
        assert len(images_of('webcam')) == 2


def test_weights_of_another_network_are_refused(tmp_path):
    config = str(ROOT / 'configs' / 'dsnt' / 'heatmap-r18_15e_lsp-128x96.py')
    weights = 'mmpose_sat://box-conv-net_48e_lsp-lspet-128x96'
    with pytest.raises(ValueError, match=rf'{weights} is of another model; \d+ of \d+ parameters'):
        PoseInferencer(config, weights, device='cpu')
    path = tmp_path / 'other.pth'
    for content in ([1], {1: 2}, None):
        torch.save(content, path)
        with pytest.raises(ValueError, match=r'other\.pth could not be loaded as a checkpoint'):
            PoseInferencer(pose2d_weights=str(path), device='cpu')
    path.write_text('text\n')
    with pytest.raises(ValueError, match=r'other\.pth could not be loaded as a checkpoint'):
        PoseInferencer(pose2d_weights=str(path), device='cpu')


def test_tiny_images_are_images_too(tmp_path):
    cv2.imwrite(str(tmp_path / 'tiny.png'), np.zeros((4, 4, 3), np.uint8))
    assert images_of(tmp_path) == images_of([tmp_path / 'tiny.png'])


def test_calls_that_would_lose_something_are_refused(inferencer, people_folder):
    photos = [people_folder / 'a.png', people_folder.parent / 'twins' / 'a.png']
    with pytest.raises(ValueError, match=r'2 inputs would write to one a\.png'):
        list(inferencer(photos, vis_out_dir=str(people_folder)))
    with pytest.raises(ValueError, match=r'2 inputs would write to one a\.json'):
        list(inferencer(photos, False, 1, str(people_folder)))
    with pytest.raises(ValueError, match='bboxes has 1 lists for 2 inputs'):
        list(inferencer(photos, bboxes=[[[1, 1, 2, 2]]]))
    for boxes in ([1, 1, 2, 2], [[1, 1, 2, 2]]):
        with pytest.raises(ValueError, match='must hold a list of boxes for each input'):
            list(inferencer(photos[:1], bboxes=boxes))


def test_given_boxes(inferencer):
    image = np.full((200, 300, 3), 128, np.uint8)
    (result,) = inferencer(image, bboxes=[[[10, 20, 90, 180], [150, 20, 230, 180]]])
    assert [pose['bbox'][0] for pose in result['predictions'][0]] == [
        [10, 20, 90, 180],
        [150, 20, 230, 180],
    ]


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    path = tmp_path / 'net-01234567.pth'
    path.write_bytes(b'other')
    monkeypatch.setattr(weights, 'FOLDER', tmp_path)
    with pytest.raises(ValueError, match=r'net-01234567\.pth is damaged: its SHA-256 is d9298a10'):
        find_weights('net')
    (tmp_path / 'net-76543210.pth').touch()
    with pytest.raises(ValueError, match='net is there more than once'):
        find_weights('net')
    with pytest.raises(FileNotFoundError, match=r"no weights 'other' in .*only \['net'\]"):
        load_checkpoint(torch.nn.Linear(1, 1), 'mmpose_sat://other')


def test_published_weights_are_small_and_hold_no_training(tmp_path, run_tool):
    state = {
        'conv.weight': torch.full((2, 2), 1 / 3),
        'box.coords': torch.full((2, 4), 1 / 3),
        'norm.num_batches_tracked': torch.tensor(7),
    }
    checkpoint = dict(
        state_dict=state, optimizer={}, meta=dict(cfg='/home/me', dataset_meta=dict(a=1))
    )
    torch.save(checkpoint, tmp_path / 'epoch_1.pth')
    result = run_tool('publish_weights.py', tmp_path / 'epoch_1.pth', 'net', '--out', tmp_path)
    (path,) = tmp_path.glob('net-????????.pth')
    assert path.name in result.stdout
    published = torch.load(path, weights_only=True)
    assert published['meta'] == dict(dataset_meta=dict(a=1))
    assert published['state_dict'].keys() == state.keys()
    assert published['state_dict']['conv.weight'].dtype == torch.float16
    assert torch.equal(published['state_dict']['box.coords'], state['box.coords'])
    state['conv.weight'] *= 2
    torch.save(checkpoint, tmp_path / 'epoch_2.pth')
    (tmp_path / 'net-training.pth').touch()
    run_tool('publish_weights.py', tmp_path / 'epoch_2.pth', 'net', '--out', tmp_path)
    (tmp_path / 'net-training.pth').unlink()  # a file of the user's
    (other,) = tmp_path.glob('net-????????.pth')  # in place of the first
    assert other != path
    state['conv.weight'] *= 1e6
    torch.save(checkpoint, tmp_path / 'epoch_3.pth')
    result = run_tool('publish_weights.py', tmp_path / 'epoch_3.pth', 'net', '--out', tmp_path)
    assert 'conv.weight is not finite in half precision' in result.stderr and other.is_file()
