"""Train the heads of two papers, and MMPose's, with heatmaps of several sizes; keep the figures.

Each run is one of ``tools/train.py`` on a config that differs from its leaf in the number of
deconvolutions, the learning rate and the seed; a run whose figures are in the file already is left
out, so that the comparison can be stopped and taken up again.
"""

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from _runs import ROOT, compare, shorten
from mmengine.config import Config, ConfigDict

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
    shorten(config, epochs)
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
    parser.add_argument('--work-dir', type=Path, default=ROOT / 'work_dirs' / 'heads')
    args = parser.parse_args()
    if args.configs:
        args.configs.mkdir(parents=True, exist_ok=True)
        for deconvolutions, method in product(args.deconvolutions, args.methods):
            path = args.configs / f'{network(method, deconvolutions)}.py'
            build(method, deconvolutions, args.lrs[0], args.seeds[0], args.epochs).dump(path)
        return

    def runs() -> Iterator[tuple[dict, Config, str]]:
        for seed, deconvolutions, lr, method in product(
            args.seeds, args.deconvolutions, args.lrs, args.methods
        ):
            row = dict(method=method, deconvolutions=deconvolutions, lr=lr, seed=seed)
            slug = f'{method}_{deconvolutions}_{lr:g}_{seed}_{args.epochs}'
            name = slug.replace(' ', '-').replace(',', '').replace('*', '-star')
            config = build(method, deconvolutions, lr, seed, args.epochs)
            yield row | dict(epochs=args.epochs), config, name

    compare(runs(), args.out, args.work_dir)


if __name__ == '__main__':
    main()
