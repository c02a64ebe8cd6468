"""Draw training curves of one or more work directories."""

import argparse
from pathlib import Path

from mmpose_sat.visualization import plot_curves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('runs', nargs='+', help='work directories, or LABEL=DIRECTORY')
    parser.add_argument('--scalars', nargs='+', default=['loss'], help='for example loss lsp/PCK')
    parser.add_argument('--out', default='curves.png')
    args = parser.parse_args()
    runs = {}
    for run in args.runs:
        label, _, folder = run.rpartition('=')
        runs[label or Path(folder).name] = folder
    plot_curves(runs, args.scalars, args.out)
    print(args.out)


if __name__ == '__main__':
    main()
