"""A broken training image is left out and reported; a training set of good ones is untouched."""

import logging

import cv2
import numpy as np
from mmengine.logging import MMLogger

from mmpose_sat.datasets import LoadImageOrSkip


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
