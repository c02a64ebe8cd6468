"""Weights of a checkpoint, and whether they are those of a model."""

from mmengine.runner import CheckpointLoader
from torch import nn

__all__ = ['check_checkpoint', 'read_checkpoint']

COUNTER = 'num_batches_tracked'  # BatchNorm's step counter, which may be missing


def _as_loaded(model: nn.Module, state_dict: dict) -> dict:
    """Parameters under the names that loading gives them: MMPose renames those of its 0.x."""
    found = {name.removeprefix('module.'): value for name, value in state_dict.items()}
    metadata = getattr(state_dict, '_metadata', None) or {}
    for name, module in model.named_modules():
        for hook in module._load_state_dict_pre_hooks.values():
            prefix = f'{name}.' if name else ''
            hook(found, prefix, metadata.get(name, {}), True, [], [], [])
    return found


def read_checkpoint(path: str) -> dict:
    """What MMEngine loads of a checkpoint, on the CPU.

    Raises:
        FileNotFoundError: The checkpoint does not exist.
        ValueError: The file is not a checkpoint.
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


def check_checkpoint(
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
