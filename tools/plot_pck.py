"""Draw PCK over the threshold, from files that the metrics wrote to their ``out_file``."""

from pathlib import Path

from _arguments import by_label, labelled
from _command_line import parser_of

from mmpose_sat.visualization import plot_pck


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('curves', type=labelled, nargs='+', help='JSON files, or LABEL=FILE')
    parser.add_argument('--out', default='pck.png')
    args = parser.parse_args()
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    try:
        plot_pck(by_label(parser, args.curves), args.out)
    except (OSError, ValueError, KeyError) as error:
        parser.error(f'no curves of PCK: {error!r}')
    print(args.out)


if __name__ == '__main__':
    main()
