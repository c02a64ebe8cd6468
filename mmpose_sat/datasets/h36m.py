"""Human3.6M as single images, for integral regression in three dimensions."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmpose.datasets.datasets import Human36mDataset

from ..registry import DATASETS

__all__ = ['Human36mImageDataset']


@DATASETS.register_module()
class Human36mImageDataset(Human36mDataset):
    """Human3.6M from the files that MMPose's ``preprocess_h36m.py`` writes, an image a sample.

    Samples hold what ``TopdownAffine`` and :class:`~mmpose_sat.codecs.IntegralLabel3D` take: the
    box (``GetBBoxCenterScale(padding=1)``, the files have it padded already), ``keypoints`` (1, 17,
    2) in px, and ``keypoints_depth`` (1, 17) in mm behind the root. For
    :class:`~mmpose_sat.evaluation.Human36mMPJPE` they also hold ``keypoints_cam`` (1, 17, 3) in mm,
    in the camera's system, and the ``camera``.

    Args:
        subjects: those to keep, as ``('S9', 'S11')``; default: all of the file.
        frame_step: keeps the first of so many frames of the video, 64 in the published protocols.
            The files must have been extracted with a ``--sample-rate`` that divides it.
        kwargs: as for MMPose's ``Human36mDataset``; ``camera_param_file`` is needed.

    Raises:
        ValueError: there is no ``camera_param_file``, or no frame is left.
    """

    def __init__(
        self, *args: Any, subjects: Sequence[str] = (), frame_step: int = 1, **kwargs: Any
    ) -> None:
        if not kwargs.get('camera_param_file') and not kwargs.get('lazy_init'):
            raise ValueError('camera_param_file must be given: it holds the intrinsics')
        if frame_step < 1:
            raise ValueError(f'frame_step={frame_step} must be 1 or more')
        self.subjects = tuple(subjects)
        self.frame_step = frame_step
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        samples = []
        for person in super().load_data_list():
            name = str(person['target_img_path'][0])
            subject, action, _ = self._parse_h36m_imgname(name)
            frame = int(os.path.splitext(name)[0].rsplit('_', 1)[1]) - 1
            if (self.subjects and subject not in self.subjects) or frame % self.frame_step:
                continue
            joints = 1000 * person['keypoints_3d']
            # MMPose fills in centres and scales by the order of videos, not of the file.
            (index,) = person['img_ids']
            center = self.ann_data['center'][index][None].astype(np.float32)
            half = 100 * self.ann_data['scale'][index].astype(np.float32)  # scales are in 200 px
            samples.append(
                dict(
                    id=person['id'],
                    img_id=person['id'],
                    img_path=os.path.join(self.data_prefix['img'], name),
                    category_id=1,
                    action=action.split('_')[0],
                    bbox=np.concatenate([center - half, center + half], 1),
                    bbox_score=np.ones(1, np.float32),
                    keypoints=person['keypoints'],
                    keypoints_visible=person['keypoints_visible'],
                    keypoints_cam=joints,
                    keypoints_depth=joints[..., 2] - joints[:, :1, 2],
                    camera={key: person['camera_param'][key] for key in ('f', 'c', 'k', 'p')},
                )
            )
        if not samples:
            raise ValueError(
                f'{self.ann_file!r} has no frame with subjects={self.subjects or "any"} and '
                f'frame_step={self.frame_step}'
            )
        return samples
