"""The wheel: pure Python, no requirements, and the configs where MMEngine looks for them."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from mmengine.config import Config

from mmpose_sat.ops.native import NOT_LOADED

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp('wheel')
    command = [sys.executable, '-m', 'hatchling', 'build', '-t', 'wheel', '-d', str(folder)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    (wheel,) = folder.glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / 'site')
    return wheel, folder / 'site'


def test_the_wheel_is_pure_and_requires_nothing(installed):
    wheel, site = installed
    assert wheel.name.endswith('-py3-none-any.whl')
    assert 'Requires-Dist' not in next(site.glob('*.dist-info/METADATA')).read_text()
    assert sorted(p.name for p in site.iterdir() if p.suffix != '.dist-info') == ['mmpose_sat']


@pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
def test_the_wheel_of_the_kernels_names_no_python_version_and_loads(tmp_path):
    command = [sys.executable, '-m', 'hatchling', 'build', '-t', 'wheel', '-d', str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT / 'ops', capture_output=True)
    (wheel,) = tmp_path.glob('*.whl')
    assert '-py3-none-' in wheel.name and not wheel.name.endswith('any.whl')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / 'site')
    code = (
        'import mmpose_sat_ops; from mmpose_sat.ops import native; '
        'print(mmpose_sat_ops.__file__, native.NOT_LOADED)'
    )
    paths = os.pathsep.join([str(tmp_path / 'site'), str(ROOT)])
    output = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': paths},
    ).stdout  # fmt: skip
    assert str(tmp_path) in output and output.endswith('None\n')


def test_the_wheel_carries_configs_and_tools(installed):
    mim = installed[1] / 'mmpose_sat' / '.mim'
    for path in (*(ROOT / 'configs').rglob('*.py'), *(ROOT / 'tools').glob('*.py')):
        assert (mim / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
    assert (mim / 'model-index.yml').is_file()


def test_an_installed_config_can_be_inherited_from_anywhere(installed, tmp_path):
    (tmp_path / 'mine.py').write_text(
        "_base_ = ['mmpose_sat::box_conv_net/box-conv-net_15e_lsp-128x96.py']\n"
        'model = dict(backbone=dict(out_indices=(4,)))\n'
    )
    code = (
        'import mmpose_sat; from mmengine.config import Config; '
        "print(mmpose_sat.__file__, Config.fromfile('mine.py').model.backbone.type)"
    )
    output = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(installed[1])},
    ).stdout  # fmt: skip
    assert str(installed[1]) in output and 'mmpose_sat.BoxConvNet' in output


def test_so_can_one_of_the_source_tree(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = ['mmpose_sat::box_conv_net/box-conv-net_15e_lsp-128x96.py']\n")
    assert Config.fromfile(path).model.backbone.type == 'mmpose_sat.BoxConvNet'
