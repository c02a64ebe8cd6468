"""Annotations of Leeds Sports Pose, or of LSP-Extended, from their ``joints.mat``, as COCO files.

Expects ``joints.mat`` and ``images/`` in the folder, as they come in the archives, and writes
``annotations/lsp_train.json`` and ``lsp_test.json`` (the first 1,000 people and the others), or
``annotations/lspet_all.json``. Boxes are those of the joints with a margin: an eighth of the side,
and at least a tenth of the longer one.
"""

import json
from pathlib import Path

import numpy as np
from _command_line import parser_of
from mmengine.config import Config
from PIL import Image
from scipy.io import loadmat

from mmpose_sat.datasets import LspDataset

INFO = Config.fromfile(LspDataset.METAINFO['from_file']).dataset_info
NAMES = [INFO.keypoint_info[index].name for index in range(len(INFO.keypoint_info))]
TRAIN = 1000
AT_LEAST = 8  # labelled joints of a person


def read_joints(path: Path) -> tuple[np.ndarray, bool]:
    """Joints (N, 14, 3): x and y in px, and 2 visible, 1 occluded, 0 not labelled.

    The third value of the file is 1 for occluded joints in LSP (3, 14, N), and for labelled ones in
    LSP-Extended (14, 3, N), which the second result tells apart.
    """
    joints = loadmat(str(path))['joints'].astype(float)
    extended = joints.shape[:2] == (len(NAMES), 3)
    if joints.shape[:2] == (3, len(NAMES)):
        joints = joints.transpose(2, 1, 0)
        joints[..., 2] = 2 - joints[..., 2]
    elif extended:
        joints = joints.transpose(2, 0, 1)
        joints[..., 2] *= 2
        joints[joints[..., 2] == 0] = 0
    else:
        raise ValueError(f'{path}: joints must be (3, 14, N) or (14, 3, N), got {joints.shape}')
    return joints, extended


def box_of(joints: np.ndarray, width: int, height: int) -> np.ndarray:
    """Box (4,), x y w h in px, of the labelled ones of joints (14, 3)."""
    places = joints[joints[:, 2] > 0, :2]
    low, high = places.min(0), places.max(0)
    margin = np.maximum((high - low) / 8, (high - low).max() / 10)
    low = np.maximum(low - margin, 0)
    return np.concatenate([low, np.minimum(high + margin, (width - 1, height - 1)) - low])


def write(path: Path, images: list[Path], joints: np.ndarray) -> None:
    """Write those people who have enough labelled joints, numbered from 1."""
    coco: dict[str, list] = dict(images=[], annotations=[], categories=[])
    coco['categories'].append(dict(id=1, name='person', keypoints=NAMES))
    for image, person in zip(images, joints, strict=True):
        labelled = int((person[:, 2] > 0).sum())
        if labelled < AT_LEAST:
            continue
        number = len(coco['images']) + 1
        with Image.open(image) as opened:
            width, height = opened.size
        coco['images'].append(dict(id=number, file_name=image.name, width=width, height=height))
        box = box_of(person, width, height).round(2).tolist()
        annotation = dict(id=number, image_id=number, category_id=1, iscrowd=0, bbox=box)
        keypoints = person.round(2).ravel().tolist()
        annotation |= dict(area=box[2] * box[3], num_keypoints=labelled, keypoints=keypoints)
        coco['annotations'].append(annotation)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(coco))
    print(f'{path}: {len(coco["images"])} people')


def convert(folder: Path) -> None:
    """Write the annotation files of an archive's folder."""
    joints, extended = read_joints(folder / 'joints.mat')
    images = sorted((folder / 'images').glob('*.jpg'))
    if len(images) != len(joints):
        raise ValueError(f'{folder}: {len(images)} images, joints.mat has {len(joints)} people')
    parts = [('lspet_all', slice(None))]
    if not extended:
        parts = [('lsp_train', slice(TRAIN)), ('lsp_test', slice(TRAIN, None))]
    for name, part in parts:
        write(folder / 'annotations' / f'{name}.json', images[part], joints[part])


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('folder', type=Path)
    args = parser.parse_args()
    try:
        convert(args.folder)
    except (OSError, KeyError, ValueError, NotImplementedError) as error:  # SciPy's, Pillow's, ours
        parser.error(str(error))


if __name__ == '__main__':
    main()
