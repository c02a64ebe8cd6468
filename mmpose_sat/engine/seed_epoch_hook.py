"""Random numbers of an epoch that do not depend on the epochs before."""

import functools
import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.datasets.samplers import MultiSourceSampler
from torch.utils.data import Sampler

from ..registry import HOOKS

__all__ = ['SeedEpochHook']


@HOOKS.register_module()
class SeedEpochHook(Hook):
    """Seeds each training epoch by the run's seed, the epoch and the process.

    A run that was cut off and resumed then draws the samples and augmentations that it would have
    drawn, and ends with the weights of one that was not. The workers of the data loader start anew
    each epoch. This is for loops that count epochs: one that counts iterations has a single epoch.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._sought = False

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed this process, and the workers that it is about to start."""
        numbers = np.random.SeedSequence((runner.seed, runner.epoch, get_rank()))
        seed = int(numbers.generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        loader = runner.train_dataloader
        self._seek(loader.sampler, runner)
        loader._iterator = None  # persistent workers keep their random state
        start = loader.worker_init_fn
        if isinstance(start, functools.partial) and 'seed' in start.keywords:  # MMEngine's
            # Workers add their number to it, and NumPy wants 32 bits.
            loader.worker_init_fn = functools.partial(start, seed=seed // 2)

    def _seek(self, sampler: Sampler, runner: Runner) -> None:
        """Bring the sampler of a resumed run to where it would be."""
        if self._sought:
            return
        self._sought = True
        if isinstance(sampler, MultiSourceSampler):  # goes on from epoch to epoch
            for _ in range(runner.epoch):
                iter(sampler)
        elif hasattr(sampler, 'seed'):  # without randomness.seed, MMEngine draws one at each start
            sampler.seed = runner.seed
