"""Poses of the people on a photo, at once and offline.

>>> from mmpose_sat.apis import PoseInferencer
>>> results = list(PoseInferencer()('photo.jpg', out_dir='poses'))
"""

from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
import torch
from mmengine.structures import BaseDataElement, InstanceData
from mmpose.apis import MMPoseInferencer
from mmpose.apis.inferencers import Pose2DInferencer

__all__ = ['HOGDetector', 'PoseInferencer']


class HOGDetector:
    """OpenCV's detector of upright people, in place of MMDetection's ``DetInferencer``.

    Histograms of oriented gradients and a linear SVM (Dalal & Triggs, CVPR 2005), trained on
    pedestrians: it needs no weights and no GPU, and misses people who sit, bend or lie.

    Its boxes are passed on as they are: they surround a standing person about as those of LSP do.
    """

    WINDOW = (64, 128)  # px, width x height: the smallest person

    def __init__(self) -> None:
        self.hog = cv2.HOGDescriptor()
        self.hog.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())

    def __call__(self, image: str | np.ndarray, **_: Any) -> dict[str, list[BaseDataElement]]:
        """Find people.

        Args:
            image: Path, or ``(H, W, 3)`` in BGR.

        Returns:
            ``predictions`` with one element, whose ``pred_instances`` hold ``bboxes``
            (x1 y1 x2 y2 in px), ``scores`` (distance to the SVM's plane, at most 1) and ``labels``
            (0).
        """
        pixels: np.ndarray = mmcv.imread(image)
        height, width = pixels.shape[:2]
        # The descriptor reads beyond images smaller than its window.
        right, bottom = max(0, self.WINDOW[0] - width), max(0, self.WINDOW[1] - height)
        if right or bottom:
            pixels = cv2.copyMakeBorder(pixels, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        found, margins = self.hog.detectMultiScale(pixels, winStride=(8, 8), padding=(16, 16))
        corners = np.asarray(found, dtype=np.float32).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        corners = corners.clip(0, (width, height, width, height)).astype(np.float32)
        people = InstanceData(
            bboxes=torch.from_numpy(corners),
            scores=torch.as_tensor(np.reshape(margins, -1), dtype=torch.float32).clamp(max=1),
            labels=torch.zeros(len(corners), dtype=torch.long),
        )
        sample = BaseDataElement()
        sample.pred_instances = people
        return dict(predictions=[sample])


class PoseInferencer(MMPoseInferencer):
    """MMPose's inferencer with our configs and weights by their aliases, and a detector offline.

    Called as MMPose's is: with a photo, a folder, a video or an array, ``bboxes=`` (one list of
    x1 y1 x2 y2 in px for each input), ``out_dir=`` and the like; yields one result for each.

    Args:
        pose2d: Alias or name of a config of this package, or a config file.
        pose2d_weights: Checkpoint; by default that of the alias.
        det_model: ``'hog'`` (:class:`HOGDetector`), ``'whole_image'``, or a config or an alias of
            MMDetection. Where nobody is found, the whole image is one person.
        **kwargs: As for MMPose's ``MMPoseInferencer``.

    Raises:
        ValueError: ``pose2d`` has no weights and none are given, or is no alias.
    """

    def __init__(
        self,
        pose2d: str = 'box-conv-net',
        pose2d_weights: str | None = None,
        det_model: str = 'hog',
        **kwargs: Any,
    ) -> None:
        is_file = Path(pose2d).is_file()
        self.scope = 'mmpose' if is_file else 'mmpose_sat'
        if pose2d_weights is None and not is_file:
            _, pose2d_weights = self._load_model_from_metafile(pose2d)
        if pose2d_weights is None:
            raise ValueError(
                f'pose2d={pose2d!r} comes without weights: give a checkpoint, pose2d_weights'
            )
        offline = det_model == 'hog'
        super().__init__(
            pose2d=pose2d,
            pose2d_weights=pose2d_weights,
            det_model='whole_image' if offline else det_model,
            scope=self.scope,
            **kwargs,
        )
        if offline and isinstance(self.inferencer, Pose2DInferencer):
            self.inferencer.detector = HOGDetector()
            self.inferencer.det_cat_ids = (0,)
