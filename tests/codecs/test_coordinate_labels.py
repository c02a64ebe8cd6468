"""Pixels to coordinates and back, and what counts as visible."""

import numpy as np
import pytest
import torch
from mmpose.codecs import IntegralRegressionLabel
from mmpose.registry import KEYPOINT_CODECS

from mmpose_sat.codecs import DSNTLabel, IntegralLabel, cell_centres, from_pixels, to_pixels


@pytest.mark.parametrize('codec', [DSNTLabel, IntegralLabel])
@pytest.mark.parametrize('size', [(1, 1), (7, 5), (192, 256), (4096, 2160)])
@pytest.mark.parametrize(('dtype', 'tolerance'), [('float64', 1e-5), ('float32', 1e-3)])
def test_decoding_inverts_encoding(codec, size, dtype, tolerance):
    pixels = np.random.default_rng(0).uniform(-0.5, np.array(size) - 0.5, (3, 5, 2)).astype(dtype)
    encoded = codec(size).encode(pixels)
    assert encoded['keypoint_labels'].dtype == dtype
    assert np.abs(encoded['keypoint_labels']).max() <= codec.extent / 2
    decoded, scores = codec(size).decode(encoded['keypoint_labels'])
    np.testing.assert_allclose(decoded, pixels, atol=tolerance)
    assert scores.shape == (3, 5) and (scores == 1).all()


def test_cells_lie_where_the_drawing_has_them():
    pixels = torch.tensor([-0.5, 1.5, 3.5, 5.5, 7.5])
    expected = torch.tensor([-1, -0.5, 0, 0.5, 1])
    width = torch.tensor(8)
    assert torch.equal(from_pixels(pixels, width), expected)
    assert torch.equal(to_pixels(expected, width), pixels)
    assert torch.equal(cell_centres(2, expected), expected[[1, 3]])
    theirs = IntegralRegressionLabel((8, 8), (2, 2), 1.0).encode(np.array([[[0.0, 4.0]]]))
    assert theirs['keypoint_labels'].tolist() == [[[0.0, 0.5]]]


def test_only_labelled_joints_inside_the_image_count():
    pixels = np.array([[[0.0, 0], [9, 3], [-0.6, 1], [3, 4.5], [1, 1], [np.nan, np.nan]]])
    visible = np.array([[1, 2, 1, 1, 0, 0]])
    encoded = DSNTLabel((10, 5)).encode(pixels, visible)
    assert encoded['keypoint_weights'].tolist() == [[1, 1, 0, 0, 0, 0]]
    assert np.isfinite(encoded['keypoint_labels']).all()


def test_whole_numbers_are_pixels_too():
    encoded = DSNTLabel((8, 8)).encode(np.array([[[3, 5]]]))
    np.testing.assert_allclose(encoded['keypoint_labels'], [[[-0.125, 0.375]]])


def test_scores_pass_through_decoding():
    scores = np.array([[0.25, 0.5]])
    assert DSNTLabel((4, 4)).decode(np.zeros((1, 2, 2)), scores)[1] is scores


def test_mmpose_builds_them_from_configs():
    codec = KEYPOINT_CODECS.build(dict(type='mmpose_sat.IntegralLabel', input_size=(96, 128)))
    assert isinstance(codec, IntegralLabel)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r'input_size must be .*\(0, 4\)'):
        DSNTLabel((0, 4))
    with pytest.raises(ValueError, match=r'heatmap_size must be .*\(4, 2.5\)'):
        DSNTLabel((4, 4), (4, 2.5))
    with pytest.raises(ValueError, match=r'input_size must be \(width, height\).* got 224'):
        DSNTLabel(224)
    with pytest.raises(ValueError, match=r'got \(1, 2, 3\) and \(1, 2\)'):
        DSNTLabel((4, 4)).encode(np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match='labelled joints must be finite'):
        DSNTLabel((4, 4)).encode(np.full((1, 2, 2), np.nan))
