"""Batch normalisation in native kernels is the layer's own, only faster."""

import copy

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmpose_sat.ops import batch_norm, pointwise_batch_norm
from mmpose_sat.ops.native import NOT_LOADED

LAST = torch.channels_last
NATIVE = pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 5e-3, torch.bfloat16: 4e-2}


def layer(channels, dtype=torch.float32, **options):
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(channels, **options)
    if norm.affine:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias)
    return norm.double() if dtype == torch.float64 else norm


def images(shape, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    x = 3 * torch.randn(shape, generator=generator, dtype=torch.float64) + 2
    return x.to(dtype).contiguous(memory_format=LAST).requires_grad_()


def plain(norm, x, relu):
    """In float64, from the definition."""
    wide = copy.deepcopy(norm).double()
    out = wide(x.double())
    return wide, out.relu() if relu else out


def relative_errors(found, exact):
    return [(a.double() - b).abs().max() / b.abs().max() for a, b in zip(found, exact, strict=True)]


def pointwise(channels, out_channels, dtype=torch.float32, **options):
    torch.manual_seed(2)
    options = dict(kernel_size=1, bias=False) | options
    return nn.Conv2d(channels, out_channels, dtype=dtype, **options)


@pytest.mark.parametrize('relu', [False, True])
@pytest.mark.parametrize('dtype', TOLERANCE)
@pytest.mark.parametrize('shape', [(2, 6, 5, 7), (1, 3, 64, 48), (3, 100, 9, 1), (16, 33, 20, 24)])
def test_values_gradients_and_statistics(shape, dtype, relu):
    norm, x = layer(shape[1], dtype), images(shape, dtype)
    wide, exact = plain(norm, x, relu)
    out = batch_norm(norm, x, relu)
    assert out.dtype == dtype and out.is_contiguous(memory_format=LAST)
    grad = torch.randn(shape, dtype=dtype)
    found = torch.autograd.grad(out, (x, norm.weight, norm.bias), grad)
    # Where rounding decides whether a ReLU is open, either gradient is right.
    grad = grad.double().where((exact > 0) == (out > 0), torch.zeros(())) if relu else grad.double()
    gradients = torch.autograd.grad(exact, (x, wide.weight, wide.bias), grad)
    assert max(relative_errors((out, *found), (exact, *gradients))) < TOLERANCE[dtype]
    assert norm.num_batches_tracked == 1
    for a, b in ((norm.running_mean, wide.running_mean), (norm.running_var, wide.running_var)):
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=1e-6)


def test_statistics_may_be_means_of_all_batches():
    norm = layer(6, momentum=None)
    plainly = copy.deepcopy(norm)
    for x in images((2, 6, 5, 7)), 2 * images((1, 6, 5, 7)):
        batch_norm(norm, x)
        plainly(x)
    torch.testing.assert_close(dict(norm.named_buffers()), dict(plainly.named_buffers()))


@pytest.mark.parametrize('relu', [False, True])
@pytest.mark.parametrize('has_before', [False, True])
@pytest.mark.parametrize('dtype', TOLERANCE)
@pytest.mark.parametrize(
    ('shape', 'out_channels'),
    [
        ((2, 6, 5, 7), 11),
        ((1, 5, 1, 6), 3),
        ((1, 48, 64, 48), 48),
        ((3, 100, 9, 1), 70),
        ((2, 33, 40, 30), 192),
    ],
)
def test_a_pointwise_convolution_between_normalisations(
    shape, out_channels, dtype, has_before, relu
):
    x, conv = images(shape, dtype), pointwise(shape[1], out_channels, dtype)
    before, norm = layer(shape[1], dtype) if has_before else None, layer(out_channels, dtype)
    layers = nn.Sequential(*([before] if has_before else []), conv, norm)
    wide = copy.deepcopy(layers).double()
    exact = wide(x.double())
    exact = exact.relu() if relu else exact
    out = pointwise_batch_norm(x, conv, norm, relu, before)
    assert out.dtype == dtype and out.is_contiguous(memory_format=LAST)
    grad = torch.randn(out.shape, dtype=torch.float64).where((exact > 0) == (out > 0), 0)
    grad = grad.to(dtype)
    # What comes before a normalisation has no say in its mean: that bias' gradients cancel.
    cancelled = 1 if has_before else -1
    own, exact_own = (
        [p for i, p in enumerate(net.parameters()) if i != cancelled] for net in (layers, wide)
    )
    found = torch.autograd.grad(out, (x, *own), grad)
    gradients = torch.autograd.grad(exact, (x, *exact_own), grad.double())
    assert max(relative_errors((out, *found), (exact, *gradients))) < 4 * TOLERANCE[dtype]
    for a, b in zip(layers.buffers(), wide.buffers(), strict=True):
        tolerance = max(TOLERANCE[dtype], 1e-6)
        torch.testing.assert_close(a.double(), b.double(), rtol=tolerance, atol=tolerance)


@NATIVE
def test_far_from_zero_no_digits_are_lost():
    norm = layer(2)
    x = (images((2, 2, 32, 32)).detach() + 1e4).requires_grad_()
    _, exact = plain(norm, x, False)
    torch.testing.assert_close(batch_norm(norm, x).double(), exact, rtol=1e-4, atol=1e-3)


@NATIVE
@pytest.mark.parametrize('pixel', [0, 204, 2047])  # 204: one of those that the start is chosen of
def test_a_pixel_far_from_the_others_costs_no_digits(pixel):
    x = images((2, 4, 32, 32)).detach()
    x.permute(0, 2, 3, 1).view(-1, 4)[pixel] = 1e4
    unit = torch.eye(4)[:, :, None, None]
    conv = nn.Conv2d(4, 4, 1, bias=False)
    conv.weight.data.copy_(unit)
    norm = layer(4)
    _, exact = plain(norm, x, False)
    for found in (batch_norm(norm, x), pointwise_batch_norm(x, conv, norm)):
        torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=1e-5)


@NATIVE
def test_the_number_of_threads_changes_nothing():
    norms, conv = nn.ModuleList([layer(24), layer(24)]), pointwise(24, 24)
    x = images((4, 24, 96, 72))
    results, threads_before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        norm, before = copy.deepcopy(norms)
        out = pointwise_batch_norm(batch_norm(norm, x, True), conv, norm, True, before)
        results.append((out, *torch.autograd.grad(out.square().sum(), (x, conv.weight))))
    torch.set_num_threads(threads_before)
    assert all(map(torch.equal, *results))


@NATIVE
def test_every_instruction_set_gives_the_same(in_instruction_set):
    layers = nn.Sequential(layer(35), pointwise(35, 50), layer(50))
    x = images((2, 35, 21, 17))
    exact = copy.deepcopy(layers).double()(x.double())
    gradients = torch.autograd.grad(exact.square().sum(), x)
    script = """
layers, x, expected = given
out = mmpose_sat.ops.pointwise_batch_norm(x, layers[1], layers[2], False, layers[0])
found = out, *torch.autograd.grad(out.square().sum(), x)
torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
"""
    in_instruction_set(script, layers, x, (exact.float(), *gradients))


@pytest.mark.parametrize(
    'norm',
    [
        nn.BatchNorm2d(6).eval(),
        layer(6, affine=False),
        layer(6, track_running_stats=False),
        nn.GroupNorm(2, 6),
        nn.Identity(),
    ],
    ids=str,
)
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, LAST], ids=str)
def test_other_layers_take_their_own_way(norm, memory_format):
    x = images((2, 6, 5, 7)).detach().contiguous(memory_format=memory_format)
    expected = copy.deepcopy(norm)(x).relu()
    assert torch.equal(batch_norm(copy.deepcopy(norm), x.clone(), relu=True), expected)


def hooked(module, kind='forward'):
    getattr(module, f'register_{kind}_hook')(lambda *_: None)
    return module


def transposed(conv):
    conv.weight = nn.Parameter(conv.weight.detach().transpose(0, 1).contiguous().transpose(0, 1))
    return conv


@pytest.mark.parametrize(
    'conv',
    [
        pointwise(6, 4, bias=True),
        pointwise(6, 4, kernel_size=3, padding=1),
        pointwise(6, 4, stride=2),
        pointwise(6, 4, padding=1),
        pointwise(6, 4, groups=2),
        hooked(pointwise(6, 4)),
        hooked(pointwise(6, 4), 'full_backward'),
        transposed(pointwise(6, 4)),
    ],
    ids=str,
)
def test_other_convolutions_take_their_own_way(conv):
    x, norm = images((2, 6, 5, 7)).detach(), layer(4)
    expected = copy.deepcopy(norm)(conv(x)).relu()
    torch.testing.assert_close(pointwise_batch_norm(x, conv, norm, relu=True), expected)


def test_outputs_may_be_overwritten():
    x, conv, norm = images((2, 6, 5, 7)), pointwise(6, 4), layer(4)
    out = pointwise_batch_norm(x, conv, norm)
    expected = out.detach() + 1
    assert torch.equal(out.add_(1), expected)


@pytest.mark.parametrize('value', [torch.nan, torch.inf])
def test_what_is_not_a_number_is_not_rectified(value):
    x, conv, norm = images((2, 6, 5, 7)).detach(), pointwise(6, 4), layer(4)
    x[0, 0, 0, 0] = value
    assert pointwise_batch_norm(x, conv, norm, relu=True).isnan().all()


def test_a_norm_in_two_places_follows_the_order_of_the_layers():
    x, conv, norm = images((2, 6, 5, 7)).detach(), pointwise(6, 6), layer(6)
    plain = copy.deepcopy(norm)
    plain(conv(plain(x)))
    pointwise_batch_norm(x, conv, norm, before=norm)
    torch.testing.assert_close(norm.running_mean, plain.running_mean)
    assert norm.num_batches_tracked == 2


def test_autocast_reaches_the_convolution():
    x, conv, norm = images((2, 6, 5, 7)), pointwise(6, 4), layer(4)
    with torch.autocast('cpu', torch.bfloat16):
        assert pointwise_batch_norm(x, conv, norm).dtype == torch.bfloat16


@NATIVE
def test_a_training_step_counts_its_convolutions():
    x, conv, norm = images((2, 6, 5, 7)), pointwise(6, 4), layer(4)
    counts = []
    for function in (
        lambda: pointwise_batch_norm(x, conv, norm),
        lambda: norm(conv(x)),
    ):
        with FlopCounterMode(display=False) as counter:
            function().sum().backward()
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] == 3 * 2 * x.numel() * 4


def test_too_few_values_are_refused_as_by_the_layer():
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        batch_norm(layer(6), images((1, 6, 1, 1)))


@NATIVE
@pytest.mark.parametrize('relu', [False, True])
def test_gradcheck_and_opcheck(relu):
    x, norm = images((2, 3, 3, 2), torch.float64), layer(3, torch.float64)
    weight, bias = (p.detach().requires_grad_() for p in (norm.weight, norm.bias))

    def native(x, weight, bias):
        return torch.ops.mmpose_sat.batch_norm(x, weight, bias, 1e-5, relu)[0]

    torch.autograd.gradcheck(native, (x, weight, bias))
    torch.autograd.gradgradcheck(native, (x, weight, bias))
    operator = torch.ops.mmpose_sat.batch_norm.default
    torch.library.opcheck(operator, (x, weight, bias, 1e-5, relu))


@NATIVE
@pytest.mark.parametrize('relu', [False, True])
@pytest.mark.parametrize('has_before', [False, True])
def test_gradcheck_and_opcheck_of_the_convolution(has_before, relu):
    x = images((2, 3, 3, 2), torch.float64)
    before, conv, norm = (
        layer(3, torch.float64),
        pointwise(3, 2, torch.float64),
        layer(2, torch.float64),
    )
    parameters = [conv.weight, norm.weight, norm.bias]
    parameters += [before.weight, before.bias] if has_before else [None, None]
    inputs = x, *(p if p is None else p.detach().requires_grad_() for p in parameters)
    operator = torch.ops.mmpose_sat.pointwise_batch_norm

    def native(*inputs):
        return operator(*inputs, 1e-5, 1e-3, relu)[0]

    torch.autograd.gradcheck(native, inputs)
    torch.autograd.gradgradcheck(native, inputs)
    torch.library.opcheck(operator.default, (*inputs, 1e-5, 1e-3, relu))


@NATIVE
def test_bad_arguments_are_refused():
    x, weight = images((2, 3, 4, 4)).detach(), torch.ones(3)
    operator = torch.ops.mmpose_sat.batch_norm
    for bad, words in (
        ((x.contiguous(), weight, weight), 'channels last in memory'),
        ((x, torch.ones(4), weight), r'must be \(C,\)'),
        ((x, weight.double(), weight), 'float32, or float64 as x is'),
    ):
        with pytest.raises(RuntimeError, match=words):
            operator(*bad, 1e-5, False)
    operator, kernel = torch.ops.mmpose_sat.pointwise_batch_norm, torch.ones(4, 3, 1, 1)
    weight = torch.ones(4)
    for bad, words in (
        ((x.contiguous(), kernel, weight, weight, None, None), 'channels last in memory'),
        ((x, kernel[:, :2], weight, weight, None, None), r'kernel must be \(C_out, C, 1, 1\)'),
        ((x, kernel.double(), weight, weight, None, None), 'of the dtype of x'),
        ((x, kernel, weight[:3], weight, None, None), r'must be \(C,\)'),
        ((x, kernel, weight, weight, weight, weight), r'must be \(C,\)'),
        ((x, kernel, weight, weight, weight[:3], None), 'both or neither'),
        ((x.half(), kernel.half(), weight, weight, None, None), 'float32 or float64'),
    ):
        with pytest.raises(RuntimeError, match=words):
            operator(*bad, 1e-5, 1e-5, False)
    large = images((2, 4, 50, 70)).detach()
    statistics = (*[weight] * 4, *[torch.empty(0)] * 2, None, None)
    with pytest.raises(RuntimeError, match='must be like the output'):
        torch.ops.mmpose_sat.pointwise_batch_norm_backward(
            *(large, x, large, kernel, *statistics), 1e-5, 1e-5, False
        )
