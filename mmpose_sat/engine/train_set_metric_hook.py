"""The metric on the training set, to see over-fitting and saturation."""

import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from ..registry import HOOKS
from ._common import check_reached

__all__ = ['TrainSetMetricHook']


@HOOKS.register_module()
class TrainSetMetricHook(Hook):
    """Evaluates training images as if they were validation images, without augmentation.

    Reports the metrics of ``evaluator`` under ``train/``, for example ``train/lsp/PCK``: what SAT's
    Fig. 5 calls training PCK.

    Args:
        dataloader: Data loader config; the training data with the validation pipeline and
            ``test_mode=True``.
        evaluator: Metric config, as ``val_evaluator``.
        interval: Epochs between two evaluations.

    Raises:
        ValueError: ``interval`` is not positive; at the start of the run, it is longer than that.
    """

    priority = 'LOW'

    def __init__(self, dataloader: dict, evaluator: dict | list[dict], interval: int = 1) -> None:
        if interval < 1:
            raise ValueError(f'interval={interval} must be a positive number of epochs')
        self.dataloader = dataloader
        self.evaluator = evaluator
        self.interval = interval

    def before_train(self, runner: Runner) -> None:
        """Build the data loader, so that mistakes in it show before training."""
        check_reached(runner, 'interval', self.interval, self.interval)
        self._loader = runner.build_dataloader(self.dataloader, seed=runner.seed)
        self._evaluator = Evaluator(self.evaluator)
        self._evaluator.dataset_meta = self._loader.dataset.metainfo

    @torch.no_grad()
    def after_train_epoch(self, runner: Runner) -> None:
        """Evaluate every ``interval`` epochs."""
        if not self.every_n_epochs(runner, self.interval):
            return
        averages = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
        for hook in averages:  # what is validated is measured here
            hook.before_val_epoch(runner)
        runner.model.eval()
        for batch in self._loader:
            self._evaluator.process(data_samples=runner.model.val_step(batch), data_batch=batch)
        metrics = self._evaluator.evaluate(len(self._loader.dataset))
        runner.model.train()
        for hook in averages:
            hook.after_val_epoch(runner)
        tags = {f'train/{name}': value for name, value in metrics.items()}
        # Not through the message hub: it would drop 'train/' and so take validation's names.
        runner.visualizer.add_scalars(tags, step=runner.epoch + 1)
        runner.logger.info(
            f'Epoch(train set) [{runner.epoch + 1}] '
            + '  '.join(f'{name}: {value:.4f}' for name, value in tags.items())
        )
