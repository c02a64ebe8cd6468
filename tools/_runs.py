"""Training runs of comparisons: one after the other, each kept as soon as it has ended."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from _provenance import commit, machine
from mmengine.config import Config

from mmpose_sat.visualization import read_scalars

ROOT = Path(__file__).resolve().parents[1]


def shorten(config: Config, epochs: int) -> None:
    """Train for so many epochs and validate after the last, the backbone in bfloat16."""
    config.custom_hooks.append(dict(type='mmpose_sat.AutocastBackboneHook'))
    config.train_cfg.update(max_epochs=epochs, val_interval=epochs)
    config.param_scheduler[-1].update(end=epochs, T_max=epochs)
    config.default_hooks.checkpoint = dict(type='CheckpointHook', interval=epochs)


def train(config: Config, folder: Path) -> dict:
    """Run ``tools/train.py`` in a folder; figures of its last validation on LSP.

    ``right`` and ``counted`` are those joints of each person that are within the threshold, and
    that count.
    """
    folder.mkdir(parents=True, exist_ok=True)
    curve = folder / 'pck.json'
    config.val_evaluator.out_file = str(curve)
    config.dump(folder / 'run.py')
    command = [sys.executable, ROOT / 'tools' / 'train.py', folder / 'run.py']
    log = folder / 'log.txt'
    with log.open('w') as output:
        result = subprocess.run(
            [*map(str, command), '--work-dir', str(folder)], stdout=output, stderr=output
        )
    if result.returncode != 0:
        sys.exit(f'a run failed, see {log}')
    scalars = read_scalars(folder)
    people = json.loads(curve.read_text())
    return dict(
        pck=scalars['lsp/PCK'][-1][1],
        auc=scalars['lsp/AUC'][-1][1],
        right=people['right'],
        counted=people['counted'],
        commit=commit(),
        machine=machine(),
        torch=torch.__version__,
    )


def compare(runs: Iterable[tuple[dict, Config, str]], out: Path, work_dir: Path) -> None:
    """Train what is not in the file yet: descriptions, configs and names of folders."""
    rows = json.loads(out.read_text()) if out.is_file() else []
    for row, config, name in runs:
        if any(row.items() <= done.items() for done in rows):
            continue
        row |= train(config, work_dir / name)
        rows.append(row)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text('[\n' + ',\n'.join(map(json.dumps, rows)) + '\n]\n')
        print(f'{name}: PCK {row["pck"]:.1f}, AUC {row["auc"]:.1f}', flush=True)
