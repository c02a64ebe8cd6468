"""Tools that train networks side by side."""

import importlib
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
    trained = len(built)
    for people in (300, 0, 1600):
        result = run_tool(*command, '--people', 200, people)
        assert f'people={people} must divide 800' in result.stderr
        assert len(built) == trained  # not with 200 either


def test_a_run_of_fewer_people_is_another_run(run_tool, tmp_path, monkeypatch):
    out, config = tmp_path / 'out.json', 'configs/flattenet/flattenet-r18_10e_lsp-128x96.py'
    monkeypatch.setattr('_runs.train', lambda config, folder: dict(pck=50.0, auc=20.0))
    command = ('compare_configs.py', config, '--seeds', 0, '--out', out)
    run_tool(*command, '--people', 80)
    run_tool(*command)
    assert [row.get('people') for row in json.loads(out.read_text())] == [80, None]


def test_two_comparisons_may_share_a_file(run_tool, tmp_path, monkeypatch):
    out, config = tmp_path / 'out.json', 'configs/flattenet/flattenet-r18_10e_lsp-128x96.py'

    def train(config, folder):  # while it runs, another one ends
        out.write_text('[{"config": "another"}]')
        return dict(pck=50.0, auc=20.0)

    monkeypatch.setattr('_runs.train', train)
    command = ('compare_configs.py', config, '--seeds', 0, '--out', out)
    run_tool(*command)
    configs = [row['config'] for row in json.loads(out.read_text())]
    assert configs == ['another', 'flattenet-r18_10e_lsp-128x96']
    assert list(tmp_path.iterdir()) == [out]
    out.write_text('[')
    assert f'{out} is no JSON file' in run_tool(*command).stderr


def test_configs_that_cannot_be_compared_are_refused_at_once(run_tool, tmp_path):
    config = 'configs/box_conv_net/box-conv-net_140e_mpii-256x256.py'
    result = run_tool('compare_configs.py', config, '--out', tmp_path / 'out.json')
    assert result.returncode == 1 and 'validated by mmpose_sat.TorsoPCK' in result.stderr


def test_settings_tell_trainings_apart_and_not_places(run_tool, tmp_path, monkeypatch):
    run_tool('get_flops.py', '--help')  # puts tools on the path
    digest = importlib.import_module('_runs').digest
    path = 'configs/u_context_cpm/u-context-cpm-2stage_10e_lsp-128x96'
    configs = [Config.fromfile(f'{path}{suffix}.py') for suffix in ('', '_unmasked')]
    tuned = Config.fromfile(f'{path}.py')
    tuned.load_from = 'weights.pth'
    assert len({digest(config) for config in (*configs, tuned)}) == 3
    monkeypatch.setenv('MMPOSE_SAT_DATA', str(tmp_path))
    assert digest(Config.fromfile(f'{path}.py')) == digest(configs[0])


def test_hooks_of_a_longer_run_act_later(run_tool, tmp_path):
    command = ('compare_heads.py', '--methods', 'I1', '--deconvolutions', 2, '--configs', tmp_path)
    for epochs, switch in ((15, 5), (60, 20), (2, 1)):
        run_tool(*command, '--epochs', epochs)
        (path,) = tmp_path.glob('*.py')
        (hook,) = (hook for hook in Config.fromfile(path).custom_hooks if 'epoch' in hook)
        assert hook.epoch == switch


def test_rates_of_runs_of_other_lengths_do_not_compare(run_tool):
    run_tool('get_flops.py', '--help')
    best = importlib.import_module('_runs').at_best_rate
    rows = [dict(lr=lr, epochs=15, pck=pck) for lr, pck in ((1, 30), (2, 40), (1, 60), (2, 44))]
    assert [row['pck'] for row in best(rows)] == [30, 60]
    with pytest.raises(ValueError, match=r'\[15, 60\] epochs'):
        best([*rows, dict(lr=2, epochs=60, pck=70)])


def test_heads_to_compare_have_the_size_asked_for(run_tool, tmp_path):
    methods = ('DSNT', 'fully connected', 'I1', 'MMPose DSNTHead')
    result = run_tool(
        'compare_heads.py', '--configs', tmp_path, '--depth', 50, '--shape', 256, 192,
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


def test_heatmaps_of_box_conv_net_get_the_size_asked_for(run_tool, tmp_path):
    command = ('compare_heads.py', '--configs', tmp_path, '--box-conv-net', '--methods')
    result = run_tool(*command, 'heatmap', 'DSNT, 10 JS', 'I*', '--deconvolutions', 1, 3)
    assert result.returncode == 0, result.stderr[-2000:]
    paths = list(tmp_path.glob('*.py'))
    assert len(paths) == 6
    for path in paths:
        config = Config.fromfile(path)
        init_default_scope(config.default_scope)
        with torch.device('meta'):
            model = MODELS.build(config.model).eval()
            heatmaps = model(torch.empty(1, 3, 128, 96), None, mode='tensor')
        assert config.optim_wrapper.optimizer.lr == 4e-3
        size = (8, 6) if '-1deconv' in path.stem else (32, 24)
        assert (heatmaps if path.stem.startswith('heatmap') else heatmaps[1]).shape[2:] == size
    for wrong in (('R1',), ('heatmap', '--deconvolutions', 4)):
        result = run_tool(*command, *wrong)
        assert result.returncode == 2 and 'box-conv-net' in result.stderr.splitlines()[-1]
