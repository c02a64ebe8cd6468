"""How learned boxes change over training."""

from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from ..ops import box_statistics
from ..registry import HOOKS

__all__ = ['BoxStatisticsHook']


@HOOKS.register_module()
class BoxStatisticsHook(Hook):
    """Logs :func:`mmpose_sat.ops.box_statistics` under ``boxes/`` with each validation.

    The paper's boxes neither shrink nor turn symmetric (arXiv 1906.11367, Sec. 4.3). A model
    without box convolutions logs nothing.
    """

    priority = 'VERY_LOW'  # behind the validation's own figures

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Log the boxes as they are now."""
        if found := box_statistics(runner.model):
            tags = {f'boxes/{name}': value for name, value in found.items()}
            by_iteration = isinstance(runner._train_loop, IterBasedTrainLoop)
            runner.visualizer.add_scalars(tags, step=runner.iter if by_iteration else runner.epoch)
