"""Shared fixtures. Real data: the folder in MMPOSE_SAT_DATA, or --data; tests skip without it."""

import os
import socket
from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption('--data', help='folder with lsp/ and lspet/; default: $MMPOSE_SAT_DATA')


@pytest.fixture(scope='session')
def data_root(request):
    root = request.config.getoption('--data') or os.environ.get('MMPOSE_SAT_DATA')
    if not root or not (Path(root) / 'lsp').is_dir():
        pytest.skip('real people not found: set MMPOSE_SAT_DATA to the folder that holds lsp/')
    return Path(root)


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
