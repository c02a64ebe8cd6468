"""Split kernels: pieces that share edges and have weights (the paper's Fig. 2)."""

import pytest
import torch
import torch.nn.functional as F

from mmpose_sat.ops import BACKENDS, BoxConv2d, box_conv2d, box_kernel
from mmpose_sat.ops.native import NOT_LOADED

SPLITS = {'2h': 5, '2v': 5, 4: 6}


def split_layer(pieces, kernel_size=9, channels=3, **options):
    torch.manual_seed(0)
    layer = BoxConv2d(channels, kernel_size, pieces=pieces, **options).double()
    torch.nn.init.normal_(layer.weights)
    return layer


def test_pieces_tile_the_box():
    # Columns 1 .. 2 weigh 2, columns 3 .. 4.5 weigh 5; rows 0 .. 1 by 1, row 2 by 10.
    boxes = torch.tensor([[1.0, 2.0, 4.5, 0.0, 1.0, 2.0]])
    kernel = box_kernel(boxes, 7, torch.tensor([[[2.0, 5.0], [20.0, 50.0]]]))[0]
    row = torch.tensor([0, 2, 2, 5, 5, 2.5, 0])
    torch.testing.assert_close(kernel[:4], torch.stack((row, row, 10 * row, 0 * row)))


@pytest.mark.parametrize('pieces', SPLITS)
@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('stride', [1, 2])
def test_equals_depthwise_convolution(pieces, backend, stride):
    if backend == 'native' and NOT_LOADED is not None:
        pytest.skip(NOT_LOADED)
    layer = split_layer(pieces)
    boxes, weights = layer.boxes, layer.weights
    assert boxes.shape == (3, SPLITS[pieces])
    x = torch.randn(2, 3, 12, 7, dtype=torch.float64)
    kernel = box_kernel(boxes, 9, weights)[:, None]
    expected = F.conv2d(x, kernel, stride=stride, padding=4, groups=3)
    found = box_conv2d(x, boxes, 9, stride, weights, backend=backend)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('pieces', SPLITS)
def test_gradients_of_edges_and_weights(pieces):
    layer = split_layer(pieces, kernel_size=5, channels=2)
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    inputs = (x, layer.boxes.detach().requires_grad_(), layer.weights)
    assert torch.autograd.gradcheck(lambda x, b, w: box_conv2d(x, b, 5, 1, w), inputs)
    assert torch.autograd.gradgradcheck(lambda x, b, w: box_conv2d(x, b, 5, 1, w), inputs)


@pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('wanted', [(0, 1, 2), (0,), (1,), (2,)])
@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last], ids=str)
def test_native_gradients_are_the_pure_ones_and_keep_the_input_alone(layout, wanted, stride):
    layer = split_layer(4)
    x = torch.randn(2, 3, 12, 7, dtype=torch.float64).contiguous(memory_format=layout)
    inputs = [t.detach().clone() for t in (x, layer.boxes, layer.weights)]
    leaves = [inputs[i].requires_grad_() for i in wanted]
    kept = []

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    results = []
    for backend in ('native', 'torch'):
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
            out = box_conv2d(*inputs[:2], 9, stride, inputs[2], backend=backend)
        if backend == 'native':
            assert sum(kept) <= x.numel() + 100
        grad = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
        results.append((out, *torch.autograd.grad(out, leaves, grad)))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('transform', ['vmap', 'jacrev', 'jacfwd', 'compiled', 'many at once'])
def test_function_transforms(transform):
    layer = split_layer(4, kernel_size=5, channels=2)
    x = torch.randn(3, 2, 4, 5, dtype=torch.float64)
    boxes, weights = layer.boxes.detach(), layer.weights.detach()

    def op(weights):
        return box_conv2d(x, boxes, 5, 1, weights)

    expected = torch.autograd.functional.jacobian(op, weights)
    if transform == 'vmap':
        found = torch.vmap(lambda image: box_conv2d(image[None], boxes, 5, 1, weights)[0])(x)
        expected = op(weights)
    elif transform == 'compiled':
        torch._dynamo.reset()
        found = torch.autograd.functional.jacobian(torch.compile(op, backend='eager'), weights)
    elif transform == 'many at once':
        found = torch.autograd.functional.jacobian(op, weights, vectorize=True)
    else:
        found = getattr(torch.func, transform)(op)(weights)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('pieces', SPLITS)
def test_equal_weights_give_the_whole_box(pieces):
    torch.manual_seed(0)
    layer = BoxConv2d(3, 9, pieces=pieces)
    rows, columns = layer.grid
    outline = [0, columns, columns + 1, columns + 1 + rows]
    x = torch.randn(1, 3, 12, 7)
    torch.testing.assert_close(layer(x), box_conv2d(x, layer.boxes[:, outline], 9))


@pytest.mark.parametrize('pieces', SPLITS)
def test_layers_stay_legal_and_save_and_convert(pieces):
    layer = split_layer(pieces)
    optimizer = torch.optim.SGD(layer.parameters(), lr=10.0)
    x = torch.randn(2, 3, 12, 7, dtype=torch.float64)
    layer(x).square().sum().backward()
    optimizer.step()
    layer(x)
    other = BoxConv2d(3, 9, pieces=pieces).double()
    other.load_state_dict(layer.state_dict())  # refuses illegal boxes
    torch.testing.assert_close(other.eval()(x), layer.eval()(x))
    torch.testing.assert_close(other.to_depthwise()(x), layer(x))


def test_normalize_divides_by_the_whole_box():
    layer = BoxConv2d(3, 9, pieces=4).double()
    x = torch.ones(1, 3, 21, 21, dtype=torch.float64)
    out = box_conv2d(x, layer.boxes, 9, weights=layer.weights, normalize=True)
    torch.testing.assert_close(out[0, :, 10, 10], torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize(
    ('boxes', 'weights', 'words'),
    [
        (torch.ones(2, 5), None, r'\(C, 4\).*need weights.*got \(2, 5\)'),
        (torch.ones(2, 5), torch.ones(2, 2, 2), r'\(C, 6\).*x_l, x_m, x_h, y_l, y_m, y_h'),
        (torch.ones(2, 6), torch.ones(2, 4), r'weights must have shape.*got \(2, 4\)'),
        (torch.ones(2, 7), torch.ones(2, 1, 3), r'weights must have shape.*got \(2, 1, 3\)'),
        (torch.ones(2, 6), torch.ones(3, 2, 2), 'weights are for 3 channels, x has 2'),
    ],
)
def test_bad_splits_are_named(boxes, weights, words):
    with pytest.raises(ValueError, match=words):
        box_conv2d(torch.zeros(1, 2, 4, 4), boxes, 3, weights=weights)


def test_a_middle_edge_outside_is_refused():
    with pytest.raises(ValueError, match='x_l <= x_m <= x_h <= 8'):
        BoxConv2d(1, 9, pieces='2h').set_boxes_(torch.tensor([[1.0, 6.0, 5.0, 0.0, 1.0]]))
