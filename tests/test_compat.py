"""Checkpoints load under weights_only, code in them does not, and MMPose stays as it is."""

import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.models.losses import JSDiscretLoss
from mmpose.registry import MODELS

from mmpose_sat import compat


class Malicious:
    """Unpickles to a call of ``function``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_mmengine_checkpoints_load_with_weights_only(tmp_path):
    history = HistoryBuffer()
    for value in (1.0, 2.0):
        history.update(value)
    content = dict(
        state_dict=dict(w=torch.ones(2)),
        message_hub=dict(log_scalars={'loss': history}, runtime_info=dict(best=np.float64(0.5))),
        meta=dict(dataset_meta=dict(sigmas=np.array([], np.float32))),  # as Human3.6M's
    )
    torch.save(content, tmp_path / 'checkpoint.pth')
    loaded = torch.load(tmp_path / 'checkpoint.pth', weights_only=True)
    assert loaded['message_hub']['log_scalars']['loss'].mean() == 1.5
    assert loaded['message_hub']['runtime_info']['best'] == 0.5
    assert loaded['meta']['dataset_meta']['sigmas'].shape == (0,)


@pytest.mark.parametrize(
    'attack',
    [
        Malicious(print, 'code from a checkpoint was run'),
        Malicious(getattr, HistoryBuffer, '__init__'),
        Malicious(getattr, np.ndarray, 'tofile'),
    ],
    ids=['call', 'getattr of an allowed class', 'getattr of another class'],
)
def test_a_malicious_checkpoint_is_refused(tmp_path, capsys, attack):
    torch.save(dict(state_dict={}, meta=attack), tmp_path / 'checkpoint.pth')
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / 'checkpoint.pth')
    assert 'was run' not in capsys.readouterr().out


def test_patches_can_be_switched_off(monkeypatch):
    monkeypatch.setenv('MMPOSE_SAT_SKIP_PATCHES', 'all')
    assert compat.apply() == []
    monkeypatch.setenv('MMPOSE_SAT_SKIP_PATCHES', 'cpu_distributed, safe_checkpoints')
    assert compat.apply() == [
        name for name in compat.PATCHES if name not in ('cpu_distributed', 'safe_checkpoints')
    ]
    monkeypatch.setenv('MMPOSE_SAT_SKIP_PATCHES', 'safe_checkpoint')
    with pytest.raises(ValueError, match=r"'safe_checkpoint'.*safe_checkpoints"):
        compat.apply()


def test_packages_that_do_not_fit_together_leave_the_op_alone(monkeypatch):
    def refused():
        raise AssertionError('MMCV==2.2.0 is used but incompatible')

    monkeypatch.setitem(compat.PATCHES, 'refused', refused)
    monkeypatch.setattr(compat, 'ERRORS', {})
    assert 'refused' not in compat.apply()
    assert 'incompatible' in str(compat.ERRORS['refused'])


def test_nothing_of_mmpose_is_overwritten():
    code = """
import mmpose.registry as theirs
from mmpose.utils import register_all_modules
from mmengine.registry import Registry
register_all_modules()
def snapshot():
    return {n: dict(r.module_dict) for n, r in vars(theirs).items() if isinstance(r, Registry)}
def roots():
    import mmengine.registry as root
    return {n: dict(r.module_dict) for n, r in vars(root).items() if isinstance(r, Registry)}
before = snapshot(), roots()
import mmpose_sat, mmpose_sat.models, mmpose_sat.datasets, mmpose_sat.evaluation, mmpose_sat.engine
assert (snapshot(), roots()) == before
"""
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_a_model_that_is_wrapped_already_stays():
    wrapped = object.__new__(MMDistributedDataParallel)
    runner = SimpleNamespace(distributed=True, cfg={}, model_name='net')
    assert Runner.wrap_model(runner, None, wrapped) is wrapped


@pytest.mark.parametrize('ending', ['', 'raise RuntimeError'])
def test_gloos_threads_end_before_python_does(tmp_path, ending):
    """After an error they stay: other processes may never send what they wait for."""
    script = tmp_path / 'train.py'
    script.write_text(
        'import atexit, pathlib, torch, mmpose_sat\n'
        'from mmengine.dist import init_dist\n'
        'def threads():\n'
        "    names = pathlib.Path('/proc/self/task').glob('*/comm')\n"
        "    return sum('gloo' in name.read_text() for name in names)\n"
        'atexit.register(lambda: print(threads()))\n'
        'def train():\n'
        f"    init_dist('pytorch', init_method='file://{tmp_path}/store', rank=0, world_size=1)\n"
        '    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2))\n'
        '    model.itself = [model]\n'
        '    model(torch.ones(1, 2)).sum().backward()\n'
        '    print(threads())\n'
        'train()\n'
        f'{ending}\n'
    )
    environment = {**os.environ, 'RANK': '0', 'CUDA_VISIBLE_DEVICES': ''}
    result = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environment
    )
    during, after = map(int, result.stdout.split())
    assert during > 0 and (after > 0) == bool(ending), result.stderr


def test_mmposes_dsnt_loss_survives_a_masked_joint():
    heatmaps = torch.rand(2, 3, 4, 4).flatten(2).softmax(-1).view(2, 3, 4, 4)
    targets = heatmaps.flip(-1)
    weights = torch.ones(2, 3)
    loss = JSDiscretLoss()
    gradients = []
    for masked in (False, True):
        leaf = heatmaps.clone().requires_grad_()
        weights[0, 1] = 0 if masked else 1
        loss(leaf, targets, weights).backward()
        gradients.append(leaf.grad)
    assert (gradients[1][0, 1] == 0).all()
    gradients[0][0, 1] = 0
    assert torch.equal(*gradients)


def test_an_inherited_config_is_built_in_its_own_scope(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = 'mmpose_sat::box_conv_net/box-conv-net_15e_lsp-128x96.py'\n")
    config = Config.fromfile(path)
    init_default_scope(config.default_scope)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    assert type(model.backbone).__name__ == 'BoxConvNet'
