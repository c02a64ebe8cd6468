"""Broken training images are left out and reported; channels get gains of their own."""

import logging

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmpose_sat.datasets import LoadImageOrSkip
from mmpose_sat.registry import TRANSFORMS


def test_broken_images_are_skipped_and_counted(tmp_path, caplog):
    good, truncated, text = (tmp_path / name for name in ('good.jpg', 'cut.jpg', 'text.jpg'))
    cv2.imwrite(str(good), np.full((8, 6, 3), 100, np.uint8))
    truncated.write_bytes(good.read_bytes()[:20])
    text.write_text('not an image')
    load = LoadImageOrSkip()
    MMLogger.get_current_instance().addHandler(caplog.handler)
    with caplog.at_level(logging.WARNING):
        assert load(dict(img_path=str(good)))['img'].shape == (8, 6, 3)
        for broken in (truncated, text, tmp_path / 'missing.jpg', text):
            assert load(dict(img_path=str(broken))) is None
    MMLogger.get_current_instance().removeHandler(caplog.handler)
    assert len(load.broken) == 3
    reports = [r.message for r in caplog.records if 'broken image' in r.message]
    assert len(reports) == 3 and '(3 in this worker so far)' in reports[-1]


def test_channel_gain_scales_each_channel_by_its_own_factor():
    np.random.seed(0)
    gain = TRANSFORMS.build(dict(type='mmpose_sat.RandomChannelGain'))
    image = np.full((2, 3, 3), 100, np.uint8)
    seen = np.stack([gain(dict(img=image))['img'][0, 0] for _ in range(500)])
    assert (image == 100).all() and seen.dtype == np.uint8
    assert 60 <= seen.min() < 64 and 136 < seen.max() <= 140
    assert np.abs(np.corrcoef(seen.T) - np.eye(3)).max() < 0.15
    bright = gain(dict(img=np.full((1, 1, 3), 250, np.uint8)))['img']
    assert bright.min() >= 150  # clipped, not wrapped around
    deep = gain(dict(img=np.full((1, 1, 3), 60_000, np.uint16)))['img']
    assert deep.dtype == np.uint16 and deep.min() >= 36_000
    floats = gain(dict(img=np.full((1, 1, 3), 250.0, np.float32)))['img']
    assert floats.dtype == np.float32
    with pytest.raises(ValueError, match=r'low=2 and high=1'):
        TRANSFORMS.build(dict(type='mmpose_sat.RandomChannelGain', low=2, high=1))


def test_depth_is_scaled_with_the_person():
    transform = TRANSFORMS.build(
        dict(type='mmpose_sat.RandomBBoxTransform3D', scale_factor=(0.5, 2), scale_prob=1)
    )
    box = dict(bbox_center=np.full((1, 2), 50.0), bbox_scale=np.array([[40.0, 60]]))
    depth = np.array([[0.0, 100, -200]])
    scales = set()
    for _ in range(5):
        found = transform(dict(box, keypoints_depth=depth))
        (scale,) = set(np.unique((found['bbox_scale'] / box['bbox_scale']).round(6)))
        np.testing.assert_allclose(found['keypoints_depth'], depth / scale, rtol=1e-4)
        scales.add(scale)
    assert len(scales) == 5 and (depth == [[0, 100, -200]]).all()
    assert 'keypoints_depth' not in transform(dict(box))
