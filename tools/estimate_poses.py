"""Find people on a photo, in a folder of photos or in a video, and draw and write their poses."""

import warnings
from pathlib import Path

from _command_line import parser_of


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('input', help='photo, folder, video, URL, or webcam')
    parser.add_argument('--out', type=Path, default=Path('poses'), help='folder to write to')
    parser.add_argument(
        '--box',
        type=float,
        nargs=4,
        action='append',
        metavar=('X1', 'Y1', 'X2', 'Y2'),
        help='a person on the photo in px; once for each, in place of a detector',
    )
    parser.add_argument(
        '--det-model', default='hog', help='hog (offline), whole_image, or one of MMDetection'
    )
    parser.add_argument('--det-weights')
    parser.add_argument('--det-cat-ids', type=int, nargs='+', default=[0], help='of persons')
    parser.add_argument('--pose2d', default='box-conv-net', help='alias or config')
    parser.add_argument('--weights', help="checkpoint; default: the alias's own")
    parser.add_argument('--kpt-thr', type=float, default=0.3, help='least score of a drawn joint')
    parser.add_argument('--device', help='default: a GPU if there is one')
    args = parser.parse_args()
    # MMEngine's imports tell of nothing else.
    warnings.filterwarnings('ignore', 'pkg_resources is deprecated')
    from mmpose_sat.apis import PoseInferencer, images_of

    try:
        images = images_of(args.input)
        is_url = '://' in args.input
        if args.box and (Path(args.input).is_dir() or (isinstance(images, str) and not is_url)):
            raise ValueError('--box is for one photo, not for a folder or a video')
        inferencer = PoseInferencer(
            args.pose2d,
            args.weights,
            args.det_model,
            det_weights=args.det_weights,
            det_cat_ids=args.det_cat_ids,
            device=args.device,
        )
        results = inferencer(
            images,
            bboxes=[args.box] if args.box else None,
            out_dir=str(args.out),
            kpt_thr=args.kpt_thr,
            draw_bbox=True,
        )
        people = [len(result['predictions'][0]) for result in results]
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(f'{sum(people)} people in {len(people)} images: {args.out}')


if __name__ == '__main__':
    main()
