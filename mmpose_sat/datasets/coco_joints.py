"""Any joints, from an annotation file in COCO's format."""

import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from ..registry import DATASETS

__all__ = ['CocoJointsDataset']

_COLORS = {'left': [0, 200, 0], 'right': [255, 128, 0], '': [51, 153, 255]}


@DATASETS.register_module()
class CocoJointsDataset(BaseCocoStyleDataset):
    """COCO-format keypoints with the joints, and the skeleton, that the file itself names.

    MMPose wants joints described by hand for each data set; here the file's category is enough.

    Args:
        pairs: Names of joints that a flip exchanges. By default those that differ in ``left`` and
            ``right`` only, or in ``l`` and ``r`` as words (``l_wrist``), whatever their case;
            warns when there are none. ``()`` for joints without sides.
        **kwargs: As for MMPose's ``BaseCocoStyleDataset``; with ``metainfo``, nothing is read off.

    Raises:
        FileNotFoundError: The annotation file is missing.
        ValueError: The file is no COCO keypoint annotation, or has categories with different
            joints; ``pairs`` names a joint that it does not have.
    """

    def __init__(
        self,
        *args: Any,
        ann_file: str = '',
        data_root: str | None = None,
        metainfo: dict | None = None,
        pairs: Sequence[Sequence[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        if metainfo is None:
            metainfo = _describe(Path(data_root or '') / ann_file, pairs)
        super().__init__(*args, ann_file=ann_file, data_root=data_root, metainfo=metainfo, **kwargs)


def _describe(path: Path, pairs: Sequence[Sequence[str]] | None) -> dict:
    """MMPose's description of the joints in a file."""
    if not path.is_file():
        raise FileNotFoundError(f'annotation file {str(path)!r} does not exist')
    try:
        categories = [c for c in json.loads(path.read_text())['categories'] if c.get('keypoints')]
        names, *others = (category['keypoints'] for category in categories)
        links = categories[0].get('skeleton', [])
        limbs = [(names[a - 1], names[b - 1]) for a, b in links]  # COCO counts from 1
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f'{path} is no COCO keypoint annotation with a category that names its keypoints: '
            f'{error!r}'
        ) from error
    if any(other != names for other in others):
        raise ValueError(f'{path}: all categories must have the same keypoints, not {categories}')
    if len(set(names)) < len(names):
        raise ValueError(f'{path}: the names of joints must differ, got {names}')
    if wrong := [link for link in links if not all(1 <= end <= len(names) for end in link)]:
        raise ValueError(
            f'{path}: skeleton counts joints from 1 to {len(names)}, it has {wrong[0]}'
        )
    if pairs is None:
        swap = {name: other for name in names if (other := _other_side(name)) in names}
        if not swap:
            warnings.warn(
                f'{path}: no two of the joints {names} differ in left and right: a flip exchanges '
                'none. Name them in pairs=[(left, right), ...], or say pairs=()',
                stacklevel=2,
            )
    else:
        swap = {a: b for pair in pairs for a, b in zip(pair, pair[::-1], strict=True)}
        if any(len(pair) != 2 for pair in pairs) or len(swap) < 2 * len(pairs):
            raise ValueError(f'pairs must be of two joints, each joint in one of them, got {pairs}')
        if unknown := swap.keys() - set(names):
            raise ValueError(f'pairs names {sorted(unknown)}; {path} has the joints {names}')
    joints = {
        i: dict(name=name, id=i, color=_COLORS[_side(name)], type='', swap=swap.get(name, ''))
        for i, name in enumerate(names)
    }
    skeleton = {
        i: dict(link=link, id=i, color=_COLORS[_side(link[0]) or _side(link[1])])
        for i, link in enumerate(limbs)
    }
    return dict(
        dataset_name=path.stem,
        keypoint_info=joints,
        skeleton_info=skeleton,
        joint_weights=[1.0] * len(names),
        sigmas=[0.05] * len(names),  # about the mean of COCO's
    )


def _find_side(name: str) -> re.Match | None:
    return re.search(r'left|right|(?<![a-z])[lr](?![a-z])', name, re.IGNORECASE)


def _side(name: str) -> str:
    found = _find_side(name)
    return '' if found is None else {'l': 'left', 'r': 'right'}[found[0][0].lower()]


def _other_side(name: str) -> str:
    """The name of the joint on the other side, ``''`` for joints without one."""
    if (found := _find_side(name)) is None:
        return ''
    other = {'left': 'right', 'right': 'left', 'l': 'r', 'r': 'l'}[found[0].lower()]
    if found[0].isupper():
        other = other.upper()
    elif found[0][0].isupper():
        other = other.title()
    return name[: found.start()] + other + name[found.end() :]
