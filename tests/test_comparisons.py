"""Tools that train networks side by side."""

import json

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS


def test_comparisons_go_on_where_they_stopped(run_tool, tmp_path, monkeypatch):
    runs = []

    def train(config, folder):
        runs.append((config.randomness.seed, config.train_cfg.max_epochs, folder.name))
        if len(runs) == 2:
            raise KeyboardInterrupt
        return dict(pck=50.0, auc=20.0, right=[1], counted=[2])

    monkeypatch.setattr('_runs.train', train)
    config = 'configs/flattenet/flattenet-r18_10e_lsp-128x96.py'
    command = ('compare_configs.py', config, '--epochs', 2, '--out', tmp_path / 'out.json')
    with pytest.raises(KeyboardInterrupt):
        run_tool(*command)
    assert run_tool(*command).returncode == 0
    assert [seed for seed, _, _ in runs] == [0, 1, 1] and runs[0][1] == 2
    rows = json.loads((tmp_path / 'out.json').read_text())
    assert [(row['seed'], row['pck']) for row in rows] == [(0, 50.0), (1, 50.0)]
    rows[1]['settings'] = 'changed'
    (tmp_path / 'out.json').write_text(json.dumps(rows))
    assert '1_2 was trained with other settings' in run_tool(*command).stderr


@pytest.mark.parametrize(
    ('command', 'random'),
    [
        (('compare_configs.py', 'configs/dsnt/dsnt-r18_15e_lsp-128x96.py'), ['RandomFlip']),
        (('compare_heads.py', '--methods', 'DSNT', '--deconvolutions', 2), []),
    ],
    ids=['flips', 'no augmentation'],
)
def test_fewer_people_are_seen_as_often(run_tool, tmp_path, monkeypatch, command, random):
    built = []

    def train(config, folder):
        built.append(config)
        return dict(pck=50.0, auc=20.0)

    monkeypatch.setattr('_runs.train', train)
    out = tmp_path / 'out.json'
    command = (*command, '--seeds', 0, '--out', out)
    assert run_tool(*command, '--people', 100).returncode == 0
    config = built[0]
    data, hook = config.train_dataloader.dataset, config.custom_hooks[-1]
    assert (data.times, tuple(data.dataset.id_range)) == (8, (1, 100))
    assert [t.type for t in data.dataset.pipeline if t.type.startswith('Random')] == random
    assert hook['dataloader']['dataset']['id_range'] == data.dataset.id_range
    assert hook['interval'] == config.train_cfg.max_epochs
    assert json.loads(out.read_text())[0]['people'] == 100
    for people in (300, 0, 1600):
        with pytest.raises(ValueError, match=f'people={people} must divide 800'):
            run_tool(*command, '--people', people)


def test_heads_to_compare_have_the_size_asked_for(run_tool, tmp_path):
    methods = ('DSNT', 'fully connected', 'I1', 'MMPose DSNTHead')
    result = run_tool(
        'compare_heads.py', '--configs', tmp_path, '--depth', 50, '--input', 192, 256,
        '--deconvolutions', 1, '--methods', *methods,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    paths = list(tmp_path.glob('*.py'))
    assert len(paths) == len(methods)
    for path in paths:
        config = Config.fromfile(path)
        init_default_scope(config.default_scope)
        with torch.device('meta'):
            model = MODELS.build(config.model).eval()
            coordinates, heatmaps = model(torch.empty(1, 3, 256, 192), None, mode='tensor')
        assert coordinates.shape == (1, 14, 2) and heatmaps.shape == (1, 14, 16, 12)
        assert config.train_dataloader.dataset.pipeline[4].input_size == (192, 256)
