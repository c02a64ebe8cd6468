"""Draw PCK over the threshold, from files that the metrics wrote to their ``out_file``."""

import argparse

from _arguments import by_label, labelled

from mmpose_sat.visualization import plot_pck


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('curves', type=labelled, nargs='+', help='JSON files, or LABEL=FILE')
    parser.add_argument('--out', default='pck.png')
    args = parser.parse_args()
    plot_pck(by_label(parser, args.curves), args.out)
    print(args.out)


if __name__ == '__main__':
    main()
