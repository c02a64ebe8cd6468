"""Shared fixtures. Real data: the folder in MMPOSE_SAT_DATA, or --data; tests skip without it."""

import os
import runpy
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import torch

TOOLS = Path(__file__).parents[1] / 'tools'


def pytest_addoption(parser):
    parser.addoption('--data', help='folder with lsp/ and lspet/; default: $MMPOSE_SAT_DATA')


@pytest.fixture(scope='session')
def data_root(request):
    root = request.config.getoption('--data') or os.environ.get('MMPOSE_SAT_DATA')
    if not root or not (Path(root) / 'lsp').is_dir():
        pytest.skip('real people not found: set MMPOSE_SAT_DATA to the folder that holds lsp/')
    return Path(root)


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """Runs a tool as its command line does, in this process: a new one imports MMPose for 10 s."""
    monkeypatch.syspath_prepend(TOOLS)
    threads = torch.get_num_threads()

    def run(name, *arguments):
        command = [str(TOOLS / name), *map(str, arguments)]
        monkeypatch.setattr(sys, 'argv', command)
        capsys.readouterr()
        status = None
        try:
            runpy.run_path(command[0], run_name='__main__')
        except SystemExit as stop:
            status = stop.code
        output, errors = capsys.readouterr()
        if isinstance(status, str):
            status, errors = 1, f'{errors}{status}\n'
        return CompletedProcess(command, int(status or 0), output, errors)

    yield run
    torch.set_num_threads(threads)
