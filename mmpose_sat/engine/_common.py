"""What several hooks need."""

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

__all__ = ['check_reached', 'unwrapped']


def unwrapped(model: Any) -> Any:
    """The model itself, where it is wrapped for distributed training."""
    return model.module if is_model_wrapper(model) else model


def check_reached(runner: Runner, name: str, value: int, epochs: int) -> None:
    """Raise a ValueError where training is shorter than the epochs that an argument needs."""
    if epochs > runner.max_epochs:
        raise ValueError(
            f'{name}={value} is never reached: training has {runner.max_epochs} epochs '
            '(one, where the loop counts iterations)'
        )
