"""A run cut off in the middle of an epoch and resumed ends with the weights it would have had."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpose.datasets import CombinedDataset
from torch import nn

from mmpose_sat.engine import SeedEpochHook


class Samples(torch.utils.data.Dataset):
    """New random numbers each time, as augmentations draw them."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.from_numpy(np.random.rand(3)).float() + torch.rand(3) + index


class TwoSources(CombinedDataset):
    def __init__(self):
        self.datasets, self._lens, self._len = [Samples(), Samples()], [8, 8], 16
        self._fully_initialized, self._metainfo, self.resample = True, {}, False

    def __getitem__(self, index):
        source, index = self._get_subset_index(index)
        return self.datasets[source][index] + 10 * source


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 1))

    def forward(self, x, mode='loss'):
        return dict(loss=self.layer(x).square().mean())


class Cut(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if (runner.epoch, batch_idx) == (1, 1):
            raise KeyboardInterrupt


def train(folder, workers, *hooks, resume=False, sources=False):
    torch.manual_seed(0)  # of the weights
    sampler = dict(type='DefaultSampler', shuffle=True)
    if sources:  # draws on from epoch to epoch
        sampler = dict(type='mmpose.MultiSourceSampler', batch_size=2, source_ratio=[1, 1])
    runner = Runner(
        model=Net(),
        work_dir=str(folder),
        train_dataloader=dict(
            dataset=TwoSources() if sources else Samples(),
            batch_size=2,
            sampler=sampler,
            num_workers=workers,
            persistent_workers=workers > 0,
            collate_fn=lambda batch: dict(x=torch.stack(batch)),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.05)),
        param_scheduler=dict(type='CosineAnnealingLR', T_max=3, convert_to_iter_based=True),
        custom_hooks=[SeedEpochHook(), *hooks],
        randomness=dict(seed=7),
        resume=resume,
        experiment_name=f'{folder.name}{resume}{workers}{sources}seeded',
    )
    return runner.train().state_dict()


@pytest.mark.parametrize(('workers', 'sources'), [(0, False), (1, False), (0, True)])
def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path, workers, sources):
    whole = train(tmp_path / 'whole', workers, sources=sources)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / 'cut', workers, Cut(), sources=sources)
    resumed = train(tmp_path / 'cut', workers, resume=True, sources=sources)
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0)


def test_epochs_differ():
    class Loader:
        worker_init_fn = None
        sampler = SimpleNamespace(seed=3)  # of this start, where the config has none

    class Stub:
        seed = 7
        train_dataloader = Loader()

    drawn = []
    for Stub.epoch in (0, 1, 0):
        SeedEpochHook().before_train_epoch(Stub)
        drawn.append((np.random.rand(), torch.rand(()).item()))
    assert drawn[0] == drawn[2] != drawn[1]
    assert Loader.sampler.seed == 7
