"""What MMEngine and MMPose need on today's PyTorch, one link a patch.

``import mmpose_sat`` applies :data:`PATCHES`. The environment variable ``MMPOSE_SAT_SKIP_PATCHES``
leaves some out: a comma-separated list of their names, or ``all``. Each patch only adds what failed
before; nothing that worked changes, and nothing is patched twice.
"""

import atexit
import functools
import gc
import math
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .weights import load_weights

__all__ = ['ERRORS', 'PATCHES', 'apply']

PATCHES: dict[str, Callable[[], None]] = {}
ERRORS: dict[str, Exception] = {}  #: what kept a patch from being applied


def _patch(function: Callable[[], None]) -> Callable[[], None]:
    PATCHES[function.__name__] = functools.cache(function)
    return function


def apply() -> list[str]:
    """Apply the patches the environment does not switch off; returns the names of those in force.

    Raises:
        ValueError: ``MMPOSE_SAT_SKIP_PATCHES`` names a patch that does not exist.
    """
    skipped = {name.strip() for name in os.environ.get('MMPOSE_SAT_SKIP_PATCHES', '').split(',')}
    skipped.discard('')
    if unknown := skipped - PATCHES.keys() - {'all'}:
        raise ValueError(
            f'MMPOSE_SAT_SKIP_PATCHES names {sorted(unknown)}; known are all, {sorted(PATCHES)}'
        )
    wanted = [] if 'all' in skipped else [name for name in PATCHES if name not in skipped]
    ERRORS.clear()
    applied = []
    for name in wanted:
        # What does not import needs no patch: the op works with PyTorch alone. Packages that do not
        # fit together raise errors of any kind; tools/doctor.py names them.
        try:
            PATCHES[name]()
        except Exception as error:
            ERRORS[name] = error
        else:
            applied.append(name)
    return applied


@_patch
def config_scope() -> None:
    """``_base_ = 'mmpose_sat::...'`` and inferencer aliases: MMEngine keeps a list of packages.

    A config found in either way is then built in the scope that it names itself, MMPose's: it says
    which parts are ours. Weights of the package are ``mmpose_sat://...``.
    """
    from mmengine.config import Config
    from mmengine.config.utils import MODULE2PACKAGE
    from mmengine.infer import BaseInferencer
    from mmengine.registry import init_default_scope
    from mmengine.runner import CheckpointLoader

    MODULE2PACKAGE.setdefault('mmpose_sat', 'mmpose_sat')
    CheckpointLoader.register_scheme('mmpose_sat://', load_weights, force=True)
    find = Config._get_cfg_path

    @functools.wraps(find)
    def get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        path, scope = find(cfg_path, filename)
        return path, None if scope == 'mmpose_sat' else scope

    Config._get_cfg_path = staticmethod(get_cfg_path)
    load = BaseInferencer._load_model_from_metafile

    @functools.wraps(load)
    def load_model_from_metafile(self: Any, model: str) -> Any:
        config, weights = load(self, model)
        if self.scope == 'mmpose_sat':
            init_default_scope(config.default_scope)
        return config, weights

    BaseInferencer._load_model_from_metafile = load_model_from_metafile


@_patch
def safe_checkpoints() -> None:
    """MMEngine's checkpoints under ``weights_only=True``, PyTorch's default since 2.6.

    They hold the history of the log and NumPy arrays. Exactly those classes are allowed; the check
    stays on, and any other class in a checkpoint is still refused.
    """
    if torch.__version__ < (2, 6):  # type: ignore[operator]
        return
    from mmengine.logging import HistoryBuffer

    def history_method(owner: type, name: str) -> Callable[..., Any]:
        # A history pickles its methods as getattr(HistoryBuffer, 'mean'). Plain getattr would open
        # every door, so this stands in for it and knows those methods only.
        if owner is not HistoryBuffer or name not in ('min', 'max', 'mean', 'current'):
            raise pickle.UnpicklingError(f'a checkpoint may not take {name!r} of {owner!r}')
        return getattr(HistoryBuffer, name)

    # NumPy pickles an array as a call of these two, under its module's name of before or after 2.0.
    array: Callable = np.ones(1).__reduce__()[0]  # type: ignore[assignment]
    scalar: Callable = np.float64(1).__reduce__()[0]  # type: ignore[assignment]
    dtypes = (type(np.dtype(kind)) for kind in ('f8', 'f4', 'i8', 'i4', 'u1', '?'))
    # bytes: what an empty array holds, such as Human3.6M's sigmas.
    classes = (HistoryBuffer, np.ndarray, np.dtype, bytes, *dtypes)
    torch.serialization.add_safe_globals(
        [
            # With their names: onedl-mmengine takes the bare classes off the list after each load.
            *((cls, f'{cls.__module__}.{cls.__qualname__}') for cls in classes),
            (history_method, '__builtin__.getattr'),
            (history_method, 'builtins.getattr'),
            *(
                (function, f'numpy.{module}.multiarray.{name}')
                for module in ('core', '_core')
                for function, name in ((array, '_reconstruct'), (scalar, 'scalar'))
            ),
        ]
    )


@_patch
def cpu_distributed() -> None:
    """Distributed training on CPUs: gloo, and no GPU index for the model.

    MMEngine calls ``torch.cuda.set_device`` and names a GPU to DistributedDataParallel whatever the
    machine has. Nor does it end the process group: gloo's threads still held tensors when Python
    went away, and now and then a process aborted after its training was over (``terminate called
    without an active exception``, pytorch/pytorch#190489).
    """
    from mmengine.device import get_device
    from mmengine.dist import utils
    from mmengine.model import is_model_wrapper
    from mmengine.runner import Runner

    init_with_cuda = utils._init_dist_pytorch
    wrap_for_cuda = Runner.wrap_model

    @functools.wraps(init_with_cuda)
    def init_dist_pytorch(backend: str, *args: Any, **kwargs: Any) -> None:
        if get_device() != 'cpu':
            return init_with_cuda(backend, *args, **kwargs)
        kwargs.pop('init_backend', None)
        torch.distributed.init_process_group(backend='gloo', **kwargs)
        atexit.register(end_process_group)

    def end_process_group() -> None:
        # After an error, the others may never send what this process would wait for.
        if torch.distributed.is_initialized() and not hasattr(sys, 'last_value'):
            torch.distributed.destroy_process_group()
            gc.collect()  # The model holds the group, too; its threads end with the last reference.

    @functools.wraps(wrap_for_cuda)
    def wrap_model(self: Runner, model_wrapper_cfg: dict | None, model: torch.nn.Module) -> Any:
        plain = model_wrapper_cfg is None and not is_model_wrapper(model)
        if self.distributed and plain and get_device() == 'cpu':
            model_wrapper_cfg = dict(
                type='MMDistributedDataParallel',
                device_ids=None,
                broadcast_buffers=False,
                find_unused_parameters=self.cfg.get('find_unused_parameters', False),
            )
        return wrap_for_cuda(self, model_wrapper_cfg, model)

    utils._init_dist_pytorch = init_dist_pytorch
    Runner.wrap_model = wrap_model


@_patch
def box_convolution_flops() -> None:
    """``get_model_complexity_info`` counts box convolutions, 16 a pixel and channel, as the paper.

    MMEngine takes operators that it does not know for free.
    """
    from mmengine.analysis.complexity_analysis import _DEFAULT_SUPPORTED_FLOP_OPS
    from mmengine.analysis.jit_handles import get_shape

    def count(inputs: list, outputs: list) -> int:
        return 16 * math.prod(get_shape(outputs[0]))

    _DEFAULT_SUPPORTED_FLOP_OPS['mmpose_sat::box_conv2d'] = count


@_patch
def inferencer_boxes() -> None:
    """``MMPoseInferencer(...)(image, bboxes=...)``: MMPose 1.3 drops the boxes it is given.

    An image with an empty list gets what it gets without ``bboxes``: the detector's, or the whole.
    """
    from mmpose.apis.inferencers import Pose2DInferencer

    preprocess_with_detector = Pose2DInferencer.preprocess_single

    @functools.wraps(preprocess_with_detector)
    def preprocess_single(
        self: Any, input: Any, index: int, *args: Any, bboxes: Any = (), **kwargs: Any
    ) -> list:
        if self.cfg.data_mode != 'topdown' or len(bboxes) == 0:
            return preprocess_with_detector(self, input, index, *args, **kwargs)
        boxes = np.asarray(bboxes, dtype=np.float32)
        if boxes.ndim != 2 or boxes.shape[1] not in (4, 5):
            raise ValueError(
                f'bboxes must hold one (N, 4) or (N, 5) array an image, x1 y1 x2 y2 [score] in px, '
                f'got {boxes.shape}'
            )
        scores = boxes[:, 4] if boxes.shape[1] == 5 else np.ones(len(boxes), dtype=np.float32)
        image = dict(img_path=f'{index}.jpg'.rjust(10, '0'))
        image.update(dict(img_path=input) if isinstance(input, str) else dict(img=input))
        image.update(self.model.dataset_meta)
        return [
            self.pipeline(dict(image, bbox=box[None, :4], bbox_score=score[None]))
            for box, score in zip(boxes, scores, strict=True)
        ]

    Pose2DInferencer.preprocess_single = preprocess_single


@_patch
def divergence_of_masked_joints() -> None:
    """``JSDiscretLoss`` of MMPose's ``DSNTHead``: a joint of weight 0 has a gradient of 0, not NaN.

    Its heatmap is multiplied by 0 first, and the gradient of 0 log 0 is NaN since KLDivLoss is made
    of ``xlogy``.
    """
    from mmpose.models.losses import JSDiscretLoss

    divergence = JSDiscretLoss.kl

    @functools.wraps(divergence)
    def kl(self: Any, p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
        return torch.where(p > 0, divergence(self, p.where(p > 0, 1), q), 0)

    JSDiscretLoss.kl = kl
