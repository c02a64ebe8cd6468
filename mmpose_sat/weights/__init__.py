"""Trained weights that come with the package; README.md beside them has their model cards.

MMEngine loads them wherever it takes a checkpoint: ``mmpose_sat://NAME``.
"""

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

__all__ = ['find_weights', 'load_weights']

FOLDER = Path(__file__).parent


def published(folder: Path) -> dict[str, list[Path]]:
    """The files of weights in a folder, by name."""
    files = defaultdict(list)
    for path in sorted(folder.glob('*.pth')):
        files[path.stem.rpartition('-')[0]].append(path)
    return files


def find_weights(name: str) -> Path:
    """The file with a config's weights, whose content is what was published.

    Args:
        name: Of the config. The file's name goes on with the first eight digits of its SHA-256, as
            OpenMMLab has them.

    Raises:
        FileNotFoundError: No weights come with the package for it; names those that do.
        ValueError: There are two such files, or the content has another hash: it is damaged.
    """
    files = published(FOLDER)
    if name not in files:
        raise FileNotFoundError(f'there are no weights {name!r} in {FOLDER}, only {sorted(files)}')
    path, *others = files[name]
    if others:
        raise ValueError(f'{name} is there more than once: {[p.name for p in files[name]]}')
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest[:8] != path.stem.rpartition('-')[2]:
        raise ValueError(f'{path} is damaged: its SHA-256 is {digest}; install the package again')
    return path


def load_weights(url: str, map_location: Any = None, logger: Any = None) -> dict[str, Any]:
    """What ``mmpose_sat://NAME`` stands for, as MMEngine asks for it; errors as above."""
    path = find_weights(url.partition('://')[2])
    return torch.load(path, map_location=map_location, weights_only=True)
