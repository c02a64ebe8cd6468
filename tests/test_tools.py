"""Tools that are not part of the integration story."""

import importlib
import json
import os
import subprocess
from pathlib import Path

import onnx
import pytest
import torch
from mmengine.runner import save_checkpoint
from mmpose.apis import init_model

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
    with pytest.raises(ValueError, match=r"no sentence 'ours has \{:.1f\} PCK"):
        sentences.fill_sentences('page', 'Ours is better.')


def test_text_between_tables_is_kept(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    tool = importlib.import_module('update_tables')
    monkeypatch.setattr(tool, 'TABLES', {'a': lambda: 'A', 'b': lambda: 'B'})
    page = '<!-- table: a (x) -->\n{}\n<!-- end -->\ntext\n<!-- table: b (x) -->\n{}\n<!-- end -->'
    assert tool.fill(page.format('old', 'old')) == page.format('A', 'B')
    with pytest.raises(ValueError, match='a table has no'):
        tool.fill(page.format('old', 'old').replace('<!-- end -->\ntext', 'text'))


def test_a_figure_names_the_commit_it_was_measured_at(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    provenance = importlib.import_module('_provenance')
    package = tmp_path / 'mmpose_sat' / '__init__.py'
    package.parent.mkdir()
    package.touch()
    monkeypatch.setattr(provenance.mmpose_sat, '__file__', str(package))
    assert provenance.commit() == 'not a git checkout'

    def git(*command):
        identity = ('-c', 'user.name=me', '-c', 'user.email=me@example.org')
        subprocess.run(['git', '-C', tmp_path, *identity, *command], check=True)

    monkeypatch.setenv('GIT_CONFIG_GLOBAL', os.devnull)  # which may sign, or abbreviate to more
    monkeypatch.setenv('GIT_CONFIG_NOSYSTEM', '1')
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'package')
    first = provenance.commit()
    (tmp_path / 'result.json').touch()
    assert len(first) == 7 and provenance.commit() == first
    (package.parent / 'new.py').touch()
    assert provenance.commit() == f'{first}+'


def test_what_a_run_was_trained_with_is_not_what_it_was_tested_with(run_tool, tmp_path):
    for start, seed in (('1', 5), ('2', 7)):
        (tmp_path / start / 'vis_data').mkdir(parents=True)
        config = f'randomness = dict(seed={seed})\ntrain_cfg = dict(max_epochs=3)\n'
        config += 'train_dataloader = dict(batch_size=4)\n'
        (tmp_path / start / 'vis_data' / 'config.py').write_text(config)
    log = tmp_path / '1' / 'vis_data' / 'scalars.json'
    log.write_text('{"a/PCK": 40.0, "step": 2}\n')
    command = ('record_run.py', tmp_path, '--out', tmp_path / 'results')
    result = run_tool(*command)
    assert result.returncode == 2 and 'validated at 2 of 3: it is not finished' in result.stderr
    log.write_text('{"a/PCK": 40.0, "step": 3}\n')
    assert run_tool(*command).returncode == 0
    kept = json.loads((tmp_path / 'results' / f'{tmp_path.name}.json').read_text())
    assert kept['seed'] == 5 and kept['curves'] == {'a/PCK': [[3, 40.0]]}


def test_flops_tool_splits_the_model(run_tool):
    config = TOOLS.parent / 'configs' / 'box_conv_net' / 'box-conv-net_210e_coco-256x192.py'
    result = run_tool('get_flops.py', config)
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[2:]}
    assert rows['total'] == ['1,853,745', '5.7635']
    assert rows['head'] == ['1,649', '0.0050']
    name = 'mmpose_sat::box_conv_net/box-conv-net_210e_coco-256x192.py'
    assert run_tool('get_flops.py', name).stdout == result.stdout
    detector = next((TOOLS.parent / 'configs').rglob('centernet-*_synthetic-*.py'))
    assert 'has no codec to tell' in run_tool('get_flops.py', detector).stderr


@pytest.mark.parametrize('tool', ['export_onnx', 'plot_boxes', 'receptive_field', 'round_boxes'])
def test_weights_of_another_network_end_a_tool(run_tool, tmp_path, monkeypatch, tool):
    monkeypatch.chdir(tmp_path)
    weights = 'mmpose_sat://box-conv-net_48e_lsp-lspet-128x96'
    config = TOOLS.parent / 'configs' / 'dsnt' / 'heatmap-r18_15e_lsp-128x96.py'
    result = run_tool(f'{tool}.py', config, weights)
    assert result.returncode == 1
    assert f'the checkpoint {weights} is of another model' in result.stderr
    result = run_tool(f'{tool}.py', config, 'nowhere.pth')
    assert result.returncode == 1 and 'nowhere.pth can not be found' in result.stderr
    assert not list(tmp_path.iterdir())


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
