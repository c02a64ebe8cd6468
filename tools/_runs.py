"""Training runs of comparisons: one after the other, each kept as soon as it has ended."""

import hashlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
from _provenance import provenance
from mmengine import fileio
from mmengine.config import Config
from mmengine.runner import Runner

import mmpose_sat.engine  # noqa: F401 - registers the backend that writes whole files
from mmpose_sat.visualization import read_scalars

ROOT = Path(__file__).resolve().parents[1]


def shorten(config: Config, epochs: int) -> None:
    """Train for so many epochs and validate after the last, the backbone in bfloat16.

    Hooks that act at an epoch do so after the same share of the training.

    Raises:
        ValueError: The rate does not end in a cosine by epochs, or the metric is not TorsoPCK.
    """
    schedule, metric = config.param_scheduler[-1], config.val_evaluator.get('type')
    if schedule.type != 'CosineAnnealingLR' or metric != 'mmpose_sat.TorsoPCK':
        raise ValueError(
            'comparisons take configs of LSP that end in CosineAnnealingLR and are validated by '
            f'mmpose_sat.TorsoPCK, this ends in {schedule.type} and is validated by {metric}'
        )
    autocast = dict(type='mmpose_sat.AutocastBackboneHook')
    if autocast not in config.custom_hooks:
        config.custom_hooks.append(autocast)
    for hook in config.custom_hooks:
        if 'epoch' in hook:
            hook.epoch = max(1, hook.epoch * epochs // config.train_cfg.max_epochs)
    config.train_cfg.update(max_epochs=epochs, val_interval=epochs)
    schedule.update(end=epochs, T_max=epochs)
    config.default_hooks.checkpoint = dict(type='CheckpointHook', interval=epochs)


def take_people(config: Config, people: int, transforms: Collection[str]) -> None:
    """Train on the first people of LSP alone, in as many iterations as on all of the config's.

    Evaluates them too, after the last epoch.

    Args:
        config: Of LSP; changed.
        people: A divisor of how many there are.
        transforms: The random ones to leave out of the pipeline.

    Raises:
        ValueError: It is no divisor, or the config trains on other data.
    """
    data = config.train_dataloader.dataset
    if 'id_range' not in data:
        raise ValueError(f'{data.type} has no id_range to take people from: use a config of LSP')
    first, last = data.id_range
    total = last - first + 1
    if not 1 <= people <= total or total % people:
        raise ValueError(f'people={people} must divide {total}')
    data.id_range = (first, first + people - 1)
    data.pipeline = [t for t in data.pipeline if t['type'] not in transforms]
    validation = config.val_dataloader
    same = dict(data, pipeline=validation.dataset.pipeline, test_mode=True)
    hook = dict(
        type='mmpose_sat.TrainSetMetricHook',
        dataloader=dict(validation, dataset=same),
        evaluator=dict(config.val_evaluator),
        interval=config.train_cfg.max_epochs,
    )
    config.custom_hooks.append(hook)
    config.train_dataloader.dataset = dict(
        type='mmengine.RepeatDataset', dataset=data, times=total // people
    )


def train(config: Config, folder: Path) -> dict:
    """Run ``tools/train.py`` in a folder; figures of its last validation on LSP.

    ``right`` and ``counted`` are those joints of each person that are within the threshold, and
    that count; ``train_pck`` is that of :func:`take_people`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    curve = folder / 'pck.json'
    config.val_evaluator.out_file = str(curve)
    config.dump(folder / 'run.py')
    command = [sys.executable, ROOT / 'tools' / 'train.py', folder / 'run.py']
    log, made = folder / 'log.txt', provenance()
    with log.open('w') as output:
        result = subprocess.run(
            [*map(str, command), '--work-dir', str(folder)], stdout=output, stderr=output
        )
    if result.returncode != 0:
        reason = ', killed, perhaps for want of memory' if result.returncode == -9 else ''
        sys.exit(f'a run failed with code {result.returncode}{reason}: see {log}')
    scalars = read_scalars(folder)
    people = json.loads(curve.read_text())
    learned = scalars.get('train/lsp/PCK')
    return dict(
        pck=scalars['lsp/PCK'][-1][1],
        **(dict(train_pck=learned[-1][1]) if learned else {}),
        auc=scalars['lsp/AUC'][-1][1],
        right=people['right'],
        counted=people['counted'],
        **made,
    )


def evaluate(config: Config, checkpoint: str | Path, folder: Path) -> dict[str, float]:
    """Metrics of a checkpoint on the config's test split; logs go to the folder."""
    config = config.copy()
    config.load_from = str(checkpoint)
    config.work_dir = str(folder)
    return Runner.from_cfg(config).test()


def at_best_rate(rows: Iterable[dict]) -> list[dict]:
    """Of the runs of one network, those with the learning rate whose mean PCK is highest.

    Raises:
        ValueError: They are of different lengths.
    """
    rates = defaultdict(list)
    for row in rows:
        rates[row.get('lr')].append(row)
    if len(epochs := {row['epochs'] for runs in rates.values() for row in runs}) > 1:
        raise ValueError(f'runs of {sorted(epochs)} epochs do not compare')
    return max(rates.values(), key=lambda runs: np.mean([run['pck'] for run in runs]))


def digest(config: Config) -> str:
    """A few digits that differ between configs that train differently, wherever their data are."""
    settings = config.to_dict()
    keys = ('model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'custom_hooks')
    learned = [settings[key] for key in (*keys, 'train_dataloader')]
    learned += filter(None, [settings['load_from']])  # most begin with random weights
    text = json.dumps(learned, default=str, sort_keys=True)
    text = re.sub(r'"data_root": "[^"]*"', '', text)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


IDENTITY = ('config', 'method', 'deconvolutions', 'lr', 'seed', 'epochs', 'people')


def read_rows(path: Path) -> list[dict]:
    """What a comparison has kept so far; exits when the file is damaged."""
    try:
        return json.loads(path.read_text()) if path.is_file() else []
    except json.JSONDecodeError as error:
        sys.exit(f'{path} is no JSON file: {error}')


def compare(runs: Iterable[tuple[dict, Config, str]], out: Path, work_dir: Path) -> None:
    """Train what is not in the file yet: descriptions, configs and names of folders.

    Exits before any training when a config does not suit, and when a row of the file is of a config
    that has changed since. Others may add rows to the file in the meantime.
    """
    try:
        planned = list(runs)
    except ValueError as error:
        sys.exit(str(error))
    for row, config, name in planned:
        settings = digest(config)
        identity = [row.get(key) for key in IDENTITY]
        kept = (done for done in read_rows(out) if [done.get(key) for key in IDENTITY] == identity)
        if done := next(kept, None):
            if done.get('settings', settings) != settings:
                sys.exit(f'{out}: {name} was trained with other settings: delete its row')
            continue
        row |= train(config, work_dir / name) | dict(settings=settings)
        text = '[\n' + ',\n'.join(map(json.dumps, [*read_rows(out), row])) + '\n]\n'
        fileio.put(text.encode(), out, backend_args=dict(backend='mmpose_sat.whole_files'))
        print(f'{name}: PCK {row["pck"]:.1f}, AUC {row["auc"]:.1f}', flush=True)
