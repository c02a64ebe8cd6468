"""The op needs PyTorch alone."""

import pytest


@pytest.fixture
def torch_only(monkeypatch):
    """A new process of the test imports mmpose_sat without MMPose, which would take 10 s."""
    monkeypatch.setenv('MMPOSE_SAT_SKIP_PATCHES', 'all')
