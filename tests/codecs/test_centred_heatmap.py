"""Heatmaps of pose machines: Gaussians in px of the input, centred cells, a background."""

import numpy as np
import pytest

from mmpose_sat.codecs import CentredHeatmap


def codec(**options):
    return CentredHeatmap((96, 128), (12, 16), **options)


def test_values_are_those_of_the_formula():
    heatmaps = codec().encode(np.array([[[40.0, 70], [3.5, 11.5]]]))['heatmaps']
    assert heatmaps.shape == (3, 16, 12)
    for y in range(16):
        for x in range(12):
            d2 = (8 * x + 3.5 - 40) ** 2 + (8 * y + 3.5 - 70) ** 2
            value = np.exp(-d2 / (2 * 7**2))
            assert heatmaps[0, y, x] == pytest.approx(value if value >= 0.01 else 0, abs=1e-6)
    assert heatmaps[1, 1, 0] == 1  # on a cell's centre
    np.testing.assert_allclose(heatmaps[2], 1 - heatmaps[:2].max(0), atol=1e-6)


@pytest.mark.parametrize('weigh_missing', [True, False])
def test_joints_that_are_not_labelled_have_empty_maps(weigh_missing):
    points = np.array([[[40.0, 70], [np.nan, 0], [20, 20]]])
    encoded = codec(weigh_missing=weigh_missing).encode(points, np.array([[1, 0, 1]]))
    assert (encoded['heatmaps'][1] == 0).all() and np.isfinite(encoded['heatmaps']).all()
    assert encoded['keypoint_weights'].tolist() == [[1, float(weigh_missing), 1, 1]]
    encoded = codec(background=False).encode(points, np.array([[1, 0, 1]]))
    assert encoded['keypoint_weights'].shape == (1, 3)


def test_decoding_finds_the_place_to_a_fifth_of_a_cell():
    rng = np.random.default_rng(0)
    points = rng.uniform((8, 8), (88, 120), (1, 40, 2))
    heatmaps = codec(background=False).encode(points)['heatmaps']
    found, scores = codec().decode(heatmaps)
    errors = np.abs(found - points)
    assert errors.mean() < 0.5 and errors.max() < 2
    assert found.shape == (1, 40, 2) and scores.shape == (1, 40) and scores.min() > 0.8
    halves, _ = codec().decode(heatmaps.astype(np.float16))
    assert np.abs(halves - found).max() <= 1


def test_bad_input_is_named():
    with pytest.raises(ValueError, match='sigma=0 must be positive, in px'):
        codec(sigma=0)
    with pytest.raises(ValueError, match=r'heatmap_size must be \(width, height\).* got \(0, 4\)'):
        CentredHeatmap((96, 128), (0, 4))
    for shape, visible in ((2, 3, 2), (2, 3)), ((1, 3, 2), (1, 2)), ((1, 0, 2), (1, 0)):
        with pytest.raises(ValueError, match=r'keypoints must be \(1, K, 2\) and .*, got \('):
            codec().encode(np.zeros(shape), np.ones(visible))
    with pytest.raises(ValueError, match='keypoints of labelled joints must be finite'):
        codec().encode(np.full((1, 3, 2), np.nan))
