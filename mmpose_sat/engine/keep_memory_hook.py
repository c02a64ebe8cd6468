"""Training on a CPU without waiting for the operating system at each tensor."""

import ctypes

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..registry import HOOKS

__all__ = ['KeepMemoryHook', 'keep_freed_memory']

# Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Let the C library keep freed blocks for the next allocations of this process.

    By default glibc hands each freed block of 32 MB and more back to the system, which clears its
    pages before it gives them out again: more work than many layers do on the tensor inside. The
    process then stays as large as it has ever been.

    Returns:
        Whether the C library can do so (glibc can).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, -1))


@HOOKS.register_module()
class KeepMemoryHook(Hook):
    """Calls :func:`keep_freed_memory` before a run whose model is on the CPU."""

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        if next(runner.model.parameters()).device.type == 'cpu':
            keep_freed_memory()
