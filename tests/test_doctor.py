"""Environments that are known not to work, and their fixes."""

import importlib.util
import sys
from pathlib import Path

import pytest

from mmpose_sat import compat

TOOLS = Path(__file__).parents[1] / 'tools'


def test_doctor_finds_this_environment_healthy(run_tool):
    result = run_tool('doctor.py')
    assert result.returncode == 0 and '0 problems' in result.stdout, result.stdout


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
        ('mmcv_version', {'onedl-mmcv': (2, 3, 6), 'mmdet': (3, 3, 0)}, 'onedl-mmdetection'),
        ('torch_for_mmcv', dict(mmcv=(2, 1, 0), torch=(2, 14, 1)), 'torch <= 2.13'),
        ('torch_for_mmcv', dict(torch=(2, 14, 1)), 'torch <= 2.13'),
        ('setuptools', dict(setuptools=(82, 0)), 'setuptools<81'),
        ('numpy_drawing', dict(numpy=(2, 5, 0)), 'numpy < 2.4'),
        ('packages', dict(torch=(2, 11), mmcv=(2, 1)), 'torchvision, mmengine, mmdet, mmpose'),
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


def test_doctor_names_what_stopped_a_patch(doctor, monkeypatch):
    def refused():
        raise RuntimeError('operator torchvision::nms does not exist')

    monkeypatch.setitem(compat.PATCHES, 'refused', refused)
    problem = doctor.patches()
    assert "['refused']" in problem and 'torchvision::nms' in problem


def test_doctor_says_why_the_package_does_not_import(doctor, monkeypatch):
    monkeypatch.setenv('MMPOSE_SAT_SKIP_PATCHES', 'unknown')
    problem = doctor.patches()
    assert "names ['unknown']" in problem and 'PYTHONPATH' not in problem
    monkeypatch.setitem(sys.modules, 'mmpose_sat', None)
    assert 'PYTHONPATH' in doctor.patches()


@pytest.mark.parametrize(
    ('check', 'fix'), [('opencv', 'libgl1'), ('mmcv_operators', 'MMCV_WITH_OPS=1')]
)
def test_doctor_names_libraries_that_do_not_load(doctor, monkeypatch, check, fix):
    def broken(name):
        raise ImportError('libGL.so.1: cannot open shared object file')

    monkeypatch.setattr(doctor.importlib, 'import_module', broken)
    problem = getattr(doctor, check)()
    assert fix in problem and 'libGL.so.1' in problem
