"""The set-up script says in one line what is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / 'tools' / 'setup_env.sh'


def run(tmp_path, **environment):
    return subprocess.run(
        ['bash', str(SCRIPT), str(tmp_path / 'venv')],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


def commands(tmp_path, *names):
    """A PATH with these commands only."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    for name in (*names, 'bash', 'dirname', 'cat', 'sha256sum', 'cut', 'awk', 'mkdir'):
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder


def test_a_missing_python_is_named(tmp_path):
    result = run(tmp_path, PYTHON='no-such-python')
    assert result.returncode != 0
    (line,) = result.stderr.splitlines()
    assert line.startswith('setup: needs CPython 3.11 or 3.12')


def test_a_missing_compiler_is_named(tmp_path):
    import sys

    result = run(tmp_path, PATH=str(commands(tmp_path)), PYTHON=sys._base_executable)
    assert result.returncode != 0
    (line,) = result.stderr.splitlines()
    assert line.startswith('setup: needs a C++ compiler')


def test_missing_headers_are_named(tmp_path):
    fake = tmp_path / 'python'
    fake.write_text('#!/bin/sh\ncase "$*" in *Python.h*) exit 1;; esac\n')
    fake.chmod(0o755)
    result = run(tmp_path, PYTHON=str(fake))
    assert result.returncode != 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("setup: needs Python's headers")


def test_a_full_disk_is_named(tmp_path):
    import sys

    folder = commands(tmp_path, 'c++')
    fake = folder / 'df'
    fake.write_text('#!/bin/sh\necho head\necho disk 9 9 3145728 9 /\n')
    fake.chmod(0o755)
    result = run(tmp_path, PATH=str(folder), PYTHON=sys._base_executable)
    assert result.returncode != 0
    (line,) = result.stderr.splitlines()
    assert 'needs 8 GiB of free disk space' in line and 'found 3 GiB' in line


@pytest.mark.parametrize('folder', ['/', str(SCRIPT.parents[1])])
def test_an_environment_in_place_costs_nothing(folder):
    if not (SCRIPT.parents[1] / '.venv' / '.stamp').exists():
        pytest.skip('no .venv made by tools/setup_env.sh')
    result = subprocess.run(['bash', str(SCRIPT)], capture_output=True, text=True, cwd=folder)
    assert (result.returncode, result.stdout, result.stderr) == (0, '', '')
