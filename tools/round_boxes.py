"""Round a network's boxes to whole pixels; nothing else is changed.

Fine-tuning brings back what rounding costs: load the new checkpoint, with ``FreezeBoxesHook`` among
the ``custom_hooks``.
"""

import json
from pathlib import Path

import torch
from _arguments import load_config, load_model
from _command_line import parser_of
from _provenance import provenance
from _runs import evaluate
from mmengine.runner import save_checkpoint

from mmpose_sat.ops import BoxConv2d


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', type=Path, default='rounded.pth')
    parser.add_argument(
        '--evaluate',
        type=Path,
        metavar='JSON',
        help='evaluate both on the data of the test_dataloader',
    )
    args = parser.parse_args()
    model = load_model(args.config, args.checkpoint)
    layers = [layer for layer in model.modules() if isinstance(layer, BoxConv2d)]
    if not layers:
        parser.error(f'{args.config} has no BoxConv2d layer')
    before = torch.cat([layer.boxes for layer in layers])
    for layer in layers:
        layer.round_boxes_()
    moved = (torch.cat([layer.boxes for layer in layers]) - before).abs().mean().item()
    meta = dict(dataset_meta=model.dataset_meta)
    save_checkpoint(dict(state_dict=model.state_dict(), meta=meta), str(args.out))
    print(f'{args.out}: edges of {len(layers)} layers have moved by {moved:.2f} px on average')
    if args.evaluate:
        config = load_config(args.config)
        figures = dict(
            config=Path(args.config).stem,
            checkpoint=args.checkpoint,
            moved=moved,
            before=evaluate(config, args.checkpoint, args.out.parent / 'before_rounding'),
            after=evaluate(config, args.out, args.out.parent / 'after_rounding'),
            **provenance(),
        )
        args.evaluate.parent.mkdir(parents=True, exist_ok=True)
        args.evaluate.write_text(json.dumps(figures) + '\n')
        print(args.evaluate)


if __name__ == '__main__':
    main()
