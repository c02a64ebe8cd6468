"""Argument checks that networks share."""

from collections.abc import Sequence
from typing import Any

__all__ = ['check_each_whole', 'check_whole']


def check_whole(**numbers: Any) -> None:
    """Raise a ValueError that names the first of the arguments that is no whole number from 1."""
    for name, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f'{name}={value!r} must be 1 or more, a whole number')


def check_each_whole(**sequences: Any) -> None:
    """The same for arguments that are one or more such numbers."""
    for name, values in sequences.items():
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            raise ValueError(f'{name}={values!r} must be one or more whole numbers')
        check_whole(**{f'{name}[{index}]': value for index, value in enumerate(values)})
