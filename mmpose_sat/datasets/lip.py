"""Look Into Person, from its own annotation files."""

import csv
import math
from pathlib import Path

import numpy as np
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from PIL import ExifTags, Image

from ..registry import DATASETS

__all__ = ['LipDataset']

JOINTS = 16
UPPER_NECK, HEAD_TOP = 8, 9


@DATASETS.register_module()
class LipDataset(BaseCocoStyleDataset):
    """LIP (Gong et al., CVPR 2017): one person an image, 16 joints in the order of MPII.

    Reads ``lip_train_set.csv`` and ``lip_val_set.csv`` as they come: a row is a file name and x, y
    in px and v for each joint; v is 0 for visible, 1 for hidden, and all three are ``nan`` for
    joints that are not annotated. The person's box is the whole image (``GetBBoxCenterScale(
    padding=1)``). For :class:`mmpose_sat.evaluation.PCKh` samples hold ``head_size``, the
    distance from upper neck to head top in px, 0 where one of them is missing.

    Args:
        kwargs: as for MMPose's ``BaseCocoStyleDataset``; ``ann_file`` is the CSV file, and
            ``data_prefix['img']`` the folder of its images. ``data_mode``, ``bbox_file`` and
            ``sample_interval`` have their defaults only.

    Raises:
        FileNotFoundError: there is no such annotation file, or an image is missing.
        ValueError: a row has another number of values, one that is no number, an infinite
            coordinate or another v, which names the row; or one of the arguments above is not its
            default.
    """

    METAINFO: dict = dict(from_file=str(Path(__file__).parent / 'metainfo' / 'lip.py'))

    def load_data_list(self) -> list[dict]:
        defaults = dict(data_mode='topdown', bbox_file=None, sample_interval=1)
        for name, value in defaults.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f'{name}={getattr(self, name)!r} means nothing to LipDataset, which has a '
                    f'person an image and takes them all: it must be {value!r}'
                )
        if not Path(self.ann_file).is_file():
            raise FileNotFoundError(
                f'annotation file {self.ann_file!r} does not exist; set the environment variable '
                'MMPOSE_SAT_LIP to the folder of LIP, or the config data_root'
            )
        people = []
        with open(self.ann_file, newline='') as file:
            for number, row in enumerate(csv.reader(file), 1):
                if row:
                    people.append(self._person(number, row))
        if not people:
            raise ValueError(f'{self.ann_file!r} holds no person')
        return people

    def _person(self, number: int, row: list[str]) -> dict:
        """The sample of a row."""
        where = f'{self.ann_file}, row {number}'
        if len(row) != 1 + 3 * JOINTS:
            raise ValueError(
                f'{where}: {len(row)} values, a file name and x, y, v of {JOINTS} joints are '
                f'{1 + 3 * JOINTS}'
            )
        try:
            values = np.array([float(value) for value in row[1:]]).reshape(JOINTS, 3)
        except ValueError as error:
            raise ValueError(f'{where}: {error}') from None
        if np.isinf(values).any():
            raise ValueError(f'{where}: coordinates must be finite, or nan where they are missing')
        if not (np.isnan(values[:, 2]) | np.isin(values[:, 2], (0, 1))).all():
            raise ValueError(f'{where}: v must be 0, 1 or nan, got {values[:, 2].tolist()}')
        path = Path(self.data_prefix['img']) / row[0]
        try:
            with Image.open(path) as image:  # reads the header only
                width, height = image.size
                if image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:  # OpenCV turns it
                    width, height = height, width
        except OSError as error:
            raise FileNotFoundError(f'{where}: {error}') from None
        missing = np.isnan(values[:, :2]).any(1)
        joints = np.where(missing[:, None], 0, values[:, :2])
        ends = joints[[UPPER_NECK, HEAD_TOP]]
        both = not missing[[UPPER_NECK, HEAD_TOP]].any()
        return dict(
            id=number,
            img_id=number,
            img_path=str(path),
            category_id=1,
            bbox=np.array([[0, 0, width, height]], np.float32),
            bbox_score=np.ones(1, np.float32),
            keypoints=joints[None].astype(np.float32),
            keypoints_visible=(~missing)[None].astype(np.float32),
            head_size=np.array([math.dist(*ends) if both else 0.0], np.float32),
        )
