"""The CUDA kernels' arithmetic and their use of threads and memory, run on the CPU.

``cuda_on_host/`` stands in for CUDA: no GPU and no nvcc is needed. What only a GPU can show (that
they launch there, and how fast) is tested in ``test_cuda.py`` and measured by
``tools/benchmark_op.py --device cuda``.
"""

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from test_native import TOLERANCES, inputs, value_and_gradients
from torch.utils.cpp_extension import include_paths

FOLDER = Path(__file__).parent / 'cuda_on_host'
NUMBERS = {torch.float32: 0, torch.float64: 1, torch.float16: 2, torch.bfloat16: 3}
pytestmark = pytest.mark.skipif(shutil.which('c++') is None, reason='there is no C++ compiler')


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    output = tmp_path_factory.mktemp('cuda_on_host') / 'kernels.so'
    headers = [flag for path in include_paths() for flag in ('-isystem', path)]
    subprocess.run(
        [
            'c++',
            '-std=c++20',
            '-O1',
            '-g',
            '-fPIC',
            '-shared',
            '-Wno-unknown-pragmas',
            f'-I{FOLDER}',
        ]
        + [*headers, str(FOLDER / 'kernels.cpp'), '-o', str(output)],
        check=True,
    )
    library = ctypes.CDLL(str(output))
    library.filter.restype = library.backward.restype = ctypes.c_char_p
    return library


class Kernels:
    """The two entry points on tensors, for a GPU with so much shared memory per block."""

    def __init__(self, library, shared_limit=64 << 10, last_thread_first=False):
        self.library = library
        self.options = (shared_limit, last_thread_first)

    def _call(self, name, x, boxes, kernel_size, stride, *arguments):
        numbers = (*x.shape, stride, kernel_size, NUMBERS[x.dtype], boxes.dtype == torch.float64)
        request = (ctypes.c_int64 * 10)(*map(int, (*numbers, *self.options)))
        plan = [ctypes.c_int64(), ctypes.c_int64()]
        pointers = [
            ctypes.c_void_p(a.data_ptr()) if isinstance(a, torch.Tensor) else a for a in arguments
        ]
        error = getattr(self.library, name)(request, *pointers, *map(ctypes.byref, plan))
        assert error is None, error
        self.strips, self.staged = (number.value for number in plan)

    def run(self, x, boxes, kernel_size, stride, grad):
        """Output, gradient of x alone, gradients of x and boxes."""
        out = torch.full_like(grad, torch.nan)
        grad_alone, grad_x = torch.full_like(x, torch.nan), torch.full_like(x, torch.nan)
        grad_boxes = torch.full_like(boxes, torch.nan)
        self._call('filter', x, boxes, kernel_size, stride, 0, x, boxes, out)
        self._call('filter', x, boxes, kernel_size, stride, 1, grad, boxes, grad_alone)
        self._call('backward', x, boxes, kernel_size, stride, grad, x, boxes, grad_x, grad_boxes)
        return out, grad_alone, grad_x, grad_boxes


def assert_exact(kernels, shape, kernel_size, stride=1, dtype=torch.float32, seed=0):
    x, boxes = inputs(shape, kernel_size, dtype, seed)
    boxes[0] = boxes[0].round()  # resting on pixel borders
    size = tuple(-(-s // stride) for s in shape[2:])
    grad = torch.randn(*shape[:2], *size, generator=torch.Generator().manual_seed(1)).to(dtype)
    out, grad_x, grad_boxes = value_and_gradients(
        x.double(), boxes.double(), kernel_size, stride, 'torch', grad.double()
    )
    found = kernels.run(x, boxes, kernel_size, stride, grad)
    names = ('output', 'grad_x alone', 'grad_x', 'grad_boxes')
    for name, a, b in zip(names, found, (out, grad_x, grad_x, grad_boxes), strict=True):
        scale = b.abs().max().clamp(min=1)
        assert (a.double() - b).abs().max() <= TOLERANCES[dtype] * scale, name
    return found


@pytest.mark.parametrize('dtype', TOLERANCES, ids=str)
@pytest.mark.parametrize('size', [(1, 1), (5, 1), (1, 40), (33, 47)])
def test_oracle_grid(library, size, dtype):
    for kernel_size in (1, 3, 13, 63):
        for stride in (1, 2):
            assert_exact(Kernels(library), (1, 3, *size), kernel_size, stride, dtype)


def test_several_small_planes_share_a_block(library):
    for planes in ((1, 1), (1, 5), (3, 7)):
        assert_exact(Kernels(library), (*planes, 6, 9), 5)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64], ids=str)
def test_planes_are_cut_into_strips_where_shared_memory_is_small(library, dtype):
    kernels = Kernels(library, shared_limit=24 << 10)
    for stride in (1, 2, 3):
        assert_exact(kernels, (1, 3, 70, 37), 9, stride, dtype)
        assert kernels.strips > 1 and not kernels.staged


def test_planes_are_staged_in_global_memory_where_no_strip_fits(library):
    kernels = Kernels(library, shared_limit=6 << 10)
    for stride in (1, 2):
        assert_exact(kernels, (1, 3, 50, 41), 31, stride)
        assert kernels.staged and kernels.strips == 1


@pytest.mark.parametrize('shared_limit', [6 << 10, 24 << 10, 64 << 10])
def test_threads_may_come_in_any_order(library, shared_limit):
    """A race would show: each thread runs to the next barrier before another one starts."""
    runs = [
        assert_exact(Kernels(library, shared_limit, order), (2, 3, 50, 37), 13)
        for order in (False, True)
    ]
    assert all(torch.equal(a, b) for a, b in zip(*runs, strict=True))


@pytest.mark.parametrize('worst', [torch.inf, torch.nan])
def test_what_is_not_finite_stays_within_reach_of_the_kernel(library, worst):
    x, boxes = inputs((1, 3, 40, 44), 7)
    grad = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    clean = Kernels(library).run(x, boxes, 7, 1, grad)[:2]
    for tensor in (x, grad):
        tensor[..., 9, 13] = worst
    found = Kernels(library).run(x, boxes, 7, 1, grad)[:2]
    for before, after in zip(clean, found, strict=True):
        assert not after[..., 9, 13].isfinite().all()
        for tensor in (before, after):
            tensor[..., 5:14, 9:18] = 0
        torch.testing.assert_close(after, before, atol=1e-5, rtol=0)


def test_large_maps_lose_no_precision(library):
    x, boxes = inputs((1, 1, 512, 512), 3)
    grad = torch.ones_like(x)
    exact = value_and_gradients(x.double(), boxes.double(), 3, 1, 'torch')[0]
    out = Kernels(library, 227 << 10).run(x, boxes, 3, 1, grad)[0]
    assert (out - exact).abs().max() < 2e-6 * exact.square().mean().sqrt()
