"""The compiled kernels: every shape, layout and dtype, and PyTorch's machinery around them."""

import shutil
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import forward_ad

from mmpose_sat.ops import box_conv2d
from mmpose_sat.ops.native import NOT_LOADED, _refuses_gpu

pytestmark = pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))


def inputs(shape, kernel_size, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(shape, generator=generator, dtype=torch.float64).to(dtype)
    edges = torch.rand(shape[1], 2, 2, generator=generator) * (kernel_size - 1)
    return x, edges.sort(-1).values.flatten(1).to(torch.promote_types(dtype, torch.float32))


def value_and_gradients(x, boxes, kernel_size, stride, backend, grad=None):
    x, boxes = x.detach().requires_grad_(), boxes.detach().requires_grad_()
    out = box_conv2d(x, boxes, kernel_size, stride, backend=backend)
    out.backward(torch.ones_like(out) if grad is None else grad.to(out.dtype))
    return out.detach(), x.grad, boxes.grad


def assert_matches_oracle(x, boxes, kernel_size, stride, tolerance):
    """Errors relative to the largest value of the float64 oracle."""
    shape = x.shape[:2] + tuple(-(-size // stride) for size in x.shape[2:])
    grad = torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(x)
    exact = value_and_gradients(
        x.double(), boxes.double(), kernel_size, stride, 'torch', grad.double()
    )
    found = value_and_gradients(x, boxes, kernel_size, stride, 'native', grad)
    assert found[0].dtype == found[1].dtype == x.dtype
    for name, a, b in zip(('output', 'grad_x', 'grad_boxes'), found, exact, strict=True):
        assert a.shape == b.shape
        if b.numel():
            scale = b.abs().max().clamp(min=1)
            assert (a.double() - b).abs().max() <= tolerance * scale, name


TOLERANCES = {
    torch.float64: 1e-12,
    torch.float32: 2e-5,
    torch.float16: 2e-3,
    torch.bfloat16: 1e-2,
}


@pytest.mark.parametrize('dtype', TOLERANCES, ids=str)
@pytest.mark.parametrize('size', [(1, 1), (5, 1), (33, 47), (64, 64), (96, 72), (200, 200)])
def test_oracle_grid(size, dtype):
    for kernel_size in (1, 3, 13, 31, 63):
        for stride in (1, 2):
            x, boxes = inputs((1, 3, *size), kernel_size, dtype)
            boxes[0] = boxes[0].round()  # resting on pixel borders
            assert_matches_oracle(x, boxes, kernel_size, stride, TOLERANCES[dtype])


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    shape=st.tuples(*(st.integers(low, high) for low, high in ((0, 3), (1, 4), (1, 40), (1, 40)))),
    kernel_size=st.integers(0, 40).map(lambda p: 2 * p + 1),
    stride=st.integers(1, 3),
    layout=st.sampled_from(['contiguous', 'channels_last', 'transposed', 'strided', 'expanded']),
    seed=st.integers(0, 2**16),
)
def test_random_calls(shape, kernel_size, stride, layout, seed):
    x, boxes = inputs(shape, kernel_size, torch.float64, seed)
    if layout == 'channels_last':
        x = x.contiguous(memory_format=torch.channels_last)
    elif layout == 'transposed':
        x, boxes = x.mT, boxes.mT.contiguous().mT
    elif layout == 'strided':
        x = x.repeat_interleave(2, -1)[..., ::2]
    elif layout == 'expanded':
        x = x[:, :, :1].expand(shape)
    assert_matches_oracle(x, boxes, kernel_size, stride, 1e-12)


@pytest.mark.parametrize('shape', [(1, 1, 700, 30), (1, 1, 40, 1500), (1, 1, 512, 512)])
def test_planes_larger_than_the_cache_are_cut_into_strips(shape):
    for kernel_size, stride in ((3, 1), (63, 1), (31, 3), (31, 900), (3, 2**60)):
        assert_matches_oracle(*inputs(shape, kernel_size), kernel_size, stride, 2e-5)


def test_large_maps_lose_no_precision():
    """Differences of prefix sums are wrong by 2e-2 here (summed-area table, float32)."""
    x, boxes = inputs((1, 4, 512, 512), 3)
    exact = box_conv2d(x.double(), boxes.double(), 3, backend='torch')
    error = box_conv2d(x, boxes, 3, backend='native') - exact
    assert error.abs().max() < 1e-6 * exact.square().mean().sqrt()


def test_float64_input_keeps_its_precision_with_float32_boxes():
    x, _ = inputs((1, 1, 50, 50), 41, torch.float64)
    boxes = torch.tensor([[3.3, 31.7, 2.9, 29.3]])
    exact = box_conv2d(x, boxes.double(), 41, backend='torch')
    torch.testing.assert_close(box_conv2d(x, boxes, 41, backend='native'), exact)


@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('channels', [3, 32, 45])
def test_channels_last_input_gives_channels_last_output(channels, stride):
    x, boxes = inputs((2, channels, 19, 23), 9)
    last = x.contiguous(memory_format=torch.channels_last)
    out = box_conv2d(last, boxes, 9, stride)
    assert out.is_contiguous(memory_format=torch.channels_last) == (stride == 1)
    for grad in (torch.rand(out.shape), torch.rand_like(out)):
        expected = value_and_gradients(x, boxes, 9, stride, 'native', grad)
        found = value_and_gradients(last, boxes, 9, stride, 'native', grad)
        assert all(map(torch.equal, found, expected))


def test_the_operator_itself_refuses_empty_maps_and_even_kernels():
    with pytest.raises(RuntimeError):
        torch.ops.mmpose_sat.box_conv2d(torch.zeros(1, 2, 4, 0), torch.ones(2, 4), 5, 1)
    for size in (0, -5, 4):
        with pytest.raises(RuntimeError, match=f'must be odd and positive, is {size}'):
            torch.ops.mmpose_sat.box_conv2d(torch.zeros(1, 2, 4, 4), torch.ones(2, 4), size, 1)


def test_boxes_outside_the_kernel_count_as_prefix_sums_do():
    x = torch.rand(1, 3, 6, 7, dtype=torch.float64)
    boxes = torch.tensor([[-30.0, 90, 1, 2], [3, 1.5, 0, 4], [1e30, 1e30, 0, 1]]).double()
    for native, pure in zip(
        value_and_gradients(x, boxes, 5, 1, 'native'),
        value_and_gradients(x, boxes, 5, 1, 'torch'),
        strict=True,
    ):
        torch.testing.assert_close(native, pure)


def test_results_do_not_depend_on_the_number_of_threads():
    x, boxes = inputs((3, 16, 40, 56), 13)
    threads = torch.get_num_threads()
    runs = []
    try:
        for count in (1, 2, 2):
            torch.set_num_threads(count)
            runs.append(value_and_gradients(x, boxes, 13, 1, 'native'))
    finally:
        torch.set_num_threads(threads)
    for other in runs[1:]:
        assert all(torch.equal(a, b) for a, b in zip(runs[0], other, strict=True))


def test_every_instruction_set_gives_the_same(in_instruction_set):
    x, boxes = inputs((2, 3, 33, 47), 13)
    script = """
x, boxes, expected = given
x.requires_grad_(), boxes.requires_grad_()
out = mmpose_sat.ops.box_conv2d(x, boxes, 13, backend='native')
out.sum().backward()
torch.testing.assert_close((out.detach(), x.grad, boxes.grad), expected, rtol=1e-5, atol=1e-4)
"""
    in_instruction_set(script, x, boxes, value_and_gradients(x, boxes, 13, 1, 'torch'))


@pytest.mark.skipif(shutil.which('nvcc') is None, reason='there is no nvcc')
def test_the_library_has_kernels_for_gpus_where_there_is_nvcc():
    assert torch.ops.mmpose_sat.cuda_toolkit() > 0
    for operator in ('box_conv2d', 'box_conv2d_backward'):
        assert torch._C._dispatch_has_kernel_for_dispatch_key(f'mmpose_sat::{operator}', 'CUDA')


def test_a_gpu_that_cannot_run_them_is_named_with_the_reason(monkeypatch):
    toolkit = torch.ops.mmpose_sat.cuda_toolkit()
    if not toolkit:
        assert 'without nvcc' in _refuses_gpu(0)
        return
    monkeypatch.setattr(torch.ops.mmpose_sat, 'cuda_driver', lambda: toolkit)
    for capability, reason in (((7, 0), 'capability 7.5, cuda:0 has 7.0'), ((9, 0), None)):
        monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda _, c=capability: c)
        found = _refuses_gpu(0)
        assert found is None if reason is None else reason in found
    monkeypatch.setattr(torch.ops.mmpose_sat, 'cuda_driver', lambda: 11080)
    assert 'the driver knows CUDA 11' in _refuses_gpu(0)


@pytest.mark.parametrize('dtype', TOLERANCES, ids=str)
def test_opcheck(dtype):
    x, boxes = inputs((2, 3, 6, 7), 5, dtype)
    operators = torch.ops.mmpose_sat
    for needs_grad, stride in ((True, 2), (False, 2), (True, 1)):
        if stride == 1:
            x = x.detach().contiguous(memory_format=torch.channels_last)
        arguments = (x.requires_grad_(needs_grad), boxes.requires_grad_(needs_grad), 5, stride)
        torch.library.opcheck(operators.box_conv2d.default, arguments)
    grad = torch.ones(2, 3, 3, 4, dtype=dtype)
    torch.library.opcheck(operators.box_conv2d_backward.default, (grad, x, boxes, 5, 2))


def test_derivatives_of_derivatives_and_function_transforms():
    x, boxes = inputs((1, 2, 4, 5), 5, torch.float64)

    def op(x, boxes):
        return box_conv2d(x, boxes, 5)

    assert torch.autograd.gradgradcheck(op, (x.requires_grad_(), boxes.requires_grad_()))
    x, boxes = x.detach(), boxes.detach()
    in_reverse = torch.func.jacrev(op)(x, boxes)
    torch.testing.assert_close(in_reverse, torch.func.jacfwd(op)(x, boxes))
    forward_mode = torch.autograd.functional.jacobian(
        lambda x: op(x, boxes), x, strategy='forward-mode', vectorize=True
    )
    torch.testing.assert_close(forward_mode, in_reverse)
    over_vmap = torch.func.grad(lambda xs: torch.vmap(op, (0, None))(xs, boxes).sum())(x[None])
    torch.testing.assert_close(over_vmap[0], torch.func.grad(lambda x: op(x, boxes).sum())(x))


@pytest.mark.parametrize('transform', ['jvp', 'grad', 'vmap', 'vmap of grad', 'jacfwd of boxes'])
def test_compiled_function_transforms(transform):
    x, boxes = inputs((3, 2, 4, 5), 5)

    def op(x):
        return box_conv2d(x, boxes, 5)

    def one(image):
        return op(image[None]).square().sum()

    run = {
        'jvp': lambda: torch.func.jvp(op, (x,), (x.flip(0),))[1],
        'grad': lambda: torch.func.grad(lambda x: op(x).square().sum())(x),
        'vmap': lambda: torch.vmap(one)(x),
        'vmap of grad': lambda: torch.vmap(torch.func.grad(one))(x),
        'jacfwd of boxes': lambda: torch.func.jacfwd(lambda b: box_conv2d(x, b, 5).sum())(boxes),
    }[transform]
    torch._dynamo.reset()
    found, expected = torch.compile(run, backend='eager')(), run()
    torch.testing.assert_close(found, expected)
    assert found.abs().max() > 0.1


def test_forward_mode_of_a_function_that_has_been_compiled_before():
    x, boxes = inputs((1, 2, 4, 5), 5)
    torch._dynamo.reset()
    compiled = torch.compile(lambda x: box_conv2d(x, boxes, 5), backend='eager')
    compiled(x)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(compiled(forward_ad.make_dual(x, x))).tangent
    torch.testing.assert_close(tangent, compiled(x))


def test_a_hook_is_called_once_when_a_graph_of_the_gradients_is_made():
    x, boxes = inputs((1, 2, 4, 5), 5, torch.float64)
    calls = []
    x = x.requires_grad_() * 1
    x.register_hook(calls.append)
    out = box_conv2d(x, boxes, 5).square().sum()
    (with_graph,) = torch.autograd.grad(out, x, create_graph=True)
    assert len(calls) == 1
    torch.testing.assert_close(with_graph, torch.autograd.grad(out, x)[0])


@pytest.mark.parametrize('in_dims', [(0, 0), (0, None), (None, 0), (2, 1)])
def test_vmap(in_dims):
    x, boxes = inputs((2, 3, 6, 7), 5)
    x, boxes = torch.stack([x, x + 1, x * 2]), torch.stack([boxes, boxes / 2, boxes / 3])
    arguments = [t if d is not None else t[0] for t, d in zip((x, boxes), in_dims, strict=True)]
    expected = [
        box_conv2d(*(t if d is None else t[i] for t, d in zip(arguments, in_dims, strict=True)), 5)
        for i in range(3)
    ]
    moved = [t if not d else t.movedim(0, d) for t, d in zip(arguments, in_dims, strict=True)]
    out = torch.vmap(lambda a, b: box_conv2d(a, b, 5), in_dims)(*moved)
    torch.testing.assert_close(out, torch.stack(expected))


def test_export_with_dynamic_sizes():
    class Model(torch.nn.Module):
        def forward(self, x, boxes):
            return box_conv2d(x, boxes, 5)

    dynamic = {0: torch.export.Dim('n'), 2: torch.export.Dim('h'), 3: torch.export.Dim('w')}
    program = torch.export.export(Model(), inputs((2, 3, 6, 7), 5), dynamic_shapes=(dynamic, None))
    x, boxes = inputs((3, 3, 9, 11), 5)
    torch.testing.assert_close(program.module()(x, boxes), box_conv2d(x, boxes, 5))


@pytest.mark.usefixtures('torch_only')
def test_without_the_library_one_warning_and_the_same_result(tmp_path):
    x, boxes = inputs((1, 2, 6, 7), 5)
    torch.save((x, boxes, box_conv2d(x, boxes, 5)), tmp_path / 'case.pt')
    script = f"""
import sys, warnings
sys.modules['mmpose_sat_ops'] = None
import torch
from mmpose_sat.ops import box_conv2d
x, boxes, expected = torch.load({str(tmp_path / 'case.pt')!r})
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    for _ in range(2):
        torch.testing.assert_close(box_conv2d(x, boxes, 5), expected)
assert len(caught) == 1 and 'ops/README.md' in str(caught[0].message), caught
try:
    box_conv2d(x, boxes, 5, backend='native')
except ValueError as error:
    assert 'cannot run: mmpose_sat_ops is not installed' in str(error), error
else:
    raise AssertionError('the missing backend ran')
"""
    subprocess.run([sys.executable, '-c', script], check=True)
