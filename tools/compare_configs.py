"""Train configs of LSP side by side, with the same data, seeds and epochs; keep the figures.

A run whose figures are in the file already is left out, so that the comparison can be stopped and
taken up again. ``tools/update_tables.py`` makes the tables of the pages from the files, with
differences to the first config.
"""

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from _runs import ROOT, compare, shorten
from mmengine.config import Config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('configs', type=Path, nargs='+')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1])
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--out', type=Path, required=True, help='JSON file')
    parser.add_argument('--work-dir', type=Path, default=ROOT / 'work_dirs' / 'compared')
    args = parser.parse_args()

    def runs() -> Iterator[tuple[dict, Config, str]]:
        for seed, path in product(args.seeds, args.configs):
            config = Config.fromfile(path)
            config.randomness.seed = seed
            shorten(config, args.epochs)
            row = dict(config=path.stem, seed=seed, epochs=args.epochs)
            yield row, config, f'{path.stem}_{seed}_{args.epochs}'

    compare(runs(), args.out, args.work_dir)


if __name__ == '__main__':
    main()
