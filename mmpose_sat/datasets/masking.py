"""Augmentations of arXiv 1906.04104: parts of people hidden, channels permuted, grey borders.

All draw from NumPy's global generator, which MMEngine seeds in each worker.
"""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.datasets.transforms import TopdownAffine

from ..registry import TRANSFORMS

__all__ = ['PaddedAffine', 'RandomBodyMask', 'RandomChannelPermutation', 'RandomKeypointMask']

GREY = (128, 128, 128)


def _check_prob(prob: float) -> float:
    if not 0 <= prob <= 1:
        raise ValueError(f'prob={prob} must be in [0, 1]')
    return prob


@TRANSFORMS.register_module()
class RandomBodyMask(BaseTransform):
    """Hides a quadrangle around the middle of the image.

    That is the person after ``TopdownAffine``, or right after loading where an image is one person.

    Its centre is in the middle third; each corner is in a quadrant of its own, up to ``reach`` of
    the width and of the height away from the centre. The paper speaks of sides up to 30 %; its
    code, and this, has them up to 60 %.

    Args:
        prob: how often.
        reach: farthest corner, in widths and heights.
        fill: colour, B G R.

    Raises:
        ValueError: ``prob`` or ``reach`` is not in [0, 1].
    """

    def __init__(
        self, prob: float = 0.5, reach: float = 0.3, fill: tuple[int, int, int] = GREY
    ) -> None:
        self.prob = _check_prob(prob)
        if not 0 <= reach <= 1:
            raise ValueError(f'reach={reach} must be in [0, 1]')
        self.reach = reach
        self.fill = fill

    def transform(self, results: dict) -> dict:
        """Fill the quadrangle in ``results['img']`` (H, W, 3)."""
        if np.random.random() < self.prob:
            image = results['img'].copy()
            size = np.array(image.shape[1::-1])
            centre = size * np.random.uniform(1 / 3, 2 / 3, 2)
            quadrants = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
            corners = centre + quadrants * size * np.random.uniform(0, self.reach, (4, 2))
            cv2.fillPoly(image, [np.rint(corners).astype(np.int32)], self.fill)
            results['img'] = image
        return results


@TRANSFORMS.register_module()
class RandomKeypointMask(BaseTransform):
    """Hides a square around one labelled joint: after ``TopdownAffine``.

    The joint keeps its label: it is to be found from the rest of the body.

    Args:
        prob: how often.
        side: of the square, in widths of the image.
        fill: colour, B G R.

    Raises:
        ValueError: ``prob`` or ``side`` is not in [0, 1].
    """

    def __init__(
        self, prob: float = 0.5, side: float = 0.2, fill: tuple[int, int, int] = GREY
    ) -> None:
        self.prob = _check_prob(prob)
        if not 0 <= side <= 1:
            raise ValueError(f'side={side} must be in [0, 1]')
        self.side = side
        self.fill = fill

    def transform(self, results: dict) -> dict:
        """Fill the square in ``results['img']`` (H, W, 3)."""
        joints = results.get('transformed_keypoints', results['keypoints'])
        joints = joints.reshape(-1, joints.shape[-1])
        # MMPose's KeypointConverter adds a weight to each visibility: (N, K, 2).
        visible = results['keypoints_visible']
        visible = (visible[..., 0] if visible.ndim == 3 else visible).reshape(-1) > 0
        if visible.any() and np.random.random() < self.prob:
            image = results['img'].copy()
            centre = joints[np.random.choice(np.flatnonzero(visible))]
            half = self.side * image.shape[1] / 2
            low, high = (np.rint(centre[:2] + sign * half).astype(int) for sign in (-1, 1))
            cv2.rectangle(image, low.tolist(), high.tolist(), self.fill, -1)
            results['img'] = image
        return results


@TRANSFORMS.register_module()
class RandomChannelPermutation(BaseTransform):
    """Puts the colour channels in a random order: each is kept.

    Args:
        prob: how often.

    Raises:
        ValueError: ``prob`` is not in [0, 1].
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = _check_prob(prob)

    def transform(self, results: dict) -> dict:
        """Permute the channels of ``results['img']`` (H, W, C)."""
        if np.random.random() < self.prob:
            order = np.random.permutation(results['img'].shape[2])
            results['img'] = np.ascontiguousarray(results['img'][..., order])
        return results


@TRANSFORMS.register_module()
class PaddedAffine(TopdownAffine):
    """MMPose's ``TopdownAffine`` with a colour where the image ends, in place of black.

    With the box of the whole image this is a letterbox resize, and after ``RandomBBoxTransform``
    a rotation.

    Args:
        fill: colour, B G R.
        kwargs: as for ``TopdownAffine``.
    """

    def __init__(self, *args: object, fill: tuple[int, int, int] = GREY, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fill = fill

    def transform(self, results: dict) -> dict:
        """Crop ``results['img']`` (H, W, 3), of uint8 or float32."""
        dtype = results['img'].dtype
        fill = np.array(self.fill, np.float32)
        # The border is 0 beyond the image: the colour, once it is taken off and added again.
        results['img'] = results['img'].astype(np.float32) - fill
        results = super().transform(results)
        image = results['img'] + fill
        if dtype == np.uint8:
            image = np.clip(np.rint(image), 0, 255)
        results['img'] = image.astype(dtype)
        return results
