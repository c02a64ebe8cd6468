"""The op needs PyTorch alone."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch


@pytest.fixture
def torch_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process of the test imports mmpose_sat without MMPose, which would take 10 s."""
    monkeypatch.setenv('MMPOSE_SAT_SKIP_PATCHES', 'all')


@pytest.fixture(params=['default', 'avx2', 'avx512'])
def in_instruction_set(
    request: pytest.FixtureRequest,
    torch_only: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Callable[..., None]:
    """Runs a script with the kernels of each instruction set; ``given`` are the values it needs."""
    if request.param_index > torch.ops.mmpose_sat.cpu_capability():
        pytest.skip(f'this processor has no {request.param}')
    monkeypatch.setenv('ATEN_CPU_CAPABILITY', request.param)

    def run(script: str, *given: Any) -> None:
        torch.save(given, tmp_path / 'given.pt')
        start = f"""
import torch, mmpose_sat.ops
assert torch.ops.mmpose_sat.cpu_capability() == {request.param_index}
given = torch.load({str(tmp_path / 'given.pt')!r}, weights_only=False)
"""
        subprocess.run([sys.executable, '-c', start + script], check=True)

    return run
