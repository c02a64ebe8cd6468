"""Tools that are not part of the integration story."""

import importlib.util
import json
from pathlib import Path

import onnx
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint
from mmpose.apis import init_model
from mmpose.registry import MODELS

from mmpose_sat.datasets.synthetic import make_split
from mmpose_sat.ops import BoxConv2d

TOOLS = Path(__file__).parents[1] / 'tools'


def test_tables_of_the_pages_are_current(run_tool):
    result = run_tool('update_tables.py', '--check')
    assert result.returncode == 0, result.stderr


def test_figures_in_sentences_come_from_results(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    sentences = importlib.import_module('_sentences')
    own = {'page': {'ours has {:.1f} PCK, {:.0f} more than': lambda: (50.04, 7)}}
    monkeypatch.setattr(sentences, 'SENTENCES', own)
    page = 'As measured, ours has 9.9\nPCK, -12 more than theirs, which has 43.0.'
    assert sentences.fill_sentences('page', page) == page.replace('9.9', '50.0').replace('-12', '7')
    assert sentences.fill_sentences('another page', page) == page
    with pytest.raises(ValueError, match=r"page has no sentence 'ours has \{:.1f\} PCK"):
        sentences.fill_sentences('page', 'Ours is better.')


def test_flops_tool_splits_the_model(run_tool):
    config = TOOLS.parent / 'configs' / 'box_conv_net' / 'box-conv-net_210e_coco-256x192.py'
    result = run_tool('get_flops.py', config)
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[2:]}
    assert rows['total'] == ['1,853,745', '5.7635']
    assert rows['head'] == ['1,649', '0.0050']


def test_onnx_of_a_whole_network_has_standard_operators_only(run_tool, tmp_path):
    path = tmp_path / 'net.onnx'
    config = 'configs/box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py'
    result = run_tool(
        'export_onnx.py', config, '--out', str(path)
    )  # fails unless onnxruntime agrees
    assert result.returncode == 0, result.stderr[-2000:]
    model = onnx.load(path)
    assert [opset.domain for opset in model.opset_import] == ['']
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == 'batch'


@pytest.mark.parametrize(
    ('head', 'outputs'),
    [
        (dict(type='mmpose_sat.DSNTHead'), [['batch', 5, 2], ['batch', 5, 8, 6]]),
        (dict(type='mmpose_sat.IntegralHead3D', depth=4), [['batch', 5, 3]]),
    ],
    ids=['plane', 'space'],
)
def test_onnx_of_coordinates(run_tool, tmp_path, head, outputs):
    head |= dict(in_channels=64, out_channels=5, deconv_out_channels=None)
    codec = 'IntegralLabel3D' if head['type'].endswith('3D') else 'IntegralLabel'
    head['decoder'] = dict(type=f'mmpose_sat.{codec}', input_size=(48, 64))
    backbone = dict(type='ResNet', depth=18, out_indices=(0,), strides=(2, 2, 2, 2))
    model = dict(type='mmpose.TopdownPoseEstimator', backbone=backbone, head=head)
    config = tmp_path / 'config.py'
    config.write_text(f"default_scope = 'mmpose'\ncodec = {head['decoder']}\nmodel = {model}\n")
    result = run_tool('export_onnx.py', config, '--out', tmp_path / 'net.onnx')
    assert result.returncode == 0, result.stderr[-2000:]
    graph = onnx.load(tmp_path / 'net.onnx').graph
    shapes = [
        [d.dim_param or d.dim_value for d in output.type.tensor_type.shape.dim]
        for output in graph.output
    ]
    assert shapes == outputs


def test_benchmarks_run(run_tool, tmp_path):
    size = ('--shape', 1, 2, 9, 9, '--kernels', 3, 7, '--repeats', 3)
    result = run_tool('benchmark_op.py', *size, '--out', tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    rows = json.loads((tmp_path / 'op.json').read_text())['rows']
    assert {row['kernel_size'] for row in rows if 'dilated' in row['operator']} == {7}
    assert max(row['error_over_rms'] or 0 for row in rows) < 1e-3
    assert (tmp_path / 'op.png').is_file()
    config = 'configs/box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py'
    size = ('--shape', 64, 48, '--batches', 2, '--repeats', 3)
    result = run_tool('benchmark_model.py', config, *size, '--out', tmp_path / 'model.json')
    assert result.returncode == 0, result.stderr[-2000:]
    (row,) = json.loads((tmp_path / 'model.json').read_text())['rows']
    assert (
        min(row[f'{call}_{unit}'] for call in ('inference', 'training') for unit in ('ms', 'mb'))
        > 0
    )


@pytest.mark.parametrize(
    ('base', 'options'),
    [
        ('box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py', dict()),
        (  # of several stages
            'u_context_cpm/u-context-cpm-2stage_10e_lsp-128x96.py',
            dict(backbone=dict(channels=8)),
        ),
    ],
    ids=['box convolutions', 'stages'],
)
def test_deployed_networks_agree_with_pytorch(run_tool, tmp_path, base, options):
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = ['{TOOLS.parent / 'configs' / base}']\nmodel = {options}\n")
    backends = ('PyTorch', 'onnxruntime', 'OpenVINO')
    options = ('--backends', *backends, '--repeats', 3, '--out', tmp_path / 'out.json')
    result = run_tool('benchmark_deploy.py', config, *options)
    assert result.returncode == 0, result.stderr[-2000:]
    rows = json.loads((tmp_path / 'out.json').read_text())['rows']
    assert [row['backend'] for row in rows] == list(backends)
    assert all(row['error'] < 1e-4 and row['ms'] > 0 for row in rows)


def test_comparisons_go_on_where_they_stopped(run_tool, tmp_path, monkeypatch):
    runs = []

    def train(config, folder):
        runs.append((config.randomness.seed, config.train_cfg.max_epochs, folder.name))
        if len(runs) == 2:
            raise KeyboardInterrupt
        return dict(pck=50.0, auc=20.0, right=[1], counted=[2])

    monkeypatch.syspath_prepend(TOOLS)
    monkeypatch.setattr('_runs.train', train)
    config = 'configs/flattenet/flattenet-r18_10e_lsp-128x96.py'
    command = ('compare_configs.py', config, '--epochs', 2, '--out', tmp_path / 'out.json')
    with pytest.raises(KeyboardInterrupt):
        run_tool(*command)
    assert run_tool(*command).returncode == 0
    assert [seed for seed, _, _ in runs] == [0, 1, 1] and runs[0][1] == 2
    rows = json.loads((tmp_path / 'out.json').read_text())
    assert [(row['seed'], row['pck']) for row in rows] == [(0, 50.0), (1, 50.0)]


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

    monkeypatch.syspath_prepend(TOOLS)
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


def test_doctor_finds_this_environment_healthy(run_tool):
    result = run_tool('doctor.py')
    assert result.returncode == 0 and '0 problems' in result.stdout, result.stdout


def test_the_limit_of_codecs(run_tool, tmp_path, monkeypatch):
    make_split(tmp_path, 'val', 2)
    monkeypatch.setenv('MMPOSE_SAT_SYNTHETIC', str(tmp_path))
    configs = [
        'configs/dsnt/box-conv-net-xs-dsnt_8e_synthetic-128x96.py',
        'configs/box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py',
    ]
    result = run_tool('codec_limit.py', *configs, '--out', tmp_path / 'out.json')
    assert result.returncode == 0, result.stderr[-2000:]
    exact, rounded = json.loads((tmp_path / 'out.json').read_text())
    assert exact['metrics']['coco/AP'] == 1 and exact['metrics']['oks/accuracy'] == 100
    assert 0.5 < rounded['metrics']['coco/AP'] <= 1


def test_boxes_are_rounded_and_nothing_else(run_tool, tmp_path, monkeypatch):
    config = 'configs/box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py'
    torch.manual_seed(0)
    before = init_model(config, device='cpu')
    save_checkpoint(dict(state_dict=before.state_dict()), str(tmp_path / 'a.pth'))
    make_split(tmp_path, 'val', 2)
    monkeypatch.setenv('MMPOSE_SAT_SYNTHETIC', str(tmp_path))
    options = ('--out', tmp_path / 'b.pth', '--evaluate', tmp_path / 'figures.json')
    result = run_tool('round_boxes.py', config, tmp_path / 'a.pth', *options)
    assert result.returncode == 0 and 'edges of 4 layers have moved by 0.2' in result.stdout
    figures = json.loads((tmp_path / 'figures.json').read_text())
    assert 0.2 < figures['moved'] < 0.3
    assert figures['before'].keys() == figures['after'].keys() >= {'oks/mean'}
    assert figures['before'] != figures['after']
    after = init_model(config, str(tmp_path / 'b.pth'), device='cpu')
    for layer in (m for m in after.modules() if isinstance(m, BoxConv2d)):
        torch.testing.assert_close(layer.boxes, layer.boxes.round(), rtol=0, atol=1e-5)
    changed = {name for name, value in after.state_dict().items()
               if not torch.equal(value, before.state_dict()[name])}  # fmt: skip
    assert changed == {name for name, _ in after.named_parameters() if name.endswith('.coords')}


def test_final_eval_uses_the_split_that_nothing_was_chosen_on(run_tool, tmp_path, monkeypatch):
    make_split(tmp_path, 'test', 2)
    monkeypatch.setenv('MMPOSE_SAT_SYNTHETIC', str(tmp_path))
    config = 'configs/box_conv_net/box-conv-net-xs_8e_synthetic-128x96.py'
    save_checkpoint(dict(state_dict=init_model(config, device='cpu').state_dict()),
                    str(tmp_path / 'a.pth'))  # fmt: skip
    out = tmp_path / 'final_eval.json'
    result = run_tool('final_eval.py', config, tmp_path / 'a.pth', '--out', out)
    assert result.returncode == 0, result.stderr[-2000:]
    final = json.loads(out.read_text())
    assert final['data'] == 'annotations/test.json' and final['metrics']['oks/persons'] > 0


def test_final_eval_refuses_other_data(run_tool):
    config = TOOLS.parent / 'configs' / 'box_conv_net' / 'box-conv-net_210e_coco-256x192.py'
    result = run_tool('final_eval.py', config, 'none.pth')
    assert result.returncode == 2 and 'person_keypoints_val2017.json; a split that' in result.stderr


@pytest.fixture
def doctor(monkeypatch):
    spec = importlib.util.spec_from_file_location('doctor', TOOLS / 'doctor.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ('check', 'versions', 'fix'),
    [
        ('mmcv_version', dict(mmcv=(2, 2, 0), mmdet=(3, 3, 0)), 'install mmcv 2.1.0'),
        ('torch_for_mmcv', dict(mmcv=(2, 1, 0), torch=(2, 14, 1)), 'torch <= 2.13'),
        ('setuptools', dict(setuptools=(82, 0)), 'setuptools<81'),
        ('numpy_drawing', dict(numpy=(2, 5, 0)), 'numpy < 2.4'),
        ('packages', dict(torch=(2, 11), mmcv=(2, 1)), 'torchvision, mmengine, mmpose'),
    ],
)
def test_doctor_names_known_breakages(doctor, monkeypatch, check, versions, fix):
    def version(*names):
        return next((versions[name] for name in names if name in versions), None)

    monkeypatch.setattr(doctor, 'version', version)
    assert fix in getattr(doctor, check)()


@pytest.mark.parametrize(
    ('check', 'error', 'fix'),
    [
        ('mmcv_operators', ImportError('_ext'), 'MMCV_WITH_OPS=1'),
        ('torchvision', RuntimeError('operator torchvision::nms'), 'in one command'),
        ('xtcocotools', ValueError('numpy.dtype size changed'), 'numpy==1.26.4'),
    ],
)
def test_doctor_names_broken_builds(doctor, monkeypatch, check, error, fix):
    def import_module(name):
        raise error

    monkeypatch.setattr(doctor.importlib, 'import_module', import_module)
    assert fix in getattr(doctor, check)()


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
