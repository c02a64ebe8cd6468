"""Any joints, from an annotation file in COCO's format."""

import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from ..registry import DATASETS

__all__ = ['CocoJointsDataset']

_COLORS = {'left': [0, 200, 0], 'right': [255, 128, 0], '': [51, 153, 255]}


@DATASETS.register_module()
class CocoJointsDataset(BaseCocoStyleDataset):
    """COCO-format keypoints with the joints, and the skeleton, that the file itself names.

    MMPose wants joints described by hand for each data set; here the file's category is enough. A
    person without ``bbox``, or with an empty one, has that of the labelled joints.

    Args:
        pairs: Names of joints that a flip exchanges. By default those that differ in ``left`` and
            ``right`` only, or in ``l`` and ``r`` as words (``l_wrist``), whatever their case;
            warns of joints that name a side and have no counterpart, and where there are no pairs.
            ``()`` for joints without sides.
        **kwargs: As for MMPose's ``BaseCocoStyleDataset``; with ``metainfo``, nothing is read off.

    Raises:
        FileNotFoundError: The annotation file is missing.
        ValueError: The file is no COCO keypoint annotation, has categories with different joints,
            an image or a person that misses something, or nobody to learn from; ``pairs`` names a
            joint that it does not have; without it, a joint could be exchanged with several.
    """

    def __init__(
        self,
        ann_file: str = '',
        data_root: str | None = None,
        metainfo: dict | None = None,
        pairs: Sequence[Sequence[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        if metainfo is None:
            metainfo = _describe(Path(data_root or '') / ann_file, pairs)
        super().__init__(ann_file, data_root=data_root, metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict]:
        """As of ``BaseCocoStyleDataset``."""
        people = super().load_data_list()
        if not people:
            raise ValueError(
                f'{self.ann_file} holds nobody to learn from: a person needs a labelled joint, and '
                'a box that covers a part of the image'
            )
        return people

    def parse_data_info(self, raw_data_info: dict) -> dict | None:
        """As of ``BaseCocoStyleDataset``, of a person who has been checked, and has a box."""
        person, image = raw_data_info['raw_ann_info'], raw_data_info['raw_img_info']
        if not person.get('keypoints'):  # of another category, say
            return None
        where = f'{self.ann_file}: the annotation with id {person.get("id")!r} has'
        if not (image.get('width') and image.get('height')):
            raise ValueError(f'{where} an image without width or height: {image}')
        try:
            numbers = np.array(person['keypoints'], float).flatten()
            box = np.array(person.get('bbox') or [], float)
        except (TypeError, ValueError) as error:
            raise ValueError(f'{where} keypoints or a bbox of other than numbers') from error
        joints = self.metainfo['num_keypoints']
        if len(numbers) != 3 * joints:
            raise ValueError(
                f'{where} {len(numbers)} numbers in keypoints: {joints} joints have {3 * joints}, '
                'x, y and visibility in turn'
            )
        x, y, visible = numbers.reshape(-1, 3).T
        labelled = visible != 0
        if not np.isfinite([x[labelled], y[labelled], visible[labelled]]).all():
            raise ValueError(f'{where} labelled keypoints that are not finite')
        if len(box) == 4 and min(box[2:]) <= 0:  # as some tools write it where there is none
            box = box[:0]
        if not len(box) and labelled.any():
            low = np.array([x[labelled].min(), y[labelled].min()]) - 1
            box = np.concatenate([low, (x[labelled].max(), y[labelled].max()) - low + 1])
        if not len(box):
            return None
        if len(box) != 4 or not np.isfinite(box).all():
            raise ValueError(f'{where} bbox={person["bbox"]}, not x, y, width, height in px')
        person = dict(person, bbox=box.tolist(), keypoints=numbers.tolist())
        return super().parse_data_info(dict(raw_data_info, raw_ann_info=person))


def _describe(path: Path, pairs: Sequence[Sequence[str]] | None) -> dict:
    """MMPose's description of the joints in a file."""
    if not path.is_file():
        raise FileNotFoundError(f'annotation file {str(path)!r} does not exist')
    try:
        content = json.loads(path.read_text())
        categories = [c for c in content['categories'] if c.get('keypoints')]
        names, *others = (category['keypoints'] for category in categories)
        links = categories[0].get('skeleton') or []
        limbs = [(names[a - 1], names[b - 1]) for a, b in links]  # COCO counts from 1
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f'{path} is no COCO keypoint annotation with a category that names its keypoints: '
            f'{error!r}'
        ) from error
    for kind in ('images', 'annotations'):
        for entry in content.get(kind, ()):
            if not isinstance(entry.get('id'), int):
                raise ValueError(f'{path}: {kind} need an id, a whole number, not as in {entry}')
    if any(other != names for other in others):
        raise ValueError(f'{path}: all categories must have the same keypoints, not {categories}')
    if len(set(names)) < len(names):
        raise ValueError(f'{path}: the names of joints must differ, got {names}')
    if wrong := [link for link in links if not all(1 <= end <= len(names) for end in link)]:
        raise ValueError(
            f'{path}: skeleton counts joints from 1 to {len(names)}, it has {wrong[0]}'
        )
    if pairs is None:
        swap = _find_pairs(path, names)
    else:
        swap = {a: b for pair in pairs for a, b in zip(pair, pair[::-1], strict=True)}
        if any(len(pair) != 2 for pair in pairs) or len(swap) < 2 * len(pairs):
            raise ValueError(f'pairs must be of two joints, each joint in one of them, got {pairs}')
        if unknown := swap.keys() - set(names):
            raise ValueError(f'pairs names {sorted(unknown)}; {path} has the joints {names}')
    sides = {name: _side(name, swap.get(name)) for name in names}
    joints = {
        i: dict(name=name, id=i, color=_COLORS[sides[name]], type='', swap=swap.get(name, ''))
        for i, name in enumerate(names)
    }
    skeleton = {
        i: dict(link=link, id=i, color=_COLORS[sides[link[0]] or sides[link[1]]])
        for i, link in enumerate(limbs)
    }
    return dict(
        dataset_name=path.stem,
        keypoint_info=joints,
        skeleton_info=skeleton,
        joint_weights=[1.0] * len(names),
        sigmas=[0.05] * len(names),  # about the mean of COCO's
    )


def _mirrored(name: str) -> dict[str, str]:
    """Names with one word for a side exchanged, and the side that the name itself has there."""
    found = {}
    for match in re.finditer(r'left|right|(?<![a-z])[lr](?![a-z])', name, re.IGNORECASE):
        word = match[0]
        other = {'left': 'right', 'right': 'left', 'l': 'r', 'r': 'l'}[word.lower()]
        if word.isupper():
            other = other.upper()
        elif word[0].isupper():
            other = other.title()
        side = 'left' if word[0] in 'lL' else 'right'
        found[name[: match.start()] + other + name[match.end() :]] = side
    return found


def _find_pairs(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Each joint's counterpart on the other side; warns of joints that seem to lack theirs."""
    swap: dict[str, str] = {}
    for name in names:
        others = [other for other in _mirrored(name) if other in names]
        if len(others) > 1:
            raise ValueError(
                f'{path}: {name!r} may be exchanged with {" or ".join(map(repr, others))}: name '
                'all pairs in pairs=[(left, right), ...]'
            )
        if others:
            swap[name] = others[0]
    alone = [name for name in names if _mirrored(name) and name not in swap]
    if alone or not swap:
        whose = f'joints {alone} have no counterpart' if alone else f'no joint of {names} has one'
        warnings.warn(
            f'{path}: {whose} that differs in left and right, so a flip exchanges them with none. '
            'Name all pairs in pairs=[(left, right), ...], or say pairs=()',
            stacklevel=4,
        )
    return swap


def _side(name: str, other: str | None) -> str:
    """A joint's side, as against its counterpart or by the first word; ``''`` if it has none."""
    mirrored = _mirrored(name)
    return mirrored.get(other or '', next(iter(mirrored.values()), ''))
