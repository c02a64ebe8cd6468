"""Heatmap loss first, then the joint loss; a resumed run picks up where it was."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger

from mmpose_sat.models import IntegralLoss
from mmpose_sat.registry import HOOKS


def runner(loss, epoch=0, max_epochs=4):
    model = torch.nn.Module()
    model.head = torch.nn.Module()
    model.head.loss_module = loss
    logger = MMLogger.get_current_instance()
    hub = SimpleNamespace(log_scalars={'train/loss_heatmap': 1, 'train/loss_joint': 1})
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(1))])
    optimizer.param_groups[0]['params'][0].grad = torch.ones(1)
    optimizer.step()
    return SimpleNamespace(
        model=model, epoch=epoch, max_epochs=max_epochs, logger=logger, message_hub=hub,
        optim_wrapper=SimpleNamespace(optimizer=optimizer),
    )  # fmt: skip


def phases(hook, run, epochs):
    result = []
    for run.epoch in epochs:
        hook.before_train_epoch(run)
        result.append(run.model.head.loss_module.phase)
    return result


def test_the_loss_changes_at_the_epoch():
    hook = HOOKS.build(dict(type='mmpose_sat.SwitchLossHook', epoch=2))
    run = runner(IntegralLoss(heatmap='gaussian'))
    hook.before_train(run)
    assert phases(hook, run, range(2)) == ['heatmap', 'heatmap']
    assert len(run.message_hub.log_scalars) == 2 and run.optim_wrapper.optimizer.state
    assert phases(hook, run, range(2, 4)) == ['joint', 'joint']
    assert run.message_hub.log_scalars.keys() == {'train/loss_joint'}


@pytest.mark.parametrize(('epoch', 'kept'), [(1, True), (2, False), (3, True)])
def test_the_optimizer_begins_anew_with_the_joint_loss(epoch, kept):
    run = runner(IntegralLoss(heatmap='gaussian'))  # resumed at this epoch
    hook = HOOKS.build(dict(type='mmpose_sat.SwitchLossHook', epoch=2))
    assert phases(hook, run, [epoch]) == ['heatmap' if epoch < 2 else 'joint']
    assert bool(run.optim_wrapper.optimizer.state) == kept


@pytest.mark.parametrize(
    'loss', [IntegralLoss(), IntegralLoss(None, 'gaussian'), torch.nn.L1Loss()]
)
def test_a_model_without_both_losses_is_refused(loss):
    with pytest.raises(ValueError, match=r'needs a head with mmpose_sat.IntegralLoss .* both'):
        HOOKS.build(dict(type='mmpose_sat.SwitchLossHook', epoch=2)).before_train(runner(loss))


def test_an_epoch_that_never_comes_is_refused():
    with pytest.raises(ValueError, match='epoch must be a whole number, 0 or more, got -1'):
        HOOKS.build(dict(type='mmpose_sat.SwitchLossHook', epoch=-1))
    with pytest.raises(ValueError, match='epoch=4 is never reached: training has 4 epochs'):
        run = runner(IntegralLoss(heatmap='gaussian'))
        HOOKS.build(dict(type='mmpose_sat.SwitchLossHook', epoch=4)).before_train(run)
