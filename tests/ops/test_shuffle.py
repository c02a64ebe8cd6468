"""Halves of the channels apart and together, in both memory formats."""

import pytest
import torch

from mmpose_sat.ops import interleave, split_halves
from mmpose_sat.ops.native import NOT_LOADED

LAST = torch.channels_last
FORMATS = pytest.mark.parametrize('memory_format', [torch.contiguous_format, LAST], ids=str)


def halves(shape, memory_format, dtype=torch.float32):
    """Half of a wider tensor, as units have it, and a tensor of its own."""
    n, c, h, w = shape
    generator = torch.Generator().manual_seed(0)
    wide = torch.rand((n, 2 * c, h, w), generator=generator).to(dtype)
    right = torch.rand(shape, generator=generator).to(dtype)
    wide, right = (t.contiguous(memory_format=memory_format) for t in (wide, right))
    return wide.requires_grad_(), right.requires_grad_()


@FORMATS
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('shape', [(2, 6, 5, 7), (1, 8, 1, 1), (3, 5, 1, 4), (1, 1, 3, 2)])
def test_values_and_gradients(shape, dtype, memory_format):
    wide, right = halves(shape, memory_format, dtype)
    left, other = split_halves(wide)
    assert torch.equal(left, wide[:, : shape[1]]) and torch.equal(other, wide[:, shape[1] :])
    out = interleave(left, right * other)
    expected = torch.stack((wide[:, : shape[1]], right * wide[:, shape[1] :]), 2).flatten(1, 2)
    assert torch.equal(out, expected)
    if shape[1] > 1:  # else both formats are one
        assert out.is_contiguous(memory_format=memory_format)
    grad = torch.rand(expected.shape).to(dtype)
    found = torch.autograd.grad(out, (wide, right), grad)
    exact = torch.autograd.grad(expected, (wide, right), grad)
    assert all(map(torch.equal, found, exact))


def test_a_half_in_another_memory_format_is_converted():
    wide, right = halves((2, 6, 5, 7), LAST)
    left = wide.detach()[:, :6]
    expected = interleave(left, right)
    for other in (left.contiguous(), left.clone(memory_format=LAST), left.flip(3).flip(3)):
        assert torch.equal(interleave(other, right), expected)


@FORMATS
def test_function_transforms(memory_format):
    wide, right = (t.detach().double() for t in halves((1, 2, 3, 2), memory_format))

    def unit(wide, right):
        kept, moved = split_halves(wide)
        return interleave(kept, moved * right)

    torch.autograd.gradgradcheck(unit, (wide.requires_grad_(), right.requires_grad_()))
    wide, right = wide.detach(), right.detach()
    jacobians = (
        transform(unit)(wide, right) for transform in (torch.func.jacrev, torch.func.jacfwd)
    )
    assert torch.equal(*jacobians)
    batch = torch.stack((wide, 2 * wide))
    out = torch.vmap(unit, (0, None))(batch, right)
    assert torch.equal(out[1], unit(2 * wide, right))


@pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
def test_opcheck():
    wide, right = halves((2, 6, 5, 7), LAST)
    operators = torch.ops.mmpose_sat
    for shuffled in (True, False):
        torch.library.opcheck(operators.join_halves.default, (wide[:, :6], right, shuffled))
        torch.library.opcheck(operators.split_halves.default, (wide, shuffled))
    with pytest.raises(RuntimeError, match='channels last in memory'):
        operators.join_halves(right.detach().contiguous(), right.detach(), True)
