"""Depth beside pixels: back and forth, flips, samples without it."""

import numpy as np
import pytest
from mmpose.datasets.transforms import GenerateTarget

from mmpose_sat.codecs import IntegralLabel3D


def keypoints(size=(192, 256)):
    rng = np.random.default_rng(0)
    return rng.uniform(0, np.array(size) - 1, (1, 4, 2)), rng.uniform(-900, 900, (1, 4))


def test_decoding_inverts_encoding():
    pixels, depth = keypoints()
    codec = IntegralLabel3D((192, 256))
    encoded = codec.encode(pixels, keypoints_depth=depth)
    assert np.abs(encoded['keypoint_labels']).max() <= 0.5
    decoded, _ = codec.decode(encoded['keypoint_labels'])
    np.testing.assert_allclose(decoded[..., :2], pixels, atol=1e-5)
    np.testing.assert_allclose(decoded[..., 2], depth, atol=1e-9)
    assert encoded['depth_weights'].tolist() == [[1, 1, 1, 1]]


def test_depth_counts_where_it_is_known_and_in_range():
    pixels, depth = keypoints()
    depth[0, 1], depth[0, 2] = 1001, np.nan
    visible = np.array([[1, 1, 1, 0]])
    encoded = IntegralLabel3D((192, 256)).encode(pixels, visible, depth)
    assert encoded['depth_weights'].tolist() == [[1, 0, 0, 0]]
    assert encoded['keypoint_weights'].tolist() == [[1, 1, 1, 0]]
    assert np.isfinite(encoded['keypoint_labels']).all()


def test_a_flip_swaps_depths_in_mmposes_pipeline():
    pixels, depth = keypoints()
    target = GenerateTarget(dict(type='mmpose_sat.IntegralLabel3D', input_size=(192, 256)))
    sample = dict(keypoints=pixels, keypoints_visible=np.ones((1, 4)), keypoints_depth=depth)
    sample |= dict(flip=True, flip_indices=[0, 2, 1, 3])
    labels = target.transform(sample)['keypoint_labels']
    np.testing.assert_allclose(labels[0, :, 2] * 2000, depth[0, [0, 2, 1, 3]])


def test_samples_without_depth_have_no_weight_on_it():
    pixels, _ = keypoints()
    target = GenerateTarget(dict(type='mmpose_sat.IntegralLabel3D', input_size=(192, 256)))
    results = target.transform(dict(keypoints=pixels, keypoints_visible=np.ones((1, 4))))
    assert results['depth_weights'].sum() == 0 and results['keypoint_weights'].sum() == 4
    assert results['keypoint_labels'].shape == (1, 4, 3)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r'heatmap_size must be .*depth.*\(4, 4\)'):
        IntegralLabel3D((8, 8), heatmap_size=(4, 4))
    with pytest.raises(ValueError, match='depth_range must be positive, in mm, got 0'):
        IntegralLabel3D((8, 8), depth_range=0)
    with pytest.raises(ValueError, match=r'heatmap_size must be .*\(4.5, 4, 4\)'):
        IntegralLabel3D((8, 8), heatmap_size=(4.5, 4, 4))
    with pytest.raises(ValueError, match='flip=True needs flip_indices'):
        IntegralLabel3D((192, 256)).encode(
            keypoints()[0], keypoints_depth=np.zeros((1, 4)), flip=True
        )
    with pytest.raises(ValueError, match=r'keypoints_depth must be \(1, 4\), got \(4,\)'):
        IntegralLabel3D((192, 256)).encode(keypoints()[0], keypoints_depth=np.zeros(4))
