"""The final figure: evaluate a checkpoint, once, on the split that nothing was chosen on.

That is ``lsp_test`` of Leeds Sports Pose, and what ``make_synthetic_people.py --test`` renders.
"""

import json
from pathlib import Path

from _arguments import load_config
from _command_line import parser_of
from _runs import evaluate

import mmpose_sat

SPLITS = {  # by the annotations that choices are made on
    'lsp/annotations/lsp_train.json': dict(ann_file='lsp/annotations/lsp_test.json', id_range=None),
    'annotations/val.json': dict(ann_file='annotations/test.json', data_prefix=dict(img='test/')),
}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('config', help='of Leeds Sports Pose, or of rendered people')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', default='final_eval.json')
    args = parser.parse_args()
    config = load_config(args.config)
    dataset = config.test_dataloader.dataset
    validated = dataset.get('ann_file')
    if validated not in SPLITS:
        parser.error(
            f'{args.config} is evaluated on {validated or dataset.type}; a split that nothing is '
            f'chosen on is known for {" and ".join(SPLITS)} only'
        )
    dataset.update(SPLITS[validated])
    metrics = evaluate(config, args.checkpoint, Path(args.out).parent / 'final_eval')
    result = dict(
        config=args.config,
        checkpoint=args.checkpoint,
        data=dataset.ann_file,
        version=mmpose_sat.__version__,
        metrics=metrics,
    )
    Path(args.out).write_text(json.dumps(result, indent=2) + '\n')
    print(args.out)


if __name__ == '__main__':
    main()
