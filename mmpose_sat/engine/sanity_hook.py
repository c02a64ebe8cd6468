"""Mistakes that MMEngine would only log, or find late, as errors before the first step."""

from typing import cast

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, CheckpointLoader, Runner
from mmpose.models.heads import AssociativeEmbeddingHead, MotionRegressionHead
from torch import nn

from ..registry import HOOKS

__all__ = ['SanityHook', 'check_weights', 'load_weights']

COUNTER = 'num_batches_tracked'  # of batch normalisation, which loads without


def _unwrap(model: nn.Module) -> nn.Module:
    return cast(nn.Module, model.module) if is_model_wrapper(model) else model


def _as_loaded(model: nn.Module, state_dict: dict) -> dict:
    """Parameters under the names that loading gives them: MMPose renames those of its 0.x."""
    found = {name.removeprefix('module.'): value for name, value in state_dict.items()}
    metadata = getattr(state_dict, '_metadata', None) or {}
    for name, module in model.named_modules():
        for hook in module._load_state_dict_pre_hooks.values():
            prefix = f'{name}.' if name else ''
            hook(found, prefix, metadata.get(name, {}), True, [], [], [])
    return found


def load_weights(path: str) -> dict:
    """What MMEngine loads of a checkpoint, on the CPU.

    Raises:
        FileNotFoundError: There is none.
        ValueError: The file is none.
    """
    try:
        loaded = CheckpointLoader.load_checkpoint(path, map_location='cpu')
        if not all(isinstance(name, str) for name in loaded.get('state_dict', loaded)):
            raise TypeError('its parameters have no names')
    except FileNotFoundError:
        raise
    except Exception as error:  # unpickling ends in almost any
        raise ValueError(f'{path} could not be loaded as a checkpoint: {error}') from error
    return loaded


def check_weights(
    model: nn.Module, checkpoint: dict, path: str = '', allow_others: bool = False
) -> None:
    """Refuse weights of another model, of which MMEngine loads what fits and logs the rest.

    Args:
        model: What they are for.
        checkpoint: As loaded: the weights, or a dict with a ``state_dict``.
        path: Where it is from, for the message.
        allow_others: Whether there may be weights that the model does not know.

    Raises:
        ValueError: Names the first parameters that do not fit.
    """
    own = {k: v for k, v in model.state_dict().items() if not k.endswith(COUNTER)}
    found = _as_loaded(model, checkpoint.get('state_dict', checkpoint))
    wrong = [
        f'{name} {tuple(value.shape)} is '
        + (f'{tuple(found[name].shape)} in it' if name in found else 'missing in it')
        for name, value in own.items()
        if name not in found or found[name].shape != value.shape
    ]
    wrong += [
        f'{name} is unknown to the model'
        for name in found
        if name not in own and not name.endswith(COUNTER) and not allow_others
    ]
    if wrong:
        raise ValueError(
            f'the checkpoint {path} is of another model; {len(wrong)} of {len(own)} parameters do '
            'not fit: ' + '; '.join(wrong[:3])
        )


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
        model = _unwrap(runner.model)
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
        check_weights(_unwrap(runner.model), checkpoint, runner._load_from or '')
