"""Leeds Sports Pose and its extension, from COCO-format annotation files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmpose.datasets import CombinedDataset
from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from ..registry import DATASETS

__all__ = ['CombinedLspDataset', 'LspDataset']


@DATASETS.register_module()
class LspDataset(BaseCocoStyleDataset):
    """LSP (Johnson & Everingham, BMVC 2010) and LSP-Extended (CVPR 2011), 14 joints.

    Joints are in input px, left and right are the person's own; occluded joints count as visible
    (they are annotated), unlabelled ones of LSP-Extended do not.

    Args:
        id_range: First and last image id to keep, both inclusive. Image ids of LSP run from 1 to
            1000, in ``lsp_train``, where this project validates on 801-1000, as in ``lsp_test``.
        **kwargs: As for MMPose's ``BaseCocoStyleDataset``.

    Raises:
        FileNotFoundError: The annotation file is missing; names the variable that points to data.
        ValueError: The file is no COCO annotation, has other joints, or nothing is left of it.
    """

    METAINFO: dict = dict(from_file=str(Path(__file__).parent / 'metainfo' / 'lsp.py'))

    def __init__(self, *args: Any, id_range: Sequence[int] | None = None, **kwargs: Any) -> None:
        if id_range is not None and (len(id_range) != 2 or id_range[0] > id_range[1]):
            raise ValueError(f'id_range={id_range} must be (first, last) with first <= last')
        self.id_range = id_range
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        if not Path(self.ann_file).is_file():
            raise FileNotFoundError(
                f'annotation file {self.ann_file!r} does not exist; set the environment variable '
                'MMPOSE_SAT_DATA to the folder that holds lsp/ and lspet/, or the config data_root'
            )
        try:
            persons = super().load_data_list()
        except (KeyError, TypeError, AttributeError, AssertionError, ValueError) as error:
            raise ValueError(
                f'{self.ann_file!r} is not a COCO keypoint annotation file: {error!r}'
            ) from error
        if self.id_range is not None:
            first, last = self.id_range
            persons = [person for person in persons if first <= person['img_id'] <= last]
        described = [person['keypoints'] for person in persons if 'keypoints' in person]
        if not described:  # bottom-up, images without people stay
            raise ValueError(
                f'{self.ann_file!r} holds no usable person'
                + (f' with an image id in {tuple(self.id_range)}' if self.id_range else '')
            )
        joints = described[0].shape[1]
        if joints != self.metainfo['num_keypoints']:
            raise ValueError(
                f'{self.ann_file!r} has {joints} joints, {type(self).__name__} needs '
                f'{self.metainfo["num_keypoints"]}'
            )
        return persons


@DATASETS.register_module()
class CombinedLspDataset(CombinedDataset):
    """Several :class:`LspDataset` as one, with their joints; arguments as for MMPose's own."""

    METAINFO = LspDataset.METAINFO

    def __init__(self, datasets: list[dict], **kwargs: Any) -> None:
        super().__init__(metainfo=self.METAINFO, datasets=datasets, **kwargs)
