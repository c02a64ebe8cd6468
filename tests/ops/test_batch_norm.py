"""Batch normalisation in native kernels is the layer's own, only faster."""

import copy

import pytest
import torch
from torch import nn

from mmpose_sat.ops import batch_norm
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
    for a, b in zip((out, *found), (exact, *gradients), strict=True):
        error = (a.double() - b).abs().max() / b.abs().max()
        assert error < TOLERANCE[dtype], error
    assert norm.num_batches_tracked == 1
    for a, b in ((norm.running_mean, wide.running_mean), (norm.running_var, wide.running_var)):
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=1e-6)


@NATIVE
def test_far_from_zero_no_digits_are_lost():
    norm = layer(2)
    x = (images((2, 2, 32, 32)).detach() + 1e4).requires_grad_()
    with torch.no_grad():
        x[0, :, 0, 0] = -1e3  # the pixel that distances are measured from
    _, exact = plain(norm, x, False)
    torch.testing.assert_close(batch_norm(norm, x).double(), exact, rtol=1e-4, atol=1e-3)


@NATIVE
def test_the_number_of_threads_changes_nothing():
    norm, x = layer(24), images((4, 24, 96, 72))
    results, before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        out = batch_norm(copy.deepcopy(norm), x, relu=True)
        results.append((out, *torch.autograd.grad(out.square().sum(), (x,))))
    torch.set_num_threads(before)
    assert all(map(torch.equal, *results))


@pytest.mark.parametrize(
    'norm',
    [
        nn.BatchNorm2d(6).eval(),
        layer(6, momentum=None),
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
