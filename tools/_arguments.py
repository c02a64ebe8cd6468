"""What command lines share."""

import argparse
from pathlib import Path

from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.model import BaseModel
from mmpose.apis import init_model

from mmpose_sat.engine.checkpoints import check_checkpoint, read_checkpoint


def labelled(argument: str) -> tuple[str, Path]:
    """Label and path of ``PATH`` or ``LABEL=PATH``, for argparse; the path must exist."""
    label, _, path = ('', '', argument) if Path(argument).exists() else argument.rpartition('=')
    if not Path(path).exists():
        raise argparse.ArgumentTypeError(f'{path} does not exist')
    return label, Path(path)


def by_label(parser: argparse.ArgumentParser, given: list[tuple[str, Path]]) -> dict[str, Path]:
    """Paths by their labels, or names; ends the tool where two have the same."""
    paths = {label or (path.name if path.is_dir() else path.stem): path for label, path in given}
    if len(paths) < len(given):
        parser.error(f'several are called one of {list(paths)}: tell them apart, LABEL=PATH')
    return paths


def load_config(name: str | Path) -> Config:
    """The config of a file, or of ``mmpose::NAME`` or ``mmpose_sat::NAME``; ends without one."""
    try:
        return get_config(name) if '::' in str(name) else Config.fromfile(name)
    except OSError as error:
        raise SystemExit(str(error)) from error


def load_model(config: str | Path, checkpoint: str | None) -> BaseModel:
    """A network on the CPU for evaluation; ends the tool where there are no weights, or others'."""
    try:
        loaded = read_checkpoint(checkpoint) if checkpoint else None
        model = init_model(load_config(config), checkpoint, device='cpu')
        if loaded:
            check_checkpoint(model, loaded, checkpoint or '', allow_others=True)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error
    return model


def input_size(config: Config) -> tuple[int, int]:
    """Height and width of a top-down network's input, by its codec, or the last of several.

    Raises:
        ValueError: the config has no codec.
    """
    codec = config.get('codec')
    if codec is None:
        raise ValueError(f'{config.filename} has no codec to tell the size of the input')
    width, height = (codec[-1] if isinstance(codec, list) else codec)['input_size']
    return height, width
