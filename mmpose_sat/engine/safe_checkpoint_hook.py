"""Checkpoints that a full disk cannot cost."""

from collections import deque
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from ..registry import HOOKS

__all__ = ['SafeCheckpointHook']


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's hook, which removes old checkpoints only when the new one is written.

    MMEngine removes them first: with ``max_keep_ckpts=1``, a disk that fills up while the next one
    is written leaves none. Arguments are as for MMEngine's ``CheckpointHook``.

    Raises:
        OSError: A checkpoint could not be written; names the one to resume from.
    """

    max_keep_ckpts: int

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        before = list(getattr(self, 'keep_ckpt_ids', ()))
        limit, self.max_keep_ckpts = self.max_keep_ckpts, -1  # nothing is removed by MMEngine
        outdated = []
        if limit > 0 and step not in before:
            kept = [*before, step][-limit:]
            outdated = [old for old in before if old not in kept]
            self._keep(runner, kept)
        last = Path(runner.work_dir) / 'last_checkpoint'
        try:
            super()._save_checkpoint_with_step(runner, step, meta)
        except (OSError, RuntimeError) as error:
            self._keep(runner, before)
            broken = Path(self.out_dir) / self.filename_tmpl.format(step)
            broken.unlink(missing_ok=True)
            whole = f'resume from {last.read_text()}' if last.is_file() else 'there is none yet'
            raise OSError(
                f'the checkpoint {broken} could not be written: {error}; {whole}'
            ) from error
        finally:
            self.max_keep_ckpts = limit
        if is_main_process():
            for old in outdated:
                path = self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(old))
                if self.file_backend.isfile(path):
                    self.file_backend.remove(path)

    def _keep(self, runner: Runner, steps: list[int]) -> None:
        self.keep_ckpt_ids = deque(steps)
        runner.message_hub.update_info('keep_ckpt_ids', steps)
