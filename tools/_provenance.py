"""Where a figure comes from: the code's commit, the machine and its PyTorch."""

import platform
import subprocess
from pathlib import Path

import torch

import mmpose_sat


def provenance(device: str | None = None) -> dict[str, str]:
    """What a file of results says of where they come from."""
    return dict(commit=commit(), machine=machine(device), torch=torch.__version__)


def commit() -> str:
    """Commit of the imported package, with a plus when its code or configs differ from it."""
    root = Path(mmpose_sat.__file__).parents[1]

    def git(*command: str) -> str:
        command = ('git', '-C', str(root), *command)
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    if git('rev-parse', '--show-toplevel') != str(root.resolve()):
        return 'not a git checkout'
    changed = git('status', '--porcelain', '--', 'mmpose_sat', 'ops', 'configs', 'tools', ':!*.md')
    return git('rev-parse', '--short', 'HEAD') + ('+' if changed else '')


def machine(device: str | None = None) -> str:
    """Name of the GPU or CPU; by default of the GPU where there is one."""
    if device != 'cpu' and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
        return next(line.split(':')[1].strip() for line in lines if line.startswith('model name'))
    except (OSError, StopIteration):
        return platform.processor()
