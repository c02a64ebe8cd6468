"""The backbone in bfloat16, the rest of the model as it is."""

import functools
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from ..registry import HOOKS
from ._common import unwrapped

__all__ = ['AutocastBackboneHook']


@HOOKS.register_module()
class AutocastBackboneHook(Hook):
    """Trains with the backbone under ``torch.autocast`` to bfloat16.

    For CPUs with bfloat16 units, where MMEngine's ``AmpOptimWrapper`` refuses to run. Weights stay
    float32, and so do the features that neck, head and loss get: coordinates need more than the
    eight bits of bfloat16, and heads compared with each other should not differ in that.
    """

    def before_train(self, runner: Runner) -> None:
        """Wrap the backbone's ``forward``."""
        backbone = unwrapped(runner.model).backbone
        forward = backbone.forward

        @functools.wraps(forward)
        def wide(x: Tensor, *args: Any, **kwargs: Any) -> Any:
            with torch.autocast(x.device.type, torch.bfloat16):
                features = forward(x, *args, **kwargs)
            if isinstance(features, Tensor):
                return features.float()
            return type(features)(feature.float() for feature in features)

        backbone.forward = wide

    def after_train(self, runner: Runner) -> None:
        """Leave the backbone as it was."""
        unwrapped(runner.model).backbone.__dict__.pop('forward', None)
