"""Converged boxes: round them to whole pixels and go on without them."""

import torch
from mmengine.dist import is_distributed
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from ..ops import BoxConv2d
from ..registry import HOOKS
from ._common import check_reached

__all__ = ['FreezeBoxesHook']


@HOOKS.register_module()
class FreezeBoxesHook(Hook):
    """Rounds all boxes to whole pixels at an epoch, and keeps them there while the rest trains on.

    The fine-tuning of Zhang et al., arXiv 1906.11367. The backward pass of frozen boxes is cheaper:
    it leaves their gradient out, except in distributed training. Averaged copies (EMAHook) get the
    same boxes, and a resumed run freezes its boxes again by itself. Boxes must have no weight
    decay, as in all of our configs.

    Args:
        begin: First epoch, counted from 0, that trains with frozen boxes.

    Raises:
        ValueError: ``begin`` is negative; at the start of the run, it lies behind the last epoch
            or the model has no box layer.
    """

    def __init__(self, begin: int) -> None:
        if begin < 0:
            raise ValueError(f'begin={begin} must not be negative')
        self.begin = begin
        self.frozen = False

    def before_train(self, runner: Runner) -> None:
        """Refuse a model in which there is nothing to freeze, and an epoch that never comes."""
        check_reached(runner, 'begin', self.begin, self.begin + 1)
        if not any(isinstance(m, BoxConv2d) for m in runner.model.modules()):
            raise ValueError(f'{type(runner.model).__name__} has no BoxConv2d layer to freeze')

    def before_train_epoch(self, runner: Runner) -> None:
        """Round and freeze when the epoch has come."""
        if self.frozen or runner.epoch < self.begin:
            return
        self.frozen = True
        optimizer = runner.optim_wrapper.optimizer
        for layer in runner.model.modules():
            if isinstance(layer, BoxConv2d):
                layer.round_boxes_()
                optimizer.state.pop(layer.coords, None)  # no momentum from before
                layer.coords.grad = None  # nor what accumulation has left
                if is_distributed():  # which waits for the gradient of every parameter
                    layer.coords.register_hook(torch.zeros_like)
                else:
                    layer.coords.requires_grad_(False)
        for hook in runner.hooks:
            if isinstance(hook, EMAHook):  # rounded by itself, an average may lie a pixel off
                averaged = hook.ema_model.module.modules()
                for average, layer in zip(averaged, hook.src_model.modules(), strict=True):
                    if isinstance(layer, BoxConv2d):
                        average.coords.data.copy_(layer.coords.data)
        runner.logger.info('all boxes are now whole pixels, and frozen')
