"""Volumes: the same figures as with a softmax over all cells, and little memory."""

import json
import math
import subprocess
import sys

import pytest
import torch

from mmpose_sat.models.layers.heatmaps import expectation, log_gaussian, marginals, normalise
from mmpose_sat.models.layers.volumes import gaussian_error, logsumexp_of_depths, softmax_marginals
from mmpose_sat.models.losses import gaussian_mse


def volume(*shape, dtype=torch.float64, scale=3.0):
    generator = torch.Generator().manual_seed(0)
    return (scale * torch.randn(*shape, generator=generator, dtype=torch.float64)).to(dtype)


def test_marginals_are_those_of_the_whole_softmax():
    logits = volume(2, 3, 5, 4, 6)
    axes, normaliser, same = softmax_marginals(logits)
    torch.testing.assert_close(same, logits)
    for ours, whole in zip(axes, marginals(normalise(logits)), strict=True):
        torch.testing.assert_close(ours, whole)
    torch.testing.assert_close(normaliser, logits.flatten(2).logsumexp(2))
    torch.testing.assert_close(logsumexp_of_depths(logits), logits.logsumexp(2))


def test_gradients():
    logits = volume(1, 2, 3, 2, 4).requires_grad_()
    targets = torch.rand(1, 2, 3, dtype=torch.float64) - 0.5
    flat = torch.tensor([[False, True]])

    def all_of_it(z):
        axes, normaliser, same = softmax_marginals(z)
        return *axes, normaliser, gaussian_error(same, targets, 0.9, flat), same.square()

    assert torch.autograd.gradcheck(all_of_it, logits)
    torch.testing.assert_close(
        gaussian_error(logits, targets, 0.9), 3 * gaussian_mse(logits, targets, 0.9)
    )
    (alone,) = torch.autograd.grad(softmax_marginals(logits)[2].sum(), logits)
    torch.testing.assert_close(alone, torch.ones_like(logits))


def test_joints_weigh_alike_with_depth_and_without():
    logits = torch.zeros(1, 2, 32, 16, 16, requires_grad=True)
    errors = gaussian_error(logits, torch.zeros(1, 2, 3), flat=torch.tensor([[False, True]]))
    torch.testing.assert_close(errors[0, 0], errors[0, 1] * math.sqrt(math.pi), rtol=1e-3, atol=0)
    (slope,) = torch.autograd.grad(errors.sum(), logits)
    deep, flat = slope.flatten(2).norm(dim=2)[0]
    assert 0.3 < deep / flat < 10


def test_gradients_of_others_are_left_alone():
    logits = volume(1, 2, 3, 2, 4).requires_grad_()
    beside = torch.zeros_like(logits).requires_grad_()
    targets = torch.zeros(1, 2, 3, dtype=torch.float64)
    doubled = 2 * beside

    def gradients_of(marginals_of):
        axes, _, same = marginals_of(logits)
        mixed = same + doubled  # whose gradient goes to both, as one tensor
        loss = gaussian_error(mixed, targets).sum() + (axes[0] * torch.arange(4.0)).sum()
        return torch.autograd.grad(loss, (logits, beside), retain_graph=True)

    def plain(logits):
        return marginals(normalise(logits)), None, logits

    for found, expected in zip(gradients_of(softmax_marginals), gradients_of(plain), strict=True):
        torch.testing.assert_close(found, expected)
    given = torch.zeros_like(logits)
    axes, _, same = softmax_marginals(logits)
    torch.autograd.backward((same, axes[0]), (given, torch.rand_like(axes[0])))
    assert not given.any()


def test_no_images():
    logits = volume(0, 2, 3, 2, 4).requires_grad_()
    axes, normaliser, same = softmax_marginals(logits)
    assert [axis.shape for axis in axes] == [(0, 2, 4), (0, 2, 2), (0, 2, 3)]
    errors = gaussian_error(same, torch.zeros(0, 2, 3, dtype=torch.float64))
    (normaliser.sum() + errors.sum()).backward()
    assert normaliser.shape == errors.shape == (0, 2) and logits.grad.shape == logits.shape


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_single(dtype):
    logits = volume(1, 2, 8, 8, 8, dtype=dtype, scale=1e4).requires_grad_()
    axes, normaliser, _ = softmax_marginals(logits)
    (sum(axis.square().sum() for axis in axes) + normaliser.sum()).backward()
    assert axes[0].dtype == torch.float32 and logits.grad.dtype == dtype
    assert normaliser.isfinite().all() and logits.grad.isfinite().all()


def test_a_gaussian_decodes_to_its_centre():
    centres = torch.tensor([[[0.1, -0.3, 0.45]]], dtype=torch.float64)
    logits = log_gaussian(centres, (32, 24, 16), 1.2)
    torch.testing.assert_close(expectation(normalise(logits)), centres, atol=1e-6, rtol=0)


SCRIPT = """
import json, resource, sys
import torch
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from mmengine.structures import InstanceData
import mmpose_sat

def head_and_samples(cells, loss):
    codec = dict(type='mmpose_sat.IntegralLabel3D', input_size=(256, 256))
    head = MODELS.build(dict(type='mmpose_sat.IntegralHead3D', in_channels=17 * cells,
        out_channels=17, depth=cells, final_layer=None, deconv_out_channels=None, decoder=codec,
        loss=dict(type='mmpose_sat.IntegralLoss3D', **loss)))
    samples = []
    for deep in (1, 0) * 4:
        labels = InstanceData(keypoint_labels=torch.zeros(1, 17, 3),
            keypoint_weights=torch.ones(1, 17), depth_weights=torch.full((1, 17), float(deep)))
        sample = PoseDataSample(metainfo=dict(flip_indices=list(range(17)), input_size=(256, 256)))
        sample.gt_instance_labels = labels
        samples.append(sample)
    return head, samples

def run(cells, call, loss):
    head, samples = head_and_samples(cells, loss)
    logits = torch.ones(8, 17 * cells, cells, cells, requires_grad=call == 'loss')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if call == 'loss':
        losses = head.loss((logits,), samples)
        sum(value for name, value in losses.items() if name.startswith('loss')).backward()
    else:
        with torch.no_grad():
            head.predict((logits,), samples, dict(output_heatmaps=True))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (after - before) * 1024 / (4 * logits.numel())

call, loss = sys.argv[1], json.loads(sys.argv[2])
run(4, call, loss)
print(run(64, call, loss))
"""


@pytest.mark.parametrize(
    ('call', 'limit', 'loss'),
    [
        ('predict', 0.25, {}),
        ('loss', 1.5, dict(joint='l1')),
        ('loss', 1.5, dict(joint='l1', heatmap='gaussian')),
        ('loss', 1.5, dict(joint='l1', heatmap='one_hot')),
    ],
)
def test_memory_beyond_the_logits(call, limit, loss):
    command = [sys.executable, '-c', SCRIPT, call, json.dumps(loss)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert float(output) < limit
