"""Heatmaps: against dsntnn, kornia and closed forms."""

import dsntnn
import numpy as np
import pytest
import torch
from kornia.geometry.subpix import spatial_expectation2d, spatial_softmax2d
from mmpose.codecs import MSRAHeatmap

from mmpose_sat.codecs import to_pixels
from mmpose_sat.models.layers.heatmaps import (
    argmax_coordinates,
    expectation,
    local_mass,
    log_gaussian,
    marginals,
    normalise,
)


def logits(*shape, scale=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize('scale', [1.0, 30.0])
def test_expectation_agrees_with_published_packages(scale):
    values = logits(2, 3, 7, 5, scale=scale)
    heatmaps = normalise(values)
    torch.testing.assert_close(heatmaps, dsntnn.flat_softmax(values))
    torch.testing.assert_close(heatmaps, spatial_softmax2d(values))
    ours = expectation(heatmaps)
    torch.testing.assert_close(ours, dsntnn.dsnt(heatmaps), rtol=0, atol=1e-12)
    cells = spatial_expectation2d(heatmaps, normalized_coordinates=False)
    torch.testing.assert_close(to_pixels(ours, torch.tensor([5, 7])), cells, rtol=0, atol=1e-12)


def test_expectation_in_three_dimensions():
    heatmaps = normalise(logits(2, 3, 4, 6, 5))
    torch.testing.assert_close(expectation(heatmaps), dsntnn.dsnt(heatmaps), rtol=0, atol=1e-12)
    assert [axis.shape[2] for axis in marginals(heatmaps)] == [5, 6, 4]


@pytest.mark.parametrize('activation', ['softmax', 'abs', 'relu', 'sigmoid'])
@pytest.mark.parametrize('dtype', [torch.float64, torch.float16, torch.bfloat16])
def test_activations_give_distributions(activation, dtype):
    values = logits(2, 3, 5, 4).to(dtype).requires_grad_()
    heatmaps = normalise(values, activation)
    assert heatmaps.min() >= 0
    torch.testing.assert_close(heatmaps.sum((2, 3)), torch.ones(2, 3, dtype=heatmaps.dtype))
    if dtype == torch.float64:
        assert torch.autograd.gradcheck(lambda z: normalise(z, activation), values)
    else:
        assert heatmaps.dtype == torch.float32


def test_a_map_that_relu_empties_points_to_the_centre():
    heatmaps = normalise(-torch.ones(1, 1, 4, 4), 'relu')
    assert torch.equal(expectation(heatmaps), torch.zeros(1, 1, 2))


def test_a_gaussian_decodes_to_its_centre():
    centres = torch.tensor([[[0.1234, -0.3141], [-0.402, 0.577]]], dtype=torch.float64)
    heatmaps = log_gaussian(centres, (64, 48), 1.5).flatten(2).softmax(-1).view(1, 2, 64, 48)
    torch.testing.assert_close(heatmaps, dsntnn.make_gauss(centres, (64, 48), 1.5))
    size = torch.tensor([192, 256])
    error = to_pixels(expectation(heatmaps), size) - to_pixels(centres, size)
    assert error.abs().max() < 0.01
    rounded = to_pixels(argmax_coordinates(heatmaps), size) - to_pixels(centres, size)
    assert 0.01 < rounded.abs().max() <= 1.01  # a quarter of four pixels at most


def test_argmax_is_the_decoding_of_mmpose():
    heatmaps = logits(1, 30, 9, 11)
    places, _ = MSRAHeatmap((11, 9), (11, 9), sigma=1).decode(heatmaps[0].numpy())
    ours = to_pixels(argmax_coordinates(heatmaps), torch.tensor([11, 9]))[0].numpy()
    # MMPose moves neither next to the left and upper border nor in both axes where one is at it.
    inside = ((places >= 1.7) & (places <= np.array([9.3, 7.3]))).all(-1)[0]
    assert inside.sum() > 10
    np.testing.assert_allclose(ours[inside], places[0][inside], atol=1e-5)


def test_certainty_is_the_mass_around_the_point():
    peak, two = torch.zeros(2, 1, 1, 20, 20)
    peak[..., 10, 10] = 1
    two[..., 2, 2] = two[..., 17, 17] = 0.5
    for heatmaps, places, expected in ((peak, (10, 10), 1), (two, (2, 2), 0.5), (two, (9, 9), 0)):
        place = (2 * torch.tensor([[places]]) + 1) / 20 - 1
        torch.testing.assert_close(local_mass(heatmaps, place), torch.full((1, 1), float(expected)))
    flat = torch.full((1, 1, 20, 20), 1 / 400)
    torch.testing.assert_close(local_mass(flat, torch.zeros(1, 1, 2)), torch.full((1, 1), 25 / 400))
