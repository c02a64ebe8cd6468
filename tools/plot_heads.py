"""Compare trained networks on the validation data of their configs.

Two pictures: ``heatmaps.png``, of one person, and ``border.png``, the error of joints over their
distance to the border of the network's input, where expectations fall short. Any top-down
network of MMPose with heatmaps can be among them; all need the same input size and joints.
"""

from pathlib import Path
from typing import Any

import numpy as np
from _arguments import input_size, load_config, load_model
from _command_line import parser_of
from _people import input_image, predict, to_input, validation_loader
from mmengine.dataset import pseudo_collate

from mmpose_sat.visualization import plot_border_error, plot_heatmaps


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument(
        '--model', nargs=3, action='append', required=True,
        metavar=('LABEL', 'CONFIG', 'CHECKPOINT'), help='repeat for each network',
    )  # fmt: skip
    parser.add_argument('--index', type=int, default=0, help='person whose heatmaps are drawn')
    parser.add_argument(
        '--joints', type=int, nargs='+', help='whose heatmaps are drawn; default: every third'
    )
    parser.add_argument('--bin', type=float, default=8.0, help='px, of the distance to the border')
    parser.add_argument('--out', type=Path, default=Path('heads'), help='folder')
    args = parser.parse_args()
    labels = [label for label, _, _ in args.model]
    if len(set(labels)) < len(labels):
        parser.error(f'labels {labels} must differ')
    sizes = {input_size(load_config(config)) for _, config, _ in args.model}
    if len(sizes) > 1:
        parser.error(f'networks must have one input size, these have {sorted(sizes)}')
    heatmaps, points, errors = {}, {}, {}
    for label, config, checkpoint in args.model:
        model = load_model(config, checkpoint)
        model.test_cfg = dict(model.test_cfg, output_heatmaps=True)
        loader = validation_loader(model.cfg)
        dataset: Any = loader.dataset
        if not 0 <= args.index < len(dataset):
            parser.error(f'--index {args.index}: {config} has {len(dataset)} people')
        names = model.dataset_meta['keypoint_id2name']
        drawn = args.joints or list(names)[::3]
        if not set(drawn) <= set(names):
            parser.error(f'--joints {drawn}: the joints of {config} are {names}')
        person = dataset[args.index]
        (found,) = predict(model, pseudo_collate([person]))
        image = input_image(person)
        heatmaps[label] = found.pred_fields.heatmaps.numpy()
        points[label] = to_input(found.pred_instances.keypoints[0], found)
        model.test_cfg['output_heatmaps'] = False
        distance, error = [], []
        for data in loader:
            for sample in predict(model, data):
                truth = to_input(sample.gt_instances.keypoints[0], sample)
                place = to_input(sample.pred_instances.keypoints[0], sample)
                room = np.minimum(truth, np.subtract(sample.metainfo['input_size'], 1) - truth)
                seen = (sample.gt_instances.keypoints_visible[0] > 0) & (room.min(-1) >= 0)
                distance.append(room.min(-1)[seen])
                error.append(np.linalg.norm(place - truth, axis=-1)[seen])
        errors[label] = np.concatenate(distance), np.concatenate(error)
    for label, (distance, error) in errors.items():
        near = distance < args.bin
        for where, these in (
            (f'within {args.bin:g} px of the border', near),
            ('elsewhere', ~near),
        ):
            if these.any():
                print(f'{label}: mean error {error[these].mean():.1f} px {where}')
    args.out.mkdir(parents=True, exist_ok=True)
    joints = {names[joint]: joint for joint in drawn}
    plot_heatmaps(image, heatmaps, points, joints, args.out / 'heatmaps.png')
    farthest = max(distance.max() for distance, _ in errors.values())
    edges = np.arange(0, farthest + args.bin, args.bin).tolist()
    plot_border_error(errors, edges, args.out / 'border.png')
    print(f'{args.out / "heatmaps.png"}, {args.out / "border.png"}')


if __name__ == '__main__':
    main()
