"""Data transforms."""

import logging

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log
from mmpose.datasets.transforms import LoadImage, RandomBBoxTransform

from ..registry import TRANSFORMS

__all__ = ['LoadImageOrSkip', 'RandomBBoxTransform3D', 'RandomChannelGain']


@TRANSFORMS.register_module()
class LoadImageOrSkip(LoadImage):
    """MMPose's ``LoadImage`` for training: a broken image is left out instead of ending the run.

    MMEngine's data sets draw another sample for one that is None. Each worker reports a broken file
    when it first meets it, with the number it has left out so far, and keeps them in ``broken``.
    Validation pipelines should use ``LoadImage``, where a broken image is an error.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.broken: dict[str, str] = {}

    def transform(self, results: dict) -> dict | None:
        """Load the image; None when it cannot be read or decoded."""
        try:
            return super().transform(results)
        except Exception as error:
            # What an image decoder raises is not limited to a few types.
            path = str(results['img_path'])
            if path not in self.broken:
                self.broken[path] = str(error)
                print_log(
                    f'left out a broken image ({len(self.broken)} in this worker so far): '
                    f'{path}: {error}',
                    logger='current',
                    level=logging.WARNING,
                )
            return None


@TRANSFORMS.register_module()
class RandomBBoxTransform3D(RandomBBoxTransform):
    """MMPose's ``RandomBBoxTransform`` for joints with depth: a person made larger is so along z.

    So all axes of the coordinates share one scale, as in the code of arXiv 1711.08229. Samples
    without ``keypoints_depth`` (1, K) pass as they are.
    """

    def transform(self, results: dict) -> dict | None:
        """Shift, scale and turn the box; divide the depth by the scale of the box."""
        before = results['bbox_scale'][:, :1]
        transformed = super().transform(results)
        if transformed is not None and 'keypoints_depth' in transformed:
            zoom = before / transformed['bbox_scale'][:, :1]
            transformed['keypoints_depth'] = transformed['keypoints_depth'] * zoom
        return transformed


@TRANSFORMS.register_module()
class RandomChannelGain(BaseTransform):
    """Multiplies each colour channel by its own random factor (DSNT, arXiv 1801.07372).

    Args:
        low: smallest factor.
        high: largest factor.

    Raises:
        ValueError: not ``0 <= low <= high``.
    """

    def __init__(self, low: float = 0.6, high: float = 1.4) -> None:
        if not 0 <= low <= high:
            raise ValueError(f'low={low} and high={high} must be 0 <= low <= high')
        self.low, self.high = low, high

    def transform(self, results: dict) -> dict:
        """Scale ``results['img']`` (H, W, C), clipped to its range where it is of whole numbers."""
        image = results['img']
        scaled = image * np.random.uniform(self.low, self.high, image.shape[2]).astype(np.float32)
        if np.issubdtype(image.dtype, np.integer):
            limits = np.iinfo(image.dtype)
            scaled = np.clip(np.rint(scaled), limits.min, limits.max)
        results['img'] = scaled.astype(image.dtype)
        return results
