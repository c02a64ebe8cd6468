"""What command lines share."""

import argparse
from pathlib import Path


def labelled(argument: str) -> tuple[str, Path]:
    """Label and path of ``PATH`` or ``LABEL=PATH``, for argparse; the path must exist."""
    label, _, path = ('', '', argument) if Path(argument).exists() else argument.rpartition('=')
    if not Path(path).exists():
        raise argparse.ArgumentTypeError(f'{path} does not exist')
    return label, Path(path)
