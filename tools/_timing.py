"""How the benchmarks time a call."""

import statistics
import time
from collections.abc import Callable

import torch


def measure(
    run: Callable[[], object], device: str, repeats: int, limit: float
) -> tuple[float, int]:
    """Milliseconds of one call, and how often it was made after two calls to warm up.

    Calls are repeated ``repeats`` times or as often as ``limit`` seconds allow, three times at
    least; the fastest counts on a CPU, the median on a GPU.
    """
    for _ in range(2):
        run()
    times: list[float] = []
    while len(times) < 3 or (len(times) < repeats and sum(times) < limit):
        if device == 'cuda':
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            run()
            end.record()
            end.synchronize()
            times.append(start.elapsed_time(end) / 1e3)
        else:
            began = time.perf_counter()
            run()
            times.append(time.perf_counter() - began)
    return 1e3 * (min(times) if device == 'cpu' else statistics.median(times)), len(times)
