"""What several hooks need."""

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

__all__ = ['check_reached', 'unwrapped']


def unwrapped(model: Any) -> Any:
    """The model itself, where it is wrapped for distributed training."""
    return model.module if is_model_wrapper(model) else model


def check_reached(runner: Runner, name: str, epoch: int) -> None:
    """Raise a ValueError where the argument ``name`` is an epoch, from 0, that training lacks."""
    if epoch >= runner.max_epochs:
        raise ValueError(
            f'{name}={epoch} is never reached: training has {runner.max_epochs} epochs '
            '(one, where the loop counts iterations)'
        )
