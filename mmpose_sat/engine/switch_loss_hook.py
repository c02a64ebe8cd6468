"""Heatmap loss first, joint loss after: how I1, I2 and I3 are trained (arXiv 1711.08229)."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..models.losses import IntegralLoss
from ..registry import HOOKS
from ._common import check_reached, unwrapped

__all__ = ['SwitchLossHook']


@HOOKS.register_module()
class SwitchLossHook(Hook):
    """Trains with the heatmap loss for ``epoch`` epochs, then with the joint loss only.

    The epoch alone decides, so that a run that is resumed goes on as it would have. The optimizer
    begins anew with the joint loss: gradients of a mean over cells are far smaller than those of a
    sum over axes, and Adam, which remembers their size, would take steps that are too long.

    Args:
        epoch: the first one (from 0) with the joint loss.

    Raises:
        ValueError: the epoch is negative or no whole number; at the start of the run, it lies
            behind the last one, or the model's head has no
            :class:`~mmpose_sat.models.IntegralLoss` with both losses.
    """

    def __init__(self, epoch: int) -> None:
        if epoch < 0 or epoch != int(epoch):
            raise ValueError(f'epoch must be a whole number, 0 or more, got {epoch}')
        self.epoch = epoch

    def before_train(self, runner: Runner) -> None:
        """Refuse a model without both losses, and an epoch that never comes."""
        loss = self._loss(runner)
        if not isinstance(loss, IntegralLoss) or loss.joint is None or loss.heatmap is None:
            raise ValueError(
                'SwitchLossHook needs a head with mmpose_sat.IntegralLoss that has both joint and '
                f'heatmap, got {loss}'
            )
        check_reached(runner, 'epoch', self.epoch, self.epoch + 1)

    def before_train_epoch(self, runner: Runner) -> None:
        """Choose the loss of this epoch."""
        loss = self._loss(runner)
        phase = 'heatmap' if runner.epoch < self.epoch else 'joint'
        if phase != loss.phase:
            runner.logger.info(f'SwitchLossHook: the {phase} loss from epoch {runner.epoch + 1} on')
            loss.phase = phase
            if phase == 'joint':  # else its last value would be logged on and on
                runner.message_hub.log_scalars.pop('train/loss_heatmap', None)
        if runner.epoch == self.epoch:
            runner.optim_wrapper.optimizer.state.clear()

    @staticmethod
    def _loss(runner: Runner) -> Any:
        head = getattr(unwrapped(runner.model), 'head', None)
        return getattr(head, 'loss_module', None)
