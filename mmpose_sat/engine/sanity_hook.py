"""Mistakes that MMEngine would only log, or find late, as errors before the first step."""

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from mmpose.models.heads import AssociativeEmbeddingHead, MotionRegressionHead

from ..registry import HOOKS
from ._common import unwrapped
from .checkpoints import check_checkpoint

__all__ = ['SanityHook']


@HOOKS.register_module()
class SanityHook(Hook):
    """Refuses data with another number of joints than the head, and checkpoints of other models.

    A run that tests or resumes must find every parameter in its checkpoint, with its shape.
    Training that merely starts from other weights (``load_from``) may differ in the head.

    Raises:
        ValueError: Names the sizes, or the first parameters that do not fit.
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        """Compare the head's channels with the joints of every data set in use."""
        model = unwrapped(runner.model)
        head = getattr(model, 'head', None)
        channels = getattr(head, 'out_channels', None)
        if isinstance(head, AssociativeEmbeddingHead | MotionRegressionHead) or not isinstance(
            channels, int
        ):
            return  # of the first two, channels are joints and tags, or axes
        # Of UDP's combined targets, each joint has offsets too.
        codec = getattr(head, 'decoder', None)
        maps = 3 if getattr(codec, 'heatmap_type', None) == 'combined' else 1
        kept = (getattr(model, 'test_cfg', None) or {}).get('output_keypoint_indices')
        for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
            if not isinstance(loop, BaseLoop):
                continue
            dataset = loop.dataloader.dataset
            joints = getattr(dataset, 'metainfo', {}).get('num_keypoints')
            if joints is None:
                continue
            if kept is not None and loop is not runner._train_loop:
                if joints != len(kept):
                    raise ValueError(
                        f'model.test_cfg.output_keypoint_indices has {len(kept)} joints, but '
                        f'{type(dataset).__name__} has {joints}'
                    )
            elif maps * joints != channels:
                raise ValueError(
                    f'model.head.out_channels={channels}, but {type(dataset).__name__} has '
                    f'{joints} joints; set model.head.out_channels={maps * joints}'
                )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the checkpoint's parameters with the model's; nothing has been copied yet."""
        # A runner that tests holds its training loop too, as the config it was never built from.
        if isinstance(runner._train_loop, BaseLoop) and not runner._resume:
            return
        check_checkpoint(unwrapped(runner.model), checkpoint, runner._load_from or '')
