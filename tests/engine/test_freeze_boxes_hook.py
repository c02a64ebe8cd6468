"""Boxes rounded and frozen at an epoch, while the rest trains on."""

import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from mmpose_sat.engine import FreezeBoxesHook
from mmpose_sat.ops import BoxConv2d


class Net(BaseModel):
    def __init__(self, box=True):
        super().__init__()
        self.box = BoxConv2d(2, 7) if box else nn.Identity()
        self.conv = nn.Conv2d(2, 2, 1)

    def forward(self, x, mode='loss'):
        return dict(loss=self.conv(self.box(x)).square().mean())


def train(folder, epochs, hook, net=None, resume=False, hooks=(), **options):
    torch.manual_seed(0)
    runner = Runner(
        model=net or Net(),
        work_dir=str(folder),
        train_dataloader=dict(
            dataset=[torch.rand(2, 8, 8) for _ in range(4)],
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=lambda batch: dict(x=torch.stack(batch)),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.05), **options),
        custom_hooks=[hook, *hooks],
        resume=resume,
        experiment_name=f'{folder.name}{epochs}{resume}',
    )
    return runner.train()


@pytest.mark.parametrize('distributed', [False, True])
def test_boxes_are_whole_and_still_and_the_rest_moves(tmp_path, monkeypatch, distributed):
    # DistributedDataParallel needs a gradient of every parameter: another way to freeze.
    monkeypatch.setattr('mmpose_sat.engine.freeze_boxes_hook.is_distributed', lambda: distributed)
    frozen = train(tmp_path / 'a', 2, FreezeBoxesHook(begin=1))
    later = train(tmp_path / 'b', 4, FreezeBoxesHook(begin=1))
    torch.testing.assert_close(frozen.box.boxes, frozen.box.boxes.round())
    assert torch.equal(frozen.box.boxes, later.box.boxes)
    assert not torch.equal(frozen.conv.weight, later.conv.weight)


def test_a_resumed_run_freezes_again(tmp_path):
    first = train(tmp_path / 'a', 2, FreezeBoxesHook(begin=1))
    second = train(tmp_path / 'a', 3, FreezeBoxesHook(begin=1), resume=True)
    torch.testing.assert_close(first.box.boxes, second.box.boxes)


def test_leftovers_of_accumulation_and_averages_do_not_move_them(tmp_path):
    average = EMAHook(begin_epoch=0, momentum=0.02)  # slow: rounded by itself, it lay pixels off
    options = dict(hooks=[average], accumulative_counts=3)  # does not divide the epoch's length
    frozen = train(tmp_path / 'a', 4, FreezeBoxesHook(begin=1), **options)
    torch.testing.assert_close(frozen.box.boxes, frozen.box.boxes.round())
    boxes = average.ema_model.module.box.boxes
    torch.testing.assert_close(boxes, frozen.box.boxes)


def test_nothing_to_freeze(tmp_path):
    with pytest.raises(ValueError, match='Net has no BoxConv2d layer'):
        train(tmp_path / 'a', 1, FreezeBoxesHook(begin=0), Net(box=False))
    with pytest.raises(ValueError, match='begin=2 is never reached: training has 2 epochs'):
        train(tmp_path / 'b', 2, FreezeBoxesHook(begin=2))
    with pytest.raises(ValueError, match='begin=-1'):
        FreezeBoxesHook(begin=-1)
