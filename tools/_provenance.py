"""Where a figure comes from: the code's commit and the machine."""

import platform
import subprocess
from pathlib import Path

import torch


def commit() -> str:
    """The checkout's commit, with a plus when files differ from it."""
    command = ['git', '-C', str(Path(__file__).parent), 'describe', '--always', '--dirty=+']
    result = subprocess.run(command, capture_output=True, text=True)
    return result.stdout.strip() or 'not a git checkout'


def machine(device: str | None = None) -> str:
    """Name of the GPU or CPU; by default of the GPU where there is one."""
    if device != 'cpu' and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
        return next(line.split(':')[1].strip() for line in lines if line.startswith('model name'))
    except (OSError, StopIteration):
        return platform.processor()
