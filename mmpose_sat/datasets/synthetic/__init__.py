"""Rendered people: data for the demo, the tests and the first steps, with no download."""

from .body import BACK_VIEW_SHARE, COCO_KEYPOINTS, sample_body
from .coco import SEEDS, make_split
from .scene import CLUTTER, render_scene

__all__ = [
    'BACK_VIEW_SHARE',
    'CLUTTER',
    'COCO_KEYPOINTS',
    'SEEDS',
    'make_split',
    'render_scene',
    'sample_body',
]
