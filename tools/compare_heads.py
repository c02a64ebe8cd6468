"""Train the heads of two papers, and MMPose's, with heatmaps of several sizes; keep the figures.

Each run is one of ``tools/train.py`` on a config that differs from its leaf in the number of
deconvolutions, the learning rate and the seed; a run whose figures are in the file already is left
out, so that the comparison can be stopped and taken up again. BoxConvNet keeps a quarter of the
resolution: its features are made smaller, to what so many deconvolutions of a ResNet would give.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from _command_line import parser_of
from _runs import ROOT, compare, shorten, take_people
from mmengine.config import Config, ConfigDict

METHODS = {
    'heatmap': ('dsnt/heatmap', {}),
    'heatmap, UDP': ('dsnt/heatmap-udp', {}),
    'fully connected': ('dsnt/fully-connected', {}),
    'DSNT': ('dsnt/dsnt', {'model.head.loss.regulariser': None}),
    'DSNT, JS': ('dsnt/dsnt', {}),
    'DSNT, 10 JS': ('dsnt/dsnt', {'model.head.loss.weight': 10.0}),
    'R1': ('integral/direct', {}),
    'H1': ('integral/heatmap-h1', {}),
    'H2': ('integral/heatmap-h2', {}),
    'H3': ('integral/heatmap-h3', {}),
    'I*': ('integral/integral', {}),
    'I1': ('integral/integral-i1', {}),
    'I2': ('integral/integral-i2', {}),
    'I3': ('integral/integral-i3', {}),
    'MMPose DSNTHead': ('dsnt/mmpose-dsnt', {}),
    'MMPose IntegralRegressionHead': ('integral/mmpose-integral', {}),
}
BOX_CONV_NET = {  # those of its leaves that stand for one of the methods
    'heatmap': 'box_conv_net/box-conv-net',
    'DSNT, JS': 'dsnt/box-conv-net-dsnt',
    'DSNT, 10 JS': 'dsnt/box-conv-net-dsnt-10js',
    'I*': 'integral/box-conv-net-integral',
}


def resize(config: Config | ConfigDict | list, name: str, size: tuple[int, int]) -> None:
    """Set a size of the config wherever it has one of that name."""
    for value in config if isinstance(config, list) else config.values():
        if isinstance(value, dict | list):
            resize(value, name, size)
    if name in config:
        config[name] = size  # type: ignore[call-overload]


def network(method: str, deconvolutions: int, depth: int | None = 18) -> str:
    """Name of a method's network, which methods that differ in their loss only share."""
    name, _ = METHODS[method]
    backbone = 'box-conv-net' if depth is None else f'r{depth}'
    return f'{Path(name).name}-{backbone}-{deconvolutions}deconv'


def on_resnet(method: str, deconvolutions: int, depth: int) -> Config:
    """The config of a method on a ResNet."""
    name, options = METHODS[method]
    config = Config.fromfile(ROOT / 'configs' / f'{name}-r18_15e_lsp-128x96.py')
    config.merge_from_dict(options)
    config.model.backbone.depth = depth
    config.model.head.in_channels = 512 if depth < 50 else 2048
    if 'neck' not in config.model:  # that of R1 pools: no heatmap is left
        config.model.head.deconv_out_channels = (256,) * deconvolutions
        config.model.head.deconv_kernel_sizes = (4,) * deconvolutions
    return config


def on_box_conv_net(method: str, deconvolutions: int) -> Config:
    """The config of a method on BoxConvNet, which makes heatmaps of three deconvolutions.

    Raises:
        ValueError: It has no leaf of this method, or features would have to grow.
    """
    if method not in BOX_CONV_NET:
        raise ValueError(f'on box-conv-net there are {", ".join(BOX_CONV_NET)}, not {method}')
    if deconvolutions > 3:
        raise ValueError(f'box-conv-net is at the size of 3 deconvolutions, not {deconvolutions}')
    config = Config.fromfile(ROOT / 'configs' / f'{BOX_CONV_NET[method]}_15e_lsp-128x96.py')
    if deconvolutions < 3:
        scale = 2.0 ** (deconvolutions - 3)
        config.model.neck = dict(type='FeatureMapProcessor', scale_factor=scale)
    return config


def build(
    method: str,
    deconvolutions: int,
    lr: float,
    seed: int,
    epochs: int,
    depth: int | None = 18,
    input_size: tuple[int, int] = (96, 128),
) -> Config:
    """The config of one run, on a ResNet of this depth, or on BoxConvNet where it is None."""
    if depth is None:
        config = on_box_conv_net(method, deconvolutions)
    else:
        config = on_resnet(method, deconvolutions, depth)
    coarse = (input_size[0] // 32, input_size[1] // 32)
    resize(config, 'input_size', input_size)
    resize(config, 'in_featuremap_size', coarse)
    resize(config, 'heatmap_size', (coarse[0] * 2**deconvolutions, coarse[1] * 2**deconvolutions))
    config.optim_wrapper.optimizer.lr = lr
    config.randomness.seed = seed
    shorten(config, epochs)
    return config


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('--methods', nargs='+', choices=METHODS, help='default: all there are')
    parser.add_argument('--deconvolutions', nargs='+', type=int, default=[0, 1, 2, 3])
    parser.add_argument(
        '--lrs', nargs='+', type=float, help='default: 3e-4, 1e-3 and 3e-3; 4e-3 on BoxConvNet'
    )
    parser.add_argument('--seeds', nargs='+', type=int, default=[0])
    parser.add_argument('--epochs', type=int, default=15)
    parser.add_argument(
        '--people', nargs='+', type=int,
        help='train on the first so many, without augmentation, in as many iterations as on all '
        'of them, and evaluate them too',
    )  # fmt: skip
    backbones = parser.add_mutually_exclusive_group()
    backbones.add_argument('--depth', type=int, default=18, help='of the ResNet')
    backbones.add_argument(
        '--box-conv-net', dest='depth', action='store_const', const=None,
        help='in place of a ResNet',
    )  # fmt: skip
    parser.add_argument(
        '--shape', nargs=2, type=int, default=(128, 96), metavar=('HEIGHT', 'WIDTH')
    )
    parser.add_argument('--out', type=Path, help='default: a file of benchmarks/heads')
    parser.add_argument('--configs', type=Path, help='folder for configs; nothing is trained')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/heads'))
    args = parser.parse_args()
    height, width = args.shape
    of = dict(depth=args.depth, input_size=(width, height))
    lrs = args.lrs or ([4e-3] if args.depth is None else [3e-4, 1e-3, 3e-3])
    methods = args.methods or list(BOX_CONV_NET if args.depth is None else METHODS)
    if args.configs:
        args.configs.mkdir(parents=True, exist_ok=True)
        for deconvolutions, method in product(args.deconvolutions, methods):
            path = args.configs / f'{network(method, deconvolutions, args.depth)}.py'
            try:
                config = build(method, deconvolutions, lrs[0], args.seeds[0], args.epochs, **of)
            except ValueError as error:
                parser.error(str(error))
            config.dump(path)
        return

    def runs() -> Iterator[tuple[dict, Config, str]]:
        for seed, people, deconvolutions, lr, method in product(
            args.seeds, args.people or [None], args.deconvolutions, lrs, methods
        ):
            row = dict(method=method, deconvolutions=deconvolutions, lr=lr, seed=seed)
            row |= dict(epochs=args.epochs)
            config = build(method, deconvolutions, lr, seed, args.epochs, **of)
            if people is not None:
                take_people(config, people, ('RandomFlip', 'RandomBBoxTransform'))
                row['people'] = people
            name = '_'.join(map(str, row.values()))
            yield row, config, name.replace(' ', '-').replace(',', '').replace('*', '-star')

    size = '' if (height, width) == (128, 96) else f'_{height}x{width}'
    length = '' if args.epochs == parser.get_default('epochs') else f'_{args.epochs}e'
    backbone = 'box-conv-net' if args.depth is None else f'r{args.depth}'
    name = f'lsp_{backbone}{size}{length}' + ('_people' if args.people else '')
    out = args.out or Path('benchmarks/heads') / f'{name}.json'
    compare(runs(), out, args.work_dir / name)


if __name__ == '__main__':
    main()
