"""Train the heads of two papers, and MMPose's, with heatmaps of several sizes; keep the figures.

Each run is one of ``tools/train.py`` on a config that differs from its leaf in the number of
deconvolutions, the learning rate and the seed; a run whose figures are in the file already is left
out, so that the comparison can be stopped and taken up again.
"""

import argparse
import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import torch
from _provenance import commit, machine
from mmengine.config import Config, ConfigDict

from mmpose_sat.visualization import read_scalars

ROOT = Path(__file__).resolve().parents[1]
METHODS = {
    'heatmap': ('dsnt/heatmap', {}),
    'fully connected': ('dsnt/fully-connected', {}),
    'DSNT': ('dsnt/dsnt', {'model.head.loss.regulariser': None}),
    'DSNT, JS': ('dsnt/dsnt', {}),
    'I*': ('integral/integral', {}),
    'I1': ('integral/integral-i1', {}),
    'MMPose DSNTHead': ('dsnt/mmpose-dsnt', {}),
    'MMPose IntegralRegressionHead': ('integral/mmpose-integral', {}),
}


def resize(config: Config | ConfigDict | list, size: tuple[int, int]) -> None:
    """Set ``heatmap_size`` wherever a codec of the config has one."""
    for value in config if isinstance(config, list) else config.values():
        if isinstance(value, dict | list):
            resize(value, size)
    if 'heatmap_size' in config:
        config['heatmap_size'] = size  # type: ignore[call-overload]


def network(method: str, deconvolutions: int) -> str:
    """Name of a method's network, which methods that differ in their loss only share."""
    name, _ = METHODS[method]
    return f'{Path(name).name}-r18-{deconvolutions}deconv'


def build(method: str, deconvolutions: int, lr: float, seed: int, epochs: int) -> Config:
    """The config of one run."""
    name, options = METHODS[method]
    config = Config.fromfile(ROOT / 'configs' / f'{name}-r18_15e_lsp-128x96.py')
    config.merge_from_dict(options)
    width, height = config.codec.input_size
    resize(config, (width // 32 * 2**deconvolutions, height // 32 * 2**deconvolutions))
    config.model.head.deconv_out_channels = (256,) * deconvolutions
    config.model.head.deconv_kernel_sizes = (4,) * deconvolutions
    config.optim_wrapper.optimizer.lr = lr
    config.randomness.seed = seed
    config.custom_hooks.append(dict(type='mmpose_sat.AutocastBackboneHook'))
    config.train_cfg.update(max_epochs=epochs, val_interval=epochs)
    config.param_scheduler[-1].update(end=epochs, T_max=epochs)
    config.default_hooks.checkpoint = dict(type='CheckpointHook', interval=epochs)
    return config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--methods', nargs='+', choices=METHODS, default=list(METHODS))
    parser.add_argument('--deconvolutions', nargs='+', type=int, default=[0, 1, 2, 3])
    parser.add_argument('--lrs', nargs='+', type=float, default=[3e-4, 1e-3, 3e-3])
    parser.add_argument('--seeds', nargs='+', type=int, default=[0])
    parser.add_argument('--epochs', type=int, default=15)
    parser.add_argument('--out', type=Path, default=ROOT / 'benchmarks' / 'heads' / 'lsp_r18.json')
    parser.add_argument('--configs', type=Path, help='folder for configs; nothing is trained')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/heads'))
    args = parser.parse_args()
    if args.configs:
        args.configs.mkdir(parents=True, exist_ok=True)
        for deconvolutions, method in product(args.deconvolutions, args.methods):
            path = args.configs / f'{network(method, deconvolutions)}.py'
            build(method, deconvolutions, args.lrs[0], args.seeds[0], args.epochs).dump(path)
        return
    rows = json.loads(args.out.read_text()) if args.out.is_file() else []
    runs = product(args.seeds, args.deconvolutions, args.lrs, args.methods)
    for seed, deconvolutions, lr, method in runs:
        row = dict(method=method, deconvolutions=deconvolutions, lr=lr, seed=seed)
        row['epochs'] = args.epochs
        if any(row.items() <= done.items() for done in rows):
            continue
        slug = f'{method}_{deconvolutions}_{lr:g}_{seed}_{args.epochs}'
        folder = args.work_dir / slug.replace(' ', '-').replace(',', '').replace('*', '-star')
        folder.mkdir(parents=True, exist_ok=True)
        build(method, deconvolutions, lr, seed, args.epochs).dump(folder / 'run.py')
        command = [sys.executable, ROOT / 'tools' / 'train.py', folder / 'run.py']
        log = folder / 'log.txt'
        with log.open('w') as output:
            result = subprocess.run(
                [*map(str, command), '--work-dir', str(folder)], stdout=output, stderr=output
            )
        if result.returncode != 0:
            sys.exit(f'a run failed, see {log}')
        scalars = read_scalars(folder)
        row |= dict(pck=scalars['lsp/PCK'][-1][1], auc=scalars['lsp/AUC'][-1][1])
        row |= dict(commit=commit(), machine=machine(), torch=torch.__version__)
        rows.append(row)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(rows, indent=1) + '\n')
        print(f'{slug}: PCK {row["pck"]:.1f}, AUC {row["auc"]:.1f}', flush=True)


if __name__ == '__main__':
    main()
