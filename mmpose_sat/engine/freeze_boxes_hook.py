"""Converged boxes: round them to whole pixels and go on without them."""

import torch
from mmengine.dist import is_distributed
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..ops import BoxConv2d
from ..registry import HOOKS

__all__ = ['FreezeBoxesHook']


@HOOKS.register_module()
class FreezeBoxesHook(Hook):
    """Rounds all boxes to whole pixels at an epoch, and keeps them there while the rest trains on.

    The fine-tuning of Zhang et al., arXiv 1906.11367, Sec. 3: boxes converge early, and whole
    pixels need no interpolation. A resumed run freezes them again by itself.

    Args:
        begin: First epoch, counted from 0, that trains with frozen boxes.

    Raises:
        ValueError: ``begin`` is negative; at the start of the run, the model has no box layer.
    """

    def __init__(self, begin: int) -> None:
        if begin < 0:
            raise ValueError(f'begin={begin} must not be negative')
        self.begin = begin
        self.frozen = False

    def before_train(self, runner: Runner) -> None:
        """Refuse a model in which there is nothing to freeze."""
        if not any(isinstance(m, BoxConv2d) for m in runner.model.modules()):
            raise ValueError(f'{type(runner.model).__name__} has no BoxConv2d layer to freeze')

    def before_train_epoch(self, runner: Runner) -> None:
        """Round and freeze when the epoch has come."""
        if self.frozen or runner.epoch < self.begin:
            return
        self.frozen = True
        state = runner.optim_wrapper.optimizer.state
        for layer in runner.model.modules():
            if isinstance(layer, BoxConv2d):
                layer.round_boxes_()
                state.pop(layer.coords, None)  # no momentum from before
                if is_distributed():  # which waits for the gradient of every parameter
                    layer.coords.register_hook(torch.zeros_like)
                else:
                    layer.coords.requires_grad_(False)
        runner.logger.info('all boxes are now whole pixels, and frozen')
