"""The whole way in minutes: people to learn from, training, evaluation, inference, pictures."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from _command_line import parser_of

TOOLS = Path(__file__).resolve().parent
CONFIGS = TOOLS.parent / 'configs' / 'box_conv_net'
REQUIRED = 90.0  # percent of unseen synthetic persons at OKS >= 0.5
UNSEEN_SEED = 4  # none of the data set's three


def run(*command: object, **environment: str) -> None:
    """Run a tool with this interpreter; end the demo if it fails."""
    words = [sys.executable, *map(str, command)]
    if subprocess.run(words, env={**os.environ, **environment}).returncode != 0:
        sys.exit(f'demo: failed: {" ".join(words)}')


def unseen_synthetic(count: int) -> tuple[list[np.ndarray], list[list[list[float]]]]:
    """Fresh scenes and the boxes of their people, x1 y1 x2 y2 in px."""
    from mmpose_sat.datasets.synthetic import render_scene

    scenes = [render_scene(np.random.default_rng((UNSEEN_SEED, i))) for i in range(count)]
    boxes = [
        [[x, y, x + w, y + h] for x, y, w, h in (person.box for person in scene.people)]
        for scene in scenes
    ]
    return [scene.image for scene in scenes], boxes


def unseen_lsp(lsp: Path, count: int) -> tuple[list[np.ndarray], list[list[list[float]]]]:
    """The first images of the validation split and their boxes."""
    from mmpose_sat.datasets import LspDataset

    people = LspDataset(
        ann_file=str(lsp / 'annotations' / 'lsp_train.json'),
        data_prefix=dict(img=str(lsp / 'images')),
        id_range=(801, 800 + count),
    )
    images = [cv2.imread(person['img_path']) for person in people]
    return images, [person['bbox'].tolist() for person in people]


def draw_poses(
    config: Path,
    checkpoint: Path,
    images: list[np.ndarray],
    boxes: list[list[list[float]]],
    path: Path,
) -> None:
    """Run MMPoseInferencer on the images and write one sheet of its drawings."""
    from mmpose.apis import MMPoseInferencer

    inferencer = MMPoseInferencer(
        pose2d=str(config), pose2d_weights=str(checkpoint), device='cpu', det_model='whole_image'
    )
    results = inferencer(images, bboxes=boxes, return_vis=True, radius=3, thickness=2, kpt_thr=0.2)
    drawn = [result['visualization'][0][..., ::-1] for result in results]
    height = 240
    tiles = [cv2.resize(i, (round(i.shape[1] * height / i.shape[0]), height)) for i in drawn]
    width = max(tile.shape[1] for tile in tiles)
    tiles = [cv2.copyMakeBorder(t, 0, 0, 0, width - t.shape[1], cv2.BORDER_CONSTANT) for t in tiles]
    rows = [np.hstack(tiles[i : i + 4]) for i in range(0, len(tiles) - len(tiles) % 4, 4)]
    cv2.imwrite(str(path), np.vstack(rows))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('--out', type=Path, default=Path('demo_output'))
    parser.add_argument('--lsp', type=Path, help='train on real people: the folder lsp/')
    operators = ('box', 'normalized_box', 'dilated', 'conv3x3')
    parser.add_argument('--operator', default='box', choices=operators)
    parser.add_argument('--cfg-options', nargs='+', default=[], help='passed on to training')
    args = parser.parse_args()
    out = args.out.resolve()
    if args.lsp and not (args.lsp / 'annotations' / 'lsp_train.json').is_file():
        parser.error(f'{args.lsp} holds no annotations/lsp_train.json')
    if args.lsp and args.lsp.absolute().name != 'lsp':
        parser.error(f'the folder must be called lsp, as configs look for it, not {args.lsp.name}')
    name = 'lsp' if args.lsp else 'synthetic'
    work = out / f'{name}_{args.operator}'
    shutil.rmtree(work, ignore_errors=True)  # an earlier demo's
    work.mkdir(parents=True)
    if args.lsp:
        config = CONFIGS / 'box-conv-net-xs_60e_lsp-128x96.py'
        data = dict(MMPOSE_SAT_DATA=str(args.lsp.absolute().parent))
        score = 'lsp/PCK'
    else:
        config = CONFIGS / 'box-conv-net-xs_8e_synthetic-128x96.py'
        data = dict(MMPOSE_SAT_SYNTHETIC=str(out / 'people'))
        score = 'oks/accuracy'
        print('demo: rendering people', flush=True)
        run(TOOLS / 'make_synthetic_people.py', out / 'people')
    os.environ.update(data)

    start = time.monotonic()
    options = [f'model.backbone.operator={args.operator}', *args.cfg_options]
    run(TOOLS / 'train.py', config, '--work-dir', work, '--cfg-options', *options)
    minutes = (time.monotonic() - start) / 60

    from mmpose.apis import init_model

    import mmpose_sat  # noqa: F401 - lets the checkpoint load
    from mmpose_sat.visualization import plot_boxes, plot_curves, read_scalars

    checkpoint = Path((work / 'last_checkpoint').read_text().strip())
    trained = work / config.name  # the config as it was run
    images, boxes = unseen_lsp(args.lsp, 12) if args.lsp else unseen_synthetic(12)
    draw_poses(trained, checkpoint, images, boxes, work / 'poses.png')
    plot_curves({args.operator: work}, ['loss', score], work / 'curves.png')
    if args.operator.endswith('box'):
        plot_boxes(
            init_model(str(trained), str(checkpoint), device='cpu').backbone, work / 'boxes.png'
        )

    # The last epoch's figures on people who were never trained on; no checkpoint was selected.
    metrics = {name: v[-1][1] for name, v in read_scalars(work).items() if '/' in name}
    summary = dict(
        config=config.name,
        operator=args.operator,
        checkpoint=checkpoint.name,
        training_minutes=round(minutes, 1),
        metrics=metrics,
    )
    (work / 'summary.json').write_text(json.dumps(summary, indent=2) + '\n')
    print(json.dumps(summary, indent=2))
    print(f'demo: pictures, summary.json and the checkpoint: {work}')
    usual = args.operator == 'box' and not (args.lsp or args.cfg_options)
    if usual and (metrics[score] < REQUIRED or metrics['oks/persons'] < 200):
        sys.exit(
            f'demo: {metrics[score]:.1f} % of {metrics["oks/persons"]:.0f} unseen persons reach '
            f'OKS 0.5; {REQUIRED:.0f} % of at least 200 were expected'
        )


if __name__ == '__main__':
    main()
