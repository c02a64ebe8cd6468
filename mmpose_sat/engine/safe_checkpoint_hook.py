"""Checkpoints that survive a full disk."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from ..registry import HOOKS

__all__ = ['SafeCheckpointHook']


class WholeFileBackend(LocalBackend):
    """MMEngine's local files, written to a temporary name first: they are complete or absent."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        part = Path(f'{filepath}.part')
        try:
            super().put(obj, part)
            part.replace(filepath)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OSError(f'{filepath} could not be written: {error}') from error


register_backend('mmpose_sat.whole_files', WholeFileBackend, force=True)


def schedules(runner: Runner) -> list:
    """All schedules of learning rates and momenta, of one optimizer or several."""
    found = runner.param_schedulers or []
    return [*chain(*found.values())] if isinstance(found, dict) else found


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's hook, which removes old checkpoints only when the new ones are written.

    MMEngine removes them first: with ``max_keep_ckpts=1``, a disk that fills up while the next one
    is written leaves none, nor one of the best epoch. A checkpoint is written again where a
    validation has moved a learning rate's schedule (``ReduceOnPlateauLR``), so that a resumed run
    does not forget it. Arguments are as for MMEngine's ``CheckpointHook``.

    Raises:
        OSError: A checkpoint could not be written; names the one to resume from.
    """

    backend_args: dict | None

    def before_train(self, runner: Runner) -> None:
        """Choose where checkpoints go, and how they are written."""
        local = '://' not in str(self.out_dir or runner.work_dir)
        if local and self.backend_args is None and self.file_client_args is None:
            self.backend_args = dict(backend='mmpose_sat.whole_files')
        super().before_train(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Save a checkpoint if it is time."""
        with self._removing_last(runner):
            super().after_train_epoch(runner)

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Save a checkpoint if it is time."""
        if not self.by_epoch:
            with self._removing_last(runner):
                super().after_train_iter(runner, *args, **kwargs)

    def after_val_epoch(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Save a checkpoint if it is the best, and the last one again if a schedule has moved."""
        if not hasattr(self, 'file_backend'):  # a validation without training
            return
        with self._removing_last(runner):
            super().after_val_epoch(runner, *args, **kwargs)
            step = runner.epoch if self.by_epoch else runner.iter
            of_this_step = Path(self.last_ckpt or '').name == self.filename_tmpl.format(step)
            if of_this_step and any(getattr(s, 'need_val_args', False) for s in schedules(runner)):
                meta = dict(epoch=runner.epoch, iter=runner.iter)
                self._save_checkpoint_with_step(runner, step, meta)

    @contextmanager
    def _removing_last(self, runner: Runner) -> Iterator[None]:
        """What the block would remove is removed when it has ended well."""
        outdated: list[str] = []
        pointer = Path(runner.work_dir) / 'last_checkpoint'
        whole = pointer.read_text() if pointer.is_file() else ''
        self.file_backend.remove = outdated.append
        try:
            yield
        except OSError as error:
            if whole:
                with suppress(OSError):
                    pointer.write_text(whole)
            advice = f'resume from {whole}' if whole else 'there is none to resume from yet'
            raise OSError(f'{error}; {advice}') from error
        finally:
            del self.file_backend.remove
        best = getattr(self, 'best_ckpt_path_dict', {}).values()
        for path in {*outdated} - {getattr(self, 'best_ckpt_path', None), *best}:
            self.file_backend.remove(path)
