"""Every leaf config builds, and its model, codec and data agree."""

import copy
import json
import subprocess
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, KEYPOINT_CODECS, MODELS

from mmpose_sat.models import BoxConvNet
from mmpose_sat.ops import BoxConv2d

CONFIGS = Path(__file__).parents[1] / 'configs'
LEAVES = sorted(p for p in CONFIGS.glob('*/*.py') if p.parent.name != '_base_')


@pytest.fixture(scope='module', params=LEAVES, ids=lambda path: path.stem)
def config(request):
    config = Config.fromfile(request.param)
    init_default_scope(config.default_scope)
    return config


@pytest.fixture(scope='module')
def model(config):
    with torch.device('meta'):
        return MODELS.build(config.model)


def test_model_fits_its_codec_and_data(config, model):
    width, height = config.codec.input_size
    size = config.model.head.decoder.get('heatmap_size')
    KEYPOINT_CODECS.build(config.codec)
    with torch.device('meta'):
        output = model.eval()(torch.empty(1, 3, height, width), None, mode='tensor')
    dataset = config.val_dataloader.dataset
    joints = DATASETS.get(dataset.type)._load_metainfo()['num_keypoints']
    background = config.codec.type == 'mmpose_sat.CentredHeatmap' and config.codec.get(
        'background', True
    )
    for result in output if isinstance(output, tuple | list) else (output,):
        assert result.shape[:2] == (1, joints + background)  # coordinates, or heatmaps
        assert result.ndim == 3 or not size or result.shape[2:] == size[::-1]
    targets = next(
        t for t in config.train_dataloader.dataset.pipeline if t.type == 'GenerateTarget'
    )
    assert targets.encoder == config.codec
    assert config.model.head.decoder == config.codec | (dict(heatmap_size=size) if size else {})
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        affine = next(t for t in loader.dataset.pipeline if t.type.endswith('Affine'))
        assert tuple(affine.input_size) == (width, height)


@pytest.mark.parametrize('path', CONFIGS.glob('*/metafile.yml'), ids=lambda path: path.parent.name)
def test_models_of_the_index_have_configs_and_measured_results(path):
    for model in yaml.safe_load(path.read_text())['Models']:
        config = CONFIGS.parent / model['Config']
        assert config.is_file() and config.stem == model['Name']
        for result in model.get('Results', ()):
            kept = CONFIGS.parent / 'benchmarks' / 'results' / f'{config.stem}.json'
            test = json.loads(kept.read_text())['test']
            measured = {'PCK@0.2': test['lsp/PCK'], 'AUC': test['lsp/AUC']}
            assert result['Metrics'] == pytest.approx(measured, abs=0.05)


def test_box_coordinates_and_slopes_are_not_decayed(config, model):
    from mmengine.optim import build_optim_wrapper

    wrapper = copy.deepcopy(config.optim_wrapper)
    wrapper.optimizer.weight_decay = 0.1
    optimizer = build_optim_wrapper(model, wrapper).optimizer
    decay = {id(p): g['weight_decay'] for g in optimizer.param_groups for p in g['params']}
    boxes = [m for m in model.modules() if isinstance(m, BoxConv2d)]
    operators = [config.model.backbone.get('context')]
    if isinstance(model.backbone, BoxConvNet):
        operators.append(model.backbone.operator)
    assert bool(boxes) == bool({'box', 'normalized_box'}.intersection(operators))
    assert all(decay[id(layer.coords)] == 0 for layer in boxes)
    slopes = [m.weight for m in model.modules() if isinstance(m, torch.nn.PReLU)]
    assert all(decay[id(weight)] == 0 for weight in slopes)
    assert sum(value > 0 for value in decay.values()) > 0


def test_lsp_test_is_never_used_by_a_config(config):
    assert 'lsp_test' not in str(config.to_dict())


def test_learning_rates_of_pose_machines_are_those_of_their_batch():
    for path in CONFIGS.glob('u_context_cpm/*.py'):
        config = Config.fromfile(path)
        assert config.auto_scale_lr.base_batch_size == config.train_dataloader.batch_size, path


def test_leaves_are_short():
    assert all(len(path.read_text().splitlines()) <= 40 for path in LEAVES)


def test_no_file_hides_one_of_mmpose():
    # MMPose's data sets look for configs/_base_/datasets/coco.py in the current folder first.
    assert not (CONFIGS / '_base_' / 'datasets').exists()


def test_every_config_is_in_the_repository():
    result = subprocess.run(
        ['git', '-C', str(CONFIGS), 'ls-files', '--others', '--ignored', '--exclude-standard', '.'],
        capture_output=True, text=True,
    )  # fmt: skip
    if result.returncode != 0:
        pytest.skip('not a git checkout')
    assert [p for p in result.stdout.split() if p.endswith('.py')] == []


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        (dict(regulariser=None), (None, 1.0, 1.0)),
        (dict(regulariser='var', sigma=2), ('var', 100.0, 2)),
        (dict(weight=0.2, sigma=0.5), ('js', 0.2, 0.5)),
    ],
)
def test_regularisers_are_options(options, expected):
    config = Config.fromfile(CONFIGS / 'dsnt/dsnt-r34-28px_120e_mpii-224x224.py')
    init_default_scope(config.default_scope)
    options = {f'model.head.loss.{name}': value for name, value in options.items()}
    config.merge_from_dict(options | {'model.head.activation': 'abs'})
    with torch.device('meta'):
        head = MODELS.build(config.model).head
    loss = head.loss_module
    assert (loss.regulariser, loss.weight, loss.sigma) == expected and head.activation == 'abs'
