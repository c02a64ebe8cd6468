"""What is in the work directory of a training run, finished or not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from _people import predict, validation_people
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.runner import load_checkpoint
from mmpose.apis import init_model
from mmpose.registry import METRICS
from mmpose.structures import PoseDataSample
from torch.utils.data import DataLoader

from mmpose_sat.evaluation.pck import NormalisedPCK
from mmpose_sat.visualization import Scalars, read_scalars


class Missing(Exception):
    """An ingredient is not in the work directory; the message is a sentence."""


def of_trainings(paths: Iterable[Path]) -> list[Path]:
    """Of files in ``*/vis_data`` those beside logged scalars, which tests leave none of; or all."""
    found = sorted(paths)
    return [path for path in found if path.with_name('scalars.json').exists()] or found


def config_as_run(folder: Path) -> tuple[str, Config]:
    """Name and content of the config that was last trained in a folder.

    Raises:
        FileNotFoundError: there is no such folder, or no config in it.
    """
    dumped = max(of_trainings(folder.glob('*/vis_data/config.py')), default=None)
    named = max(folder.glob('*.py'), key=lambda path: path.stat().st_mtime, default=dumped)
    if named is None:
        if not folder.is_dir():
            raise FileNotFoundError(f'{folder} is no folder')
        raise FileNotFoundError(
            f'{folder} holds no config (*.py, */vis_data/config.py); is it a work directory?'
        )
    return folder.name if named is dumped else named.stem, Config.fromfile(dumped or named)


class BoxPCK(NormalisedPCK):
    """PCK for data whose evaluator has none: in sides of the person's box, the longer one."""

    default_prefix = 'box'
    unit = 'longer side of the box'

    def length(self, truth: np.ndarray, labelled: np.ndarray, instance: dict) -> float:
        """Longer side of the first of ``bboxes``, x1 y1 x2 y2."""
        low, high = np.asarray(instance['bboxes'], dtype=np.float64).reshape(-1, 2, 2)[0]
        return float((high - low).max())


@dataclass
class Evaluation:
    """People of the validation data that a network has seen.

    Attributes:
        people: the data set's, N of them.
        samples: their poses, as annotated and as found.
        errors: ``(N, K)`` in units of the metric; nan where a joint does not count.
        means: ``(N,)`` mean errors of people in sides of their boxes; nan without a joint.
        metric, figures: the config's PCK or :class:`BoxPCK`, and what it reports.
    """

    people: Sequence[dict]
    samples: list[PoseDataSample]
    errors: np.ndarray
    means: np.ndarray
    metric: NormalisedPCK
    figures: dict[str, float]

    @property
    def ranks(self) -> np.ndarray:
        """Indices of people by their mean errors, from the smallest on; without those of nan."""
        return self.means.argsort(kind='stable')[: (~np.isnan(self.means)).sum()]


def joint_errors(metric: NormalisedPCK) -> np.ndarray:
    """What a metric has collected, (N, K); nan where a joint does not count."""
    return np.stack(
        [np.where(seen, np.nan if e is None else e, np.nan) for e, seen in metric.results]
    )


class WorkDir:
    """Config, scalars and checkpoints of a run; its network and evaluation when asked for.

    Args:
        folder: the work directory.
        limit: people to evaluate, spread evenly over the validation data.
        scratch: folder for the curve of PCK, ``pck.json``.
        data_root: replaces that of the config's validation data.

    Raises:
        FileNotFoundError: the folder holds no config.
        ValueError: a checkpoint cannot be read.
    """

    def __init__(
        self, folder: Path, limit: int, scratch: Path, data_root: str | None = None
    ) -> None:
        self.folder, self.limit, self.curve = folder, limit, scratch / 'pck.json'
        self.name, self.config = config_as_run(folder)
        if data_root is not None:
            self.config.val_dataloader.dataset.data_root = data_root
        self.train_cfg = self.config.get('train_cfg') or {}
        self.by_epoch = 'max_iters' not in self.train_cfg
        self.step = 'epoch' if self.by_epoch else 'iteration'  # what checkpoints are counted in
        self.seed = self.config.get('randomness', {}).get('seed')
        found = {}
        for prefix in ('best', 'iter', 'epoch'):  # of two of one epoch, the last
            for path in sorted(folder.glob(f'{prefix}_*.pth')):
                try:
                    meta = torch.load(path, map_location='cpu', mmap=True)['meta']
                    found[meta['epoch' if self.by_epoch else 'iter']] = path
                except Exception as error:
                    reason = next(iter(str(error).splitlines()), type(error).__name__)
                    raise ValueError(
                        f'{path} is no checkpoint that can be read: {reason}'
                    ) from None
                self.seed = meta.get('seed') if self.seed is None else self.seed
        self.checkpoints = dict(sorted(found.items()))  # by epoch or iteration

    @cached_property
    def scalars(self) -> Scalars:
        """All that was logged."""
        try:
            return read_scalars(self.folder)
        except FileNotFoundError:
            raise Missing('Nothing has been logged (*/vis_data/scalars.json).') from None

    @property
    def metrics(self) -> Scalars:
        """Scalars of validations: that which chooses the best checkpoint, if any, is the first."""
        found = {
            name: values
            for name, values in self.scalars.items()
            if name in self.scalars.validated and not name.startswith('boxes/')  # have no best
        }
        if not found:
            raise Missing('No validation has been logged.')
        best = self.config.get('default_hooks', {}).get('checkpoint', {}).get('save_best')
        return Scalars(sorted(found.items(), key=lambda item: item[0] != best), found)

    @property
    def done(self) -> int:
        """Epochs, or iterations, after which there is a checkpoint or a validation."""
        try:
            validated = [values[-1][0] for values in self.metrics.values()]
        except Missing:
            validated = []
        return max([*self.checkpoints, *validated], default=0)

    @cached_property
    def model(self) -> BaseModel:
        """The network with the weights of the last checkpoint."""
        if not self.checkpoints:
            raise Missing('The run has left no checkpoint (epoch_*.pth, iter_*.pth, best_*.pth).')
        self.loaded = max(self.checkpoints)
        return init_model(self.config, str(self.checkpoints[self.loaded]), device='cpu')

    def load(self, epoch: int) -> BaseModel:
        """The same network with the weights of another checkpoint."""
        model = self.model
        if epoch != self.loaded:  # a run that goes on may have removed the last one by now
            load_checkpoint(model, str(self.checkpoints[epoch]), map_location='cpu')
            self.loaded = epoch
        return model

    def _metric(self) -> NormalisedPCK:
        evaluators = self.config.val_evaluator
        for config in [evaluators] if isinstance(evaluators, dict) else evaluators:
            if issubclass(METRICS.get(config['type']), NormalisedPCK):
                return METRICS.build(dict(config, out_file=str(self.curve)))
        return BoxPCK(thr=0.2, out_file=str(self.curve))

    @cached_property
    def evaluation(self) -> Evaluation:
        """The last checkpoint's, as its config tests."""
        model = self.model
        try:
            people = validation_people(self.config)
        except (FileNotFoundError, AssertionError) as error:  # the latter is MMPose's
            raise Missing(f'Validation data not found, see --data-root: {error}') from None
        chosen = np.linspace(0, len(people) - 1, min(self.limit, len(people))).round().astype(int)
        people.get_subset_(chosen.tolist())  # in place: Human3.6M's cannot be copied
        metric, size = self._metric(), BoxPCK(thr=1)
        metric.dataset_meta = model.dataset_meta
        samples = []
        batch = self.config.val_dataloader.batch_size
        for data in DataLoader(people, batch, collate_fn=pseudo_collate):
            found = predict(model, data)
            for measure in (metric, size):
                measure.process(data, [sample.to_dict() for sample in found])
            samples += found
        errors, sides = joint_errors(metric), joint_errors(size)
        counted = (~np.isnan(sides)).sum(1)
        means = np.nansum(sides, 1) / np.where(counted, counted, np.nan)
        figures = metric.compute_metrics(metric.results)
        return Evaluation(people, samples, errors, means, metric, figures)
