"""Draw by which part of an image a network finds each joint, and say how large it is.

Noise slides over people of the validation data; any top-down network of MMPose with heatmaps or
coordinates will do. The number is the smallest share of the image that holds half of the response,
the mean over joints and people.
"""

import json
from pathlib import Path

import torch
from _arguments import load_model
from _command_line import parser_of
from _people import input_image, responses, validation_people
from _provenance import commit

from mmpose_sat.visualization import half_response_area, plot_receptive_field


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint', nargs='?', help='without it, weights are random')
    parser.add_argument('--index', type=int, default=0, help='person that is drawn')
    parser.add_argument(
        '--people', type=int, default=1, help='people that are measured, from it on'
    )
    parser.add_argument('--patch', type=int, default=16, help='px')
    parser.add_argument('--step', type=int, default=8, help='px')
    parser.add_argument('--out', default='receptive_field.png')
    parser.add_argument('--json', type=Path, help='file to keep the number in, by config')
    args = parser.parse_args()
    if args.json and not args.checkpoint:
        parser.error('--json keeps figures of trained networks: name a checkpoint')
    model = load_model(args.config, args.checkpoint)
    people = validation_people(model.cfg)
    if not 0 <= args.index < len(people):
        parser.error(f'--index {args.index}: the data have people 0 to {len(people) - 1}')
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    areas = []
    for index in range(args.index, min(args.index + args.people, len(people))):
        person = people[index]
        found = responses(model, person, args.patch, args.step)
        areas.append(half_response_area(found))
        if index == args.index:
            names = model.dataset_meta['keypoint_id2name']
            plot_receptive_field(input_image(person), found, names, args.patch, args.step, args.out)
    area = float(torch.stack(areas).mean())
    if args.json:
        kept = json.loads(args.json.read_text()) if args.json.is_file() else {}
        settings = dict(people=len(areas), patch=args.patch, step=args.step)
        kept[Path(args.config).stem] = settings | dict(area=area, commit=commit())
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(kept, indent=1) + '\n')
    print(f'{args.out}; half of the response in {100 * area:.1f} % of the image')


if __name__ == '__main__':
    main()
