"""Train configs of LSP side by side, with the same data, seeds and epochs; keep the figures.

A run whose figures are in the file already is left out, so that the comparison can be stopped and
taken up again. ``tools/update_tables.py`` makes the tables of the pages from the files, with
differences to the first config.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from _arguments import load_config
from _command_line import parser_of
from _runs import compare, shorten, take_people
from mmengine.config import Config


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('configs', nargs='+')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1])
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument(
        '--people', nargs='+', type=int,
        help='train on the first so many, flips the only augmentation, in as many iterations as '
        'on all of them, and evaluate them too',
    )  # fmt: skip
    parser.add_argument('--out', type=Path, required=True, help='JSON file')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/compared'))
    args = parser.parse_args()
    for name in args.configs:  # all of them before the first is trained
        load_config(name)

    def runs() -> Iterator[tuple[dict, Config, str]]:
        for seed, people, name in product(args.seeds, args.people or [None], args.configs):
            config = load_config(name)
            config.randomness.seed = seed
            shorten(config, args.epochs)
            row = dict(config=Path(name).stem, seed=seed, epochs=args.epochs)
            if people is not None:
                take_people(config, people, ('RandomBBoxTransform',))
                row['people'] = people
            yield row, config, '_'.join(map(str, row.values()))

    compare(runs(), args.out, args.work_dir)


if __name__ == '__main__':
    main()
