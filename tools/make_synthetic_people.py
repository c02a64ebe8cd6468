"""Render synthetic people as a COCO keypoint data set."""

from _command_line import parser_of

from mmpose_sat.datasets.synthetic import make_split


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('root', nargs='?', default='data/synthetic', help='folder to write to')
    parser.add_argument('--train', type=int, default=2500, help='training images')
    parser.add_argument('--val', type=int, default=130, help='validation images')
    parser.add_argument('--test', type=int, default=0, help='test images, never tuned on')
    parser.add_argument('--workers', type=int, default=2, help='processes')
    args = parser.parse_args()
    for split in ('train', 'val', 'test'):
        if images := getattr(args, split):
            print(make_split(args.root, split, images, args.workers))


if __name__ == '__main__':
    main()
