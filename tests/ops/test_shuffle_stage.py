"""The native operator for a folded stage of BoxConvNet against PyTorch's convolutions."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from mmpose_sat.ops import box_conv2d, interleave, shuffle_halves
from mmpose_sat.ops.native import NOT_LOADED

pytestmark = pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
KERNEL_SIZE = 9


def pointwise(channels, half):
    return [torch.randn(half, channels, 1, 1) / channels**0.5, torch.randn(half)]


def depthwise(channels):
    return [torch.randn(channels, 1, 3, 3) / 3, torch.randn(channels)]


def boxes(channels):
    edges = (torch.rand(channels, 2, 2) * (KERNEL_SIZE - 1)).sort(-1).values
    return [edges.flatten(1)]


def arguments(batch=2, channels=6, half=5, size=(9, 7), units=(depthwise, boxes, boxes)):
    torch.manual_seed(0)
    left = depthwise(channels) + pointwise(channels, half)
    right = pointwise(channels, half) + depthwise(half) + pointwise(half, half)
    layers = [
        layer
        for unit in units
        for layer in (partial(pointwise, half), unit, partial(pointwise, half))
    ]
    moved = [t for layer in layers for t in layer(half)]
    return torch.randn(batch, channels, *size), left, right, moved, KERNEL_SIZE


def reference(x, left, right, units, kernel_size):
    def run(x, tensors, layers=None):
        while tensors and layers != 0:
            weight, *tensors = tensors
            if weight.ndim == 2:
                x = box_conv2d(x, weight, kernel_size, backend='torch')
            else:
                bias, *tensors = tensors
                x = (
                    F.conv2d(x, weight, bias, padding=1, groups=len(weight))
                    if weight.shape[2] == 3
                    else F.conv2d(x, weight, bias).relu()
                )
            layers = layers and layers - 1
        return x, tensors

    left, right = run(x, left)[0], run(x, right)[0]
    while units:
        left, right = shuffle_halves(left, right)
        right, units = run(right, units, layers=3)
    return interleave(left, right)


@pytest.mark.parametrize(
    'changes',
    [
        dict(),
        dict(batch=1),
        dict(batch=0),
        dict(units=()),
        dict(channels=1, half=1, size=(1, 1)),
        dict(channels=13, half=12, size=(8, 16)),
        dict(batch=5, channels=34, half=33, size=(5, 33)),
        dict(batch=1, channels=2, half=2, size=(90, 700)),  # planes take several strips
    ],
    ids=str,
)
def test_it_computes_the_same(changes):
    given = arguments(**changes)
    last = given[0].contiguous(memory_format=torch.channels_last)
    found = torch.ops.mmpose_sat.shuffle_stage(*given)
    torch.testing.assert_close(found, reference(*given), rtol=1e-4, atol=1e-4)
    assert torch.equal(torch.ops.mmpose_sat.shuffle_stage(last, *given[1:]), found)


def test_results_do_not_depend_on_the_number_of_threads():
    given = arguments(batch=3, channels=32, half=32, size=(40, 36))
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2, 2, 5):
            torch.set_num_threads(count)
            found.append(torch.ops.mmpose_sat.shuffle_stage(*given))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(found[0], other) for other in found[1:])


def test_every_instruction_set_gives_the_same(in_instruction_set):
    values = arguments(channels=17, half=19, size=(11, 13))
    script = """
values, expected = given
found = torch.ops.mmpose_sat.shuffle_stage(*values)
torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
"""
    in_instruction_set(script, values, reference(*values))


def test_not_a_number_stays_what_it_is():
    given = arguments()
    given[0][1, 2, 3, 4] = torch.nan
    found = torch.ops.mmpose_sat.shuffle_stage(*given)
    assert found[1].isnan().any() and not found[0].isnan().any()


def test_opcheck():
    torch.library.opcheck(torch.ops.mmpose_sat.shuffle_stage.default, arguments())


def test_what_does_not_fit_is_refused():
    x, left, right, units, size = arguments()
    for wrong in (
        (x.double(), left, right, units, size),
        (x[:, :5], left, right, units, size),
        (x[0], left, right, units, size),
        (x, left[:3], right, units, size),
        (x, left[:2], right, units, size),
        (x, right, left, units, size),
        (x, left, right, units[:4], size),
        (x, left, right, [t.double() for t in units], size),
        (x, left, right, pointwise(5, 4), size),
    ):
        with pytest.raises(RuntimeError, match='shuffle_stage'):
            torch.ops.mmpose_sat.shuffle_stage(*wrong)
