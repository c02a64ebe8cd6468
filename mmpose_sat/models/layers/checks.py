"""Argument checks that networks, heads and losses share."""

import math
from collections.abc import Collection, Sequence
from numbers import Integral
from typing import Any

__all__ = [
    'check_choice',
    'check_each_whole',
    'check_non_negative',
    'check_positive',
    'check_whole',
]


def check_whole(**numbers: Any) -> None:
    """Raise a ValueError that names the first argument that is not an integer >= 1."""
    for name, value in numbers.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(f'{name}={value!r} must be 1 or more, a whole number')


def check_each_whole(**sequences: Any) -> None:
    """The same for arguments that are one or more such numbers."""
    for name, values in sequences.items():
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            raise ValueError(f'{name}={values!r} must be one or more whole numbers')
        check_whole(**{f'{name}[{index}]': value for index, value in enumerate(values)})


def check_choice(name: str, value: object, allowed: Collection) -> None:
    """Raise a ValueError where the value is not among those allowed."""
    if value not in allowed:
        raise ValueError(f'{name} must be one of {list(allowed)}, got {value!r}')


def check_positive(**values: float) -> None:
    """Raise a ValueError where a value is not positive or not finite."""
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f'{name} must be positive and finite, got {value}')


def check_non_negative(**values: float) -> None:
    """Raise a ValueError where a value is negative or not finite."""
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueError(f'{name} must be 0 or more and finite, got {value}')
