"""Synthetic people as a COCO keypoint data set that MMPose's ``CocoDataset`` reads unchanged."""

import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from .body import COCO_KEYPOINTS
from .scene import render_scene

__all__ = ['SEEDS', 'make_split']

SEEDS = {'train': 1, 'val': 2, 'test': 3}
VERSION = 2  # of the generator: raise it when the same seed draws another picture

_SKELETON = [
    [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9],
    [8, 10], [9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
]  # fmt: skip


def make_split(root: str | Path, split: str, images: int, workers: int = 1) -> Path:
    """Render ``images`` scenes to ``root/<split>/*.jpg`` and ``root/annotations/<split>.json``.

    Image i is drawn from the seed ``(SEEDS[split], i)``: the same everywhere, whatever the number
    of workers, and a longer split begins with the images of a shorter one. A split that is already
    there, of this version and with as many images, is kept.

    Args:
        root: Folder of the data set, made if missing.
        split: ``train``, ``val`` or ``test``; they share no image.
        images: Number of images.
        workers: Processes to render with.

    Returns:
        Path of the annotation file.

    Raises:
        ValueError: ``split`` is unknown, ``images`` is not positive, or the annotations there are
            not of synthetic people.
    """
    if split not in SEEDS:
        raise ValueError(f'split={split!r} must be one of {sorted(SEEDS)}')
    if images < 1:
        raise ValueError(f'images={images} must be positive')
    root = Path(root)
    annotations = root / 'annotations' / f'{split}.json'
    info = dict(description='Synthetic people', seed=SEEDS[split], version=VERSION)
    if annotations.exists():
        there = json.loads(annotations.read_text())
        origin = there.get('info', {})
        if origin == info and len(there['images']) == images:
            return annotations
        if origin.get('description') != info['description']:
            raise ValueError(f'root={root} holds annotations of other people: {annotations}')
    (root / split).mkdir(parents=True, exist_ok=True)
    annotations.parent.mkdir(exist_ok=True)
    render = partial(_render, root / split, SEEDS[split])
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            scenes = list(pool.map(render, range(images), chunksize=16))
    else:
        scenes = [render(index) for index in range(images)]
    people = [person for _, in_image in scenes for person in in_image]
    content = dict(
        info=info,
        images=[image for image, _ in scenes],
        annotations=[dict(person, id=i) for i, person in enumerate(people, start=1)],
        categories=[
            dict(
                id=1,
                name='person',
                supercategory='person',
                keypoints=list(COCO_KEYPOINTS),
                skeleton=_SKELETON,
            )
        ],
    )
    annotations.write_text(json.dumps(content))
    return annotations


def _render(folder: Path, seed: int, index: int) -> tuple[dict, list[dict]]:
    scene = render_scene(np.random.default_rng((seed, index)))
    name = f'{index:06d}.jpg'
    if not cv2.imwrite(str(folder / name), scene.image, [cv2.IMWRITE_JPEG_QUALITY, 92]):
        raise OSError(f'cannot write {folder / name}')
    height, width = scene.image.shape[:2]
    image = dict(id=index + 1, file_name=name, height=height, width=width)
    people = [
        dict(
            image_id=index + 1,
            category_id=1,
            iscrowd=0,
            bbox=list(person.box),
            area=person.area,
            num_keypoints=int((person.keypoints[:, 2] > 0).sum()),
            keypoints=[
                value
                for x, y, v in person.keypoints
                for value in (round(float(x), 2), round(float(y), 2), int(v))
            ],
            view=person.view,
        )
        for person in scene.people
    ]
    return image, people
