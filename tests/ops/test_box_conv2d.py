"""The op against a float64 oracle, closed forms and gradcheck."""

import pytest
import torch
import torch.nn.functional as F

from mmpose_sat.ops import BACKENDS, box_conv2d, box_kernel, debug
from mmpose_sat.ops.native import NOT_LOADED

BACKEND_NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED)))
    if name == 'native'
    else name
    for name in BACKENDS
]


def random_boxes(channels, kernel_size, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    edges = torch.rand(channels, 2, 2, generator=generator, dtype=dtype) * (kernel_size - 1)
    return edges.sort(-1).values.flatten(1)


def summed_area_table(x, boxes, kernel_size):
    """The paper's Eq. 1-3 read literally: four bilinear samples of an exclusive 2-D table."""
    h, w = x.shape[2:]
    table = F.pad(x.cumsum(2).cumsum(3), (1, 0, 1, 0))
    centre = (kernel_size - 1) // 2
    out = torch.zeros_like(x)

    def sample(channel, row, col):
        row, col = min(max(row, 0), h), min(max(col, 0), w)
        r, q = int(min(row, h - 1)), int(min(col, w - 1))
        a, b = row - r, col - q
        corner = table[:, channel, r : r + 2, q : q + 2]
        return (
            (1 - a) * (1 - b) * corner[:, 0, 0]
            + (1 - a) * b * corner[:, 0, 1]
            + a * (1 - b) * corner[:, 1, 0]
            + a * b * corner[:, 1, 1]
        )

    for channel, (x_l, x_h, y_l, y_h) in enumerate((boxes - centre).tolist()):
        for y in range(h):
            for u in range(w):
                left, right, top, bottom = u + x_l, u + x_h + 1, y + y_l, y + y_h + 1
                out[:, channel, y, u] = (
                    sample(channel, bottom, right)
                    + sample(channel, top, left)
                    - sample(channel, top, right)
                    - sample(channel, bottom, left)
                )
    return out


@pytest.mark.parametrize('backend', BACKEND_NAMES)
def test_equals_the_summed_area_table_of_the_paper(backend):
    x = torch.randn(2, 3, 6, 5, dtype=torch.float64)
    boxes = random_boxes(3, 7)
    expected = summed_area_table(x, boxes, 7)
    torch.testing.assert_close(box_conv2d(x, boxes, 7, backend=backend), expected)


@pytest.mark.parametrize('size', [(1, 1), (1, 9), (8, 1), (12, 7), (5, 16)])
@pytest.mark.parametrize('kernel_size', [1, 3, 9, 31])
@pytest.mark.parametrize('stride', [1, 2, 3])
def test_equals_depthwise_convolution(size, kernel_size, stride):
    x = torch.randn(2, 4, *size, dtype=torch.float64)
    boxes = random_boxes(4, kernel_size)
    expected = F.conv2d(
        x,
        box_kernel(boxes, kernel_size)[:, None],
        stride=stride,
        padding=kernel_size // 2,
        groups=4,
    )
    torch.testing.assert_close(box_conv2d(x, boxes, kernel_size, stride), expected)


def test_kernel_covers_fractions_of_pixels():
    # Columns 1.25 .. 3 inclusive cover [1.25, 4]: 3/4 of pixel 1, all of 2 and 3; rows 0 .. 0.5.
    kernel = box_kernel(torch.tensor([[1.25, 3.0, 0.0, 0.5]]), 5)[0]
    columns = torch.tensor([0, 0.75, 1, 1, 0])
    torch.testing.assert_close(kernel[:3], torch.stack((columns, columns / 2, columns * 0)))


def test_one_pixel_box_in_the_centre_is_the_identity():
    x = torch.randn(1, 2, 5, 6)
    torch.testing.assert_close(box_conv2d(x, torch.full((2, 4), 3.0), 7), x)


def test_normalize_averages():
    x = torch.ones(1, 3, 21, 21, dtype=torch.float64)
    out = box_conv2d(x, random_boxes(3, 9), 9, normalize=True)
    torch.testing.assert_close(out[..., 10, 10], torch.ones(1, 3, dtype=torch.float64))


@pytest.mark.parametrize('backend', BACKEND_NAMES)
@pytest.mark.parametrize('stride', [1, 2])
def test_gradients(backend, stride):
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    boxes = random_boxes(2, 5).requires_grad_()

    def op(x, boxes):
        return box_conv2d(x, boxes, 5, stride, backend=backend)

    assert torch.autograd.gradcheck(op, (x, boxes))
    if backend == 'torch':
        assert torch.autograd.gradgradcheck(op, (x, boxes))


@pytest.mark.parametrize('backend', BACKEND_NAMES)
def test_gradient_at_integer_edges_is_the_derivative_to_the_right(backend):
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    grad = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    boxes = torch.tensor([[1.0, 3.0, 2.0, 2.0]], dtype=torch.float64, requires_grad=True)
    box_conv2d(x, boxes, 5, backend=backend).backward(grad)
    for edge in range(4):
        moved = boxes.detach().clone()
        moved[0, edge] += 1e-6
        with torch.no_grad():
            change = (box_conv2d(x, moved, 5) - box_conv2d(x, boxes, 5)) / 1e-6
        torch.testing.assert_close(boxes.grad[0, edge], (change * grad).sum(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('backend', BACKEND_NAMES)
def test_a_nan_edge_shows(backend):
    boxes = torch.tensor([[0.0, 2.0, float('nan'), 2.0]])
    assert box_conv2d(torch.ones(1, 1, 5, 5), boxes, 3, backend=backend).isnan().any()


def test_layouts_and_empty_batches():
    boxes = random_boxes(4, 7, torch.float32)
    x = torch.randn(2, 4, 6, 8)
    expected = box_conv2d(x, boxes, 7)
    torch.testing.assert_close(
        box_conv2d(x.to(memory_format=torch.channels_last), boxes, 7), expected
    )
    torch.testing.assert_close(box_conv2d(x.mT.contiguous().mT, boxes, 7), expected)
    assert box_conv2d(x[:0], boxes, 7).shape == (0, 4, 6, 8)


@pytest.mark.parametrize(('dtype', 'tolerance'), [(torch.bfloat16, 8e-3), (torch.float16, 1e-3)])
def test_half_precision_sums_in_float32(dtype, tolerance):
    x = torch.rand(1, 4, 40, 40).to(dtype)
    boxes = random_boxes(4, 31, torch.float32)
    exact = box_conv2d(x.double(), boxes.double(), 31)
    out = box_conv2d(x, boxes, 31)
    assert out.dtype == dtype
    torch.testing.assert_close(out.double(), exact, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_divides_and_weighs_sums_in_float32(dtype):
    x = torch.full((1, 1, 33, 33), 300.0, dtype=dtype)  # the sum of 31 x 31 overflows float16
    whole = torch.tensor([[0.0, 30, 0, 30]])
    mean = box_conv2d(x, whole, 31, normalize=True)
    assert mean.dtype == dtype and mean[0, 0, 16, 16] == 300
    halves = torch.tensor([[0.0, 15, 30, 0, 30]])
    difference = box_conv2d(x, halves, 31, weights=torch.tensor([[[1.0, -1.0]]]))
    assert difference[0, 0, 16, 16] == torch.tensor(31 * 300.0).to(dtype)


def test_autocast_does_not_lower_the_precision():
    x, boxes = torch.rand(1, 4, 40, 40), random_boxes(4, 31, torch.float32)
    expected = box_conv2d(x, boxes, 31)
    with torch.autocast('cpu', torch.bfloat16):
        torch.testing.assert_close(box_conv2d(x, boxes, 31), expected, rtol=0, atol=0)


GOOD = dict(x=torch.zeros(1, 2, 4, 4), boxes=torch.ones(2, 4), kernel_size=3)


@pytest.mark.parametrize(
    ('change', 'error', 'words'),
    [
        (dict(kernel_size=4), ValueError, 'kernel_size=4 must be odd'),
        (dict(kernel_size=-1), ValueError, 'kernel_size=-1'),
        (dict(kernel_size=3.0), TypeError, 'kernel_size=3.0'),
        (dict(stride=0), ValueError, 'stride=0'),
        (dict(x=torch.zeros(2, 4, 4)), ValueError, r'\(N, C, H, W\), got \(2, 4, 4\)'),
        (dict(x=torch.zeros(1, 2, 0, 4)), ValueError, 'at least one pixel'),
        (dict(x=torch.zeros(1, 3, 4, 4)), ValueError, 'boxes are for 2 channels, x has 3'),
        (dict(x=torch.zeros(1, 2, 4, 4).long()), TypeError, 'int64'),
        (dict(boxes=torch.ones(2, 3)), ValueError, r'\(C, 4\).* got \(2, 3\)'),
        (dict(boxes=torch.ones(2, 4).half()), TypeError, 'float16'),
        (dict(backend='cuda-magic'), ValueError, "'cuda-magic' is unknown.*torch"),
    ],
)
def test_bad_arguments_are_named(change, error, words):
    with pytest.raises(error, match=words):
        box_conv2d(**{**GOOD, **change})


@pytest.mark.parametrize(
    'box', [(0, 3, 0, 1), (-0.1, 1, 0, 1), (1, 0.5, 0, 1), (0, float('nan'), 0, 1)]
)
def test_debug_checks_values(box):
    arguments = {**GOOD, 'boxes': torch.tensor([(0.0, 1.0, 0.0, 1.0), box])}
    box_conv2d(**arguments)
    with debug(), pytest.raises(ValueError, match=r'boxes\[1\].*0 <= x_l <= x_h <= 2'):
        box_conv2d(**arguments)
    box_conv2d(**arguments)
