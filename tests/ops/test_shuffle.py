"""The channel shuffle of two halves, in both memory formats."""

import pytest
import torch

from mmpose_sat.ops import interleave, shuffle_halves
from mmpose_sat.ops.native import NOT_LOADED

LAST = torch.channels_last
FORMATS = pytest.mark.parametrize('memory_format', [torch.contiguous_format, LAST], ids=str)


def halves(shape, memory_format, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return tuple(
        torch.rand(shape, generator=generator)
        .to(dtype)
        .contiguous(memory_format=memory_format)
        .requires_grad_()
        for _ in range(2)
    )


def expected(left, right):
    joined = torch.empty(left.shape[0], 2 * left.shape[1], *left.shape[2:], dtype=left.dtype)
    joined[:, ::2], joined[:, 1::2] = left, right
    return joined


@FORMATS
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('shape', [(2, 6, 5, 7), (1, 8, 1, 1), (3, 5, 1, 4), (1, 1, 3, 2)])
def test_values_and_gradients(shape, dtype, memory_format):
    left, right = halves(shape, memory_format, dtype)
    joined = expected(left, right)
    grad = torch.rand(joined.shape).to(dtype)
    exact = torch.autograd.grad(joined, (left, right), grad)
    for found in (interleave(left, right), torch.cat(shuffle_halves(left, right), 1)):
        assert torch.equal(found, joined)
        gradients = torch.autograd.grad(found, (left, right), grad)
        assert all(map(torch.equal, gradients, exact))
    if shape[1] > 1:  # else both formats are one
        assert interleave(left, right).is_contiguous(memory_format=memory_format)


@FORMATS
@pytest.mark.parametrize('channels', [6, 5])
def test_in_place_only_where_no_gradient_is_asked_for(channels, memory_format):
    left, right = halves((2, channels, 5, 7), memory_format)
    joined = expected(left, right)
    assert torch.equal(torch.cat(shuffle_halves(left, right, inplace=True), 1), joined)
    assert torch.equal(expected(left, right), joined)  # both are as they were
    with torch.no_grad():
        assert torch.equal(torch.cat(shuffle_halves(left, right, inplace=True), 1), joined)


def test_a_half_in_another_memory_format_is_converted():
    left, right = halves((2, 6, 5, 7), LAST)
    joined = expected(left, right)
    for other in (right.contiguous(), torch.cat((left, right), 1)[:, 6:], right.flip(3).flip(3)):
        assert torch.equal(interleave(left, other), joined)
        assert torch.equal(interleave(other, left), expected(right, left))


@FORMATS
def test_function_transforms(memory_format):
    left, right = (t.detach().double() for t in halves((1, 2, 3, 2), memory_format))

    def unit(left, right):
        kept, moved = shuffle_halves(left, right)
        return interleave(kept, moved * right)

    torch.autograd.gradgradcheck(unit, (left.requires_grad_(), right.requires_grad_()))
    left, right = left.detach(), right.detach()
    jacobians = (
        transform(unit)(left, right) for transform in (torch.func.jacrev, torch.func.jacfwd)
    )
    assert torch.equal(*jacobians)
    out = torch.vmap(unit, (0, None))(torch.stack((left, 2 * left)), right)
    assert torch.equal(out[1], unit(2 * left, right))


@pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
@pytest.mark.parametrize('inverse', [False, True])
def test_many_gradients_at_once(inverse):
    left, right = halves((2, 6, 3, 4), LAST)
    out = interleave(*torch.ops.mmpose_sat.shuffle_halves(left, right, inverse))
    grads = torch.rand(3, *out.shape)
    call = (out, (left, right))
    at_once = torch.autograd.grad(*call, grads, is_grads_batched=True, retain_graph=True)
    for number, grad in enumerate(grads):
        expected = torch.autograd.grad(*call, grad, retain_graph=True)
        for found, one in zip(at_once, expected, strict=True):
            torch.testing.assert_close(found[number], one)


@pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
def test_opcheck():
    left, right = halves((2, 6, 5, 7), LAST)
    joined = expected(left, right).detach().contiguous(memory_format=LAST).requires_grad_()
    operators = torch.ops.mmpose_sat
    for inverse in (False, True):
        torch.library.opcheck(operators.shuffle_halves.default, (left, right, inverse))
    torch.library.opcheck(operators.interleave.default, (left, right))
    torch.library.opcheck(operators.deinterleave.default, (joined,))
    torch.library.opcheck(operators.shuffle_halves_.default, (left.detach(), right.detach()))
    with pytest.raises(RuntimeError, match='channels last in memory'):
        operators.interleave(left, right.detach().contiguous())
    for dtype in (torch.int8, torch.complex128):  # of sizes that kernels do not have
        half = torch.zeros(1, 4, 3, 2).contiguous(memory_format=LAST).to(dtype)
        with pytest.raises(RuntimeError, match='float32, float64, float16 or bfloat16'):
            operators.interleave(half, half)
        with pytest.raises(RuntimeError, match='float32, float64, float16 or bfloat16'):
            operators.deinterleave(half)
