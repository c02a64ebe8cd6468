"""What is left when the disk is full while a checkpoint is written."""

import resource

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from mmpose_sat import engine  # noqa: F401 - registers the hooks


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 64)

    def forward(self, x, mode='loss'):
        return dict(loss=self.layer(x).square().mean()) if mode == 'loss' else [{}]


class Epoch(BaseMetric):
    """A figure that every epoch betters."""

    value = 0

    def process(self, batch, samples):
        self.results.append(1)

    def compute_metrics(self, results):
        self.value += 1
        return dict(figure=self.value)


class FullDisk(Hook):
    """From the end of an epoch or from its validation on, no file may grow beyond some bytes."""

    priority = 'VERY_HIGH'

    def __init__(self, epoch, size=20_000, validation=False):
        self.epoch, self.size, self.validation = epoch, size, validation

    def after_train_epoch(self, runner):
        if runner.epoch == self.epoch and not self.validation:
            self.fill()

    def before_val_epoch(self, runner):
        if runner.epoch == self.epoch and self.validation:
            self.fill()

    def fill(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, resource.RLIM_INFINITY))


def loader():
    return dict(
        dataset=[torch.rand(64) for _ in range(4)],
        batch_size=2,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=lambda batch: dict(x=torch.stack(batch)),
    )


def run(folder, *hooks, epochs=4, resume=False, keep=1, schedule=None, **options):
    validation = dict(val_dataloader=loader(), val_cfg=dict(), val_evaluator=[Epoch()])
    return Runner(
        model=Net(),
        work_dir=str(folder),
        train_dataloader=loader(),
        **(validation if options else {}),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.05)),
        default_hooks=dict(
            checkpoint=dict(
                type='mmpose_sat.SafeCheckpointHook', interval=1, max_keep_ckpts=keep, **options
            )
        ),
        param_scheduler=schedule,
        custom_hooks=hooks,
        resume=resume,
        experiment_name=f'{folder.name}{epochs}{resume}{keep}safe',
    )


@pytest.fixture
def file_sizes():
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, file_sizes):
    with pytest.raises(OSError, match=r'epoch_3.pth could not be written.*resume from .*epoch_2'):
        run(tmp_path, FullDisk(epoch=2)).train()
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_2.pth']
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    resumed = run(tmp_path, resume=True)
    resumed.train()
    assert resumed.epoch == 4
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_4.pth']


@pytest.mark.parametrize(('keep', 'left'), [(-1, {1, 2, 3, 4}), (2, {3, 4})])
def test_as_many_are_kept_as_asked(tmp_path, keep, left):
    run(tmp_path, keep=keep).train()
    assert {path.name for path in tmp_path.glob('*.pth')} == {f'epoch_{i}.pth' for i in left}


BEST = dict(save_best='figure', rule='greater')


@pytest.mark.parametrize(
    ('size', 'unwritten', 'left'),
    [
        (4_000, 'best_figure_epoch_2.pth', {'best_figure_epoch_1.pth'}),
        # The epoch's checkpoint is written again to hold the name of the best.
        (24_000, 'epoch_2.pth', {'best_figure_epoch_1.pth', 'best_figure_epoch_2.pth'}),
    ],
    ids=['the best', 'the second time'],
)
def test_a_disk_full_at_validation_leaves_the_best_too(tmp_path, file_sizes, size, unwritten, left):
    message = rf'/{unwritten} could not be written.*resume from .*/epoch_2.pth'
    with pytest.raises(OSError, match=message):
        run(tmp_path, FullDisk(2, size, validation=True), **BEST).train()
    assert {path.name for path in tmp_path.glob('*.pt*')} == left | {'epoch_2.pth'}
    for path in tmp_path.glob('*.pth'):
        torch.load(path, weights_only=False)


class Cut(Hook):
    def __init__(self, epoch):
        self.epoch = epoch

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch == self.epoch:
            raise KeyboardInterrupt


class Rates(Hook):
    def __init__(self):
        self.seen = []

    def after_train_epoch(self, runner):
        self.seen += runner.optim_wrapper.get_lr()['lr']


@pytest.mark.parametrize('options', [dict(save_last=True), dict(save_best='figure', rule='less')])
def test_a_plateau_is_not_forgotten_when_a_run_is_cut_off(tmp_path, options):
    plateau = dict(type='ReduceOnPlateauLR', monitor='figure', rule='less', patience=1)
    options |= dict(epochs=5, schedule=plateau)
    whole, resumed = Rates(), Rates()
    run(tmp_path / 'whole', whole, **options).train()
    for epoch in range(1, 5):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / 'cut', resumed, Cut(epoch), resume=epoch > 1, **options).train()
    run(tmp_path / 'cut', resumed, resume=True, **options).train()
    assert resumed.seen == whole.seen and len(set(whole.seen)) == 2


def test_a_validation_alone_needs_no_checkpoints(tmp_path):
    assert run(tmp_path, save_last=True).val() == {'figure': 1}


def test_only_the_best_is_kept(tmp_path):
    run(tmp_path, **BEST).train()
    assert {path.name for path in tmp_path.glob('*.pth')} == {
        'epoch_4.pth', 'best_figure_epoch_4.pth',
    }  # fmt: skip
