"""Poses of the people on a photo, at once and offline.

>>> from mmpose_sat.apis import PoseInferencer
>>> results = list(PoseInferencer()('photo.jpg', out_dir='poses'))
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import cv2
import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import BaseDataElement, InstanceData
from mmpose.apis import MMPoseInferencer
from mmpose.apis.inferencers import Pose2DInferencer, get_model_aliases

from .engine.checkpoints import check_checkpoint, read_checkpoint

__all__ = ['HOGDetector', 'PoseInferencer', 'images_of']


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


def _is_whole(path: str) -> bool:
    """Whether MMCV, which decodes what it has read, will have an image."""
    content = np.fromfile(path, np.uint8)
    for flag in (cv2.IMREAD_REDUCED_GRAYSCALE_8, cv2.IMREAD_COLOR):
        try:
            return cv2.imdecode(content, flag) is not None
        except cv2.error:  # it has no eighth, or there is nothing at all
            continue
    return False


def _is_called_image(path: str) -> bool:
    try:
        return cv2.haveImageReader(path) or (Path(path).is_file() and cv2.haveImageWriter(path))
    except cv2.error:  # of a format that is turned off
        return False


def images_of(inputs: Any) -> Any:
    """Inputs for MMPose's inferencer; broken files of a folder are left out with a warning.

    Args:
        inputs: Path of a photo, a folder or a video, or a list of photos; all else is left alone.

    Returns:
        Paths of photos, sorted if they are of a folder, whose broken ones are left out with a
        warning; or the path of a video.

    Raises:
        ValueError: Nothing there is an image or a video, or a photo is broken.
    """
    if isinstance(inputs, list | tuple):
        inputs = [str(path) if isinstance(path, Path) else path for path in inputs]
        for path in inputs:
            if isinstance(path, str) and Path(path).is_file() and not _is_whole(path):
                raise ValueError(f'input {path} is not a readable image')
        return inputs
    if not isinstance(inputs, str | Path) or '://' in str(inputs):
        return inputs
    path = Path(inputs)
    if re.fullmatch(r'webcam(:\d+)?', str(inputs)) and not path.exists():
        return str(inputs)
    if path.is_dir():
        images = [file for file in map(str, sorted(path.iterdir())) if _is_called_image(file)]
        whole = [image for image in images if _is_whole(image)]
        if broken := [image for image in images if image not in whole]:
            warnings.warn(f'left out, as they are broken: {", ".join(broken)}', stacklevel=2)
        if whole:
            return whole
        raise ValueError(f'input {path} holds no image')
    if _is_called_image(str(path)):
        return images_of([str(path)])
    if path.is_file() and cv2.VideoCapture(str(path)).isOpened():
        return str(path)
    raise ValueError(f'input {path} is no image or video')


class PoseInferencer(MMPoseInferencer):
    """MMPose's inferencer with our configs and weights by their aliases, and a detector offline.

    Called as MMPose's is: with a photo, a folder, a video or an array, ``bboxes=`` (for each input
    a list of boxes, ``[x1, y1, x2, y2]`` in px; where it is empty, the detector is asked),
    ``out_dir=`` and the like; yields one result for each. Broken images of a folder are left out
    with a warning.

    Args:
        pose2d: Alias or name of a config of this package, or a config file.
        pose2d_weights: Checkpoint; by default that of the alias.
        det_model: ``'hog'`` (:class:`HOGDetector`), ``'whole_image'``, or a config or an alias of
            MMDetection. Where nobody is found, the whole image is one person.
        **kwargs: As for MMPose's ``MMPoseInferencer``.

    Raises:
        ValueError: ``pose2d`` has no weights and none are given, or is no alias, or weights are no
            checkpoint or of another model; called, nothing there is an image or a video, a box is
            not four finite numbers in order, some of several inputs have no ``bboxes``, or two
            would write to one file.
    """

    def __init__(
        self,
        pose2d: str = 'box-conv-net',
        pose2d_weights: str | None = None,
        det_model: str = 'hog',
        **kwargs: Any,
    ) -> None:
        config: Config | str = pose2d
        if not Path(pose2d).is_file():
            self.scope = 'mmpose_sat'
            try:
                config, found = self._load_model_from_metafile(pose2d)
            except ValueError as error:
                aliases = list(get_model_aliases(self.scope))
                raise ValueError(
                    f'pose2d={pose2d!r} is neither a config file nor one of the aliases {aliases}'
                ) from error
            pose2d_weights = pose2d_weights or found
        if pose2d_weights is None:
            raise ValueError(
                f'pose2d={pose2d!r} comes without weights: name some (pose2d_weights, --weights)'
            )
        self.scope = 'mmpose'
        offline = det_model == 'hog'
        loaded = read_checkpoint(pose2d_weights)
        try:
            super().__init__(
                pose2d=config,
                pose2d_weights=pose2d_weights,
                det_model='whole_image' if offline else det_model,
                scope=self.scope,
                **kwargs,
            )
        except (UnpicklingError, EOFError, RuntimeError) as error:
            raise ValueError(
                f'pose2d={pose2d!r} with pose2d_weights={str(pose2d_weights)!r}, or its detector, '
                f'could not be loaded: {error}'
            ) from error
        if isinstance(self.inferencer, Pose2DInferencer):
            check_checkpoint(self.inferencer.model, loaded, pose2d_weights, allow_others=True)
            if offline:
                self.inferencer.detector = HOGDetector()
                self.inferencer.det_cat_ids = (0,)

    def __call__(
        self,
        inputs: Any,
        return_datasamples: bool = False,
        batch_size: int = 1,
        out_dir: str | None = None,
        bboxes: Sequence[Sequence[Sequence[float]]] | None = None,
        **kwargs: Any,
    ) -> Iterator[dict]:
        """As the class says."""
        inputs = images_of(inputs)
        if bboxes is not None:
            if any(np.ndim(boxes) == 0 or any(np.ndim(b) != 1 for b in boxes) for boxes in bboxes):
                raise ValueError(
                    'bboxes must hold a list of boxes for each input, [[[x1, y1, x2, y2], ...], '
                    f'...], got {bboxes}'
                )
            for box in (box for boxes in bboxes for box in boxes):
                if np.shape(box) != (4,) or not np.isfinite(box).all():
                    raise ValueError(f'a box of bboxes must be four finite numbers, got {box}')
                if not (box[0] < box[2] and box[1] < box[3]):
                    raise ValueError(f'a box of bboxes must be x1 < x2 and y1 < y2, got {box}')
            if isinstance(inputs, list) and len(bboxes) != len(inputs):
                raise ValueError(f'bboxes has {len(bboxes)} lists for {len(inputs)} inputs')
            kwargs['bboxes'] = list(bboxes)
        if isinstance(inputs, list):
            paths = [Path(path) for path in inputs if isinstance(path, str)]
            written = []
            if out_dir or kwargs.get('pred_out_dir'):
                written.append(Counter(f'{path.stem}.json' for path in paths))
            if out_dir or kwargs.get('vis_out_dir'):
                written.append(Counter(path.name for path in paths))
            for file, count in (most for names in written for most in names.most_common(1)):
                if count > 1:
                    raise ValueError(f'{count} inputs would write to one {file}')
        return super().__call__(inputs, return_datasamples, batch_size, out_dir, **kwargs)
