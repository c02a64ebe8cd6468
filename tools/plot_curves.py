"""Draw training curves of one or more work directories."""

from pathlib import Path

from _arguments import by_label, labelled
from _command_line import parser_of

from mmpose_sat.visualization import plot_curves


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument(
        'runs', type=labelled, nargs='+', help='work directories, or LABEL=DIRECTORY'
    )
    parser.add_argument('--scalars', nargs='+', default=['loss'], help='for example loss lsp/PCK')
    parser.add_argument('--out', default='curves.png')
    args = parser.parse_args()
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    try:
        plot_curves(by_label(parser, args.runs), args.scalars, args.out)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(args.out)


if __name__ == '__main__':
    main()
