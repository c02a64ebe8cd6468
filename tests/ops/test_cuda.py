"""The kernels on a GPU; without one all of this is skipped (see test_cuda_on_host.py)."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_native import TOLERANCES, assert_matches_oracle, inputs, value_and_gradients

from mmpose_sat.ops import BoxConv2d, box_conv2d
from mmpose_sat.ops.native import NOT_LOADED, refuses_native


def refusal():
    if not torch.cuda.is_available():
        return 'there is no GPU'
    return NOT_LOADED or refuses_native(*on_gpu((1, 1, 2, 2), 3), 3, 1)


def on_gpu(*arguments, **options):
    x, boxes = inputs(*arguments, **options)
    return x.cuda(), boxes.cuda()


REFUSAL = refusal()
pytestmark = pytest.mark.skipif(REFUSAL is not None, reason=str(REFUSAL))


@pytest.mark.parametrize('dtype', TOLERANCES, ids=str)
@pytest.mark.parametrize('size', [(1, 1), (5, 1), (33, 47), (64, 64), (96, 72), (200, 200)])
def test_oracle_grid(size, dtype):
    for kernel_size in (1, 3, 13, 31, 63):
        for stride in (1, 2):
            x, boxes = on_gpu((2, 3, *size), kernel_size, dtype)
            boxes[0] = boxes[0].round()  # resting on pixel borders
            assert_matches_oracle(x, boxes, kernel_size, stride, TOLERANCES[dtype])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    shape=st.tuples(*(st.integers(low, high) for low, high in ((0, 3), (1, 9), (1, 70), (1, 70)))),
    kernel_size=st.integers(0, 40).map(lambda p: 2 * p + 1),
    stride=st.integers(1, 3),
    layout=st.sampled_from(['contiguous', 'channels_last', 'strided', 'unaligned']),
    dtype=st.sampled_from(list(TOLERANCES)),
    seed=st.integers(0, 2**16),
)
def test_random_calls(shape, kernel_size, stride, layout, dtype, seed):
    x, boxes = on_gpu(shape, kernel_size, dtype, seed)
    if layout == 'channels_last':
        x = x.contiguous(memory_format=torch.channels_last)
    elif layout == 'strided':
        x = x.repeat_interleave(2, -1)[..., ::2]
    elif layout == 'unaligned':
        x = torch.cat((x.new_zeros(1), x.flatten()))[1:].view(shape)
    assert_matches_oracle(x, boxes, kernel_size, stride, TOLERANCES[dtype])


@pytest.mark.parametrize('size', [(700, 30), (40, 1500), (512, 512)])
def test_large_maps(size):
    for kernel_size, stride in ((3, 1), (63, 1), (601, 1), (31, 3), (31, 900)):
        assert_matches_oracle(*on_gpu((1, 2, *size), kernel_size), kernel_size, stride, 2e-5)


def test_many_planes():
    x = torch.ones(70000, 3, 4, 4, device='cuda')
    boxes = torch.tensor([[1.0, 1, 1, 1]] * 3, device='cuda')
    assert torch.equal(box_conv2d(x, boxes, 3, backend='native'), x)


def test_runs_are_bitwise_the_same():
    x, boxes = on_gpu((16, 64, 40, 56), 13)
    runs = [value_and_gradients(x, boxes, 13, 1, 'native') for _ in range(3)]
    for other in runs[1:]:
        assert all(torch.equal(a, b) for a, b in zip(runs[0], other, strict=True))


def test_it_works_on_the_current_stream_and_in_a_graph():
    x, boxes = on_gpu((8, 16, 64, 64), 13)
    expected = box_conv2d(x, boxes, 13)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        late = torch.zeros_like(x)
        torch.cuda._sleep(10_000_000)
        late.copy_(x)
        out = box_conv2d(late, boxes, 13)
    stream.synchronize()
    assert torch.equal(out, expected)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = box_conv2d(late, boxes, 13)
    late.mul_(2)
    graph.replay()
    torch.testing.assert_close(captured, 2 * expected)


def test_opcheck_and_compile():
    x, boxes = on_gpu((2, 3, 6, 7), 5)
    torch.library.opcheck(
        torch.ops.mmpose_sat.box_conv2d.default,
        (x.requires_grad_(), boxes.requires_grad_(), 5, 2),
    )
    compiled = torch.compile(lambda x, boxes: box_conv2d(x, boxes, 5), fullgraph=True)
    torch.testing.assert_close(compiled(x, boxes), box_conv2d(x, boxes, 5))


def test_nothing_is_kept_for_the_backward_pass_but_input_and_boxes():
    x, boxes = on_gpu((8, 16, 64, 64), 13)
    x.requires_grad_(), boxes.requires_grad_()
    before = torch.cuda.memory_allocated()
    out = box_conv2d(x, boxes, 13)
    assert torch.cuda.memory_allocated() - before == out.nbytes


def test_layer_under_autocast():
    layer = BoxConv2d(4, 13).cuda()
    with torch.autocast('cuda', torch.float16):
        out = layer(torch.rand(2, 4, 16, 16, device='cuda', dtype=torch.float16))
    out.float().sum().backward()
    assert out.dtype == torch.float16 and layer.coords.grad.dtype == torch.float32


def test_boxes_of_another_device_are_refused():
    x, boxes = on_gpu((1, 2, 4, 4), 3)
    with pytest.raises((ValueError, RuntimeError), match='device'):
        box_conv2d(x, boxes.cpu(), 3)
