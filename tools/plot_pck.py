"""Draw PCK over the threshold, from files that the metrics wrote to their ``out_file``."""

import argparse
from pathlib import Path

from mmpose_sat.visualization import plot_pck


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('curves', nargs='+', help='JSON files, or LABEL=FILE')
    parser.add_argument('--out', default='pck.png')
    args = parser.parse_args()
    labelled = (curve.rpartition('=') for curve in args.curves)
    plot_pck({label or Path(file).stem: file for label, _, file in labelled}, args.out)
    print(args.out)


if __name__ == '__main__':
    main()
