"""Random numbers of an epoch that do not depend on the epochs before."""

import functools
import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..registry import HOOKS

__all__ = ['SeedEpochHook']


@HOOKS.register_module()
class SeedEpochHook(Hook):
    """Seeds each training epoch by the run's seed, the epoch and the process.

    A run that was cut off and resumed then draws the augmentations that it would have drawn, and
    ends with the weights of one that was not. The workers of the data loader start anew each epoch.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed this process, and the workers that it is about to start."""
        numbers = np.random.SeedSequence((runner.seed, runner.epoch, get_rank()))
        seed = int(numbers.generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        loader = runner.train_dataloader
        loader._iterator = None  # persistent workers keep their random state
        start = loader.worker_init_fn
        if isinstance(start, functools.partial) and 'seed' in start.keywords:  # MMEngine's
            # Workers add their number to it, and NumPy wants 32 bits.
            loader.worker_init_fn = functools.partial(start, seed=seed // 2)
