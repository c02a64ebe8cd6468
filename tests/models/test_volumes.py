"""Volumes: the same figures as with a softmax over all cells, and little memory."""

import subprocess
import sys

import pytest
import torch

from mmpose_sat.models.layers.heatmaps import expectation, log_gaussian, marginals, normalise
from mmpose_sat.models.layers.volumes import gaussian_error, softmax_marginals
from mmpose_sat.models.losses import gaussian_mse


def volume(*shape, dtype=torch.float64, scale=3.0):
    generator = torch.Generator().manual_seed(0)
    return (scale * torch.randn(*shape, generator=generator, dtype=torch.float64)).to(dtype)


def test_marginals_are_those_of_the_whole_softmax():
    logits = volume(2, 3, 5, 4, 6)
    axes, normaliser = softmax_marginals(logits)
    for ours, whole in zip(axes, marginals(normalise(logits)), strict=True):
        torch.testing.assert_close(ours, whole)
    torch.testing.assert_close(normaliser, logits.flatten(2).logsumexp(2))


def test_gradients():
    logits = volume(1, 2, 3, 2, 4).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda z: (*softmax_marginals(z)[0], softmax_marginals(z)[1]), logits
    )
    targets = torch.rand(1, 2, 3, dtype=torch.float64) - 0.5
    assert torch.autograd.gradcheck(lambda z: gaussian_error(z, targets, 0.9), logits)
    torch.testing.assert_close(
        gaussian_error(logits, targets, 0.9), gaussian_mse(logits, targets, 0.9)
    )


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_single(dtype):
    logits = volume(1, 2, 8, 8, 8, dtype=dtype, scale=1e4).requires_grad_()
    axes, normaliser = softmax_marginals(logits)
    (sum(axis.square().sum() for axis in axes) + normaliser.sum()).backward()
    assert axes[0].dtype == torch.float32 and logits.grad.dtype == dtype
    assert normaliser.isfinite().all() and logits.grad.isfinite().all()


def test_a_gaussian_decodes_to_its_centre():
    centres = torch.tensor([[[0.1, -0.3, 0.45]]], dtype=torch.float64)
    logits = log_gaussian(centres, (32, 24, 16), 1.2)
    torch.testing.assert_close(expectation(normalise(logits)), centres, atol=1e-6, rtol=0)


SCRIPT = """
import resource, sys
import torch
from mmpose_sat.models.layers.volumes import softmax_marginals

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

training = sys.argv[1] == 'training'
softmax_marginals(torch.zeros(1, 16, 4, 4, 4, requires_grad=True))[1].sum().backward()
logits = torch.ones(8, 17, 64, 64, 64, requires_grad=training)
before = peak()
axes, normaliser = softmax_marginals(logits)
if training:
    sum(axis.square().sum() for axis in axes).backward()
print((peak() - before) / (logits.numel() * 4))
"""


@pytest.mark.parametrize(('call', 'limit'), [('inference', 0.25), ('training', 1.5)])
def test_memory_beyond_the_logits(call, limit, monkeypatch):
    monkeypatch.setenv('MMPOSE_SAT_SKIP_PATCHES', 'all')
    command = [sys.executable, '-c', SCRIPT, call]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert float(output) < limit
