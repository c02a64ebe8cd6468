"""Draw the learned boxes of a checkpoint, and say what they are like beside fresh ones."""

from pathlib import Path

import torch
from _arguments import load_model
from _command_line import parser_of
from _tables import table
from torch import nn

from mmpose_sat.ops import BoxConv2d, box_statistics
from mmpose_sat.visualization import plot_boxes


def boxes_table(backbone: nn.Module) -> str:
    """What learned boxes are like, and boxes drawn anew, which the backbone has afterwards."""
    learned = box_statistics(backbone)
    torch.manual_seed(0)
    for layer in backbone.modules():
        if isinstance(layer, BoxConv2d):
            layer.reset_parameters()
    rows = [
        (name, *(f'{value:.3f}' for value in found.values()))
        for name, found in (('fresh', box_statistics(backbone)), ('learned', learned))
    ]
    return table(('boxes', *learned), rows)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', default='boxes.png')
    args = parser.parse_args()
    backbone = load_model(args.config, args.checkpoint).backbone
    if not any(isinstance(layer, BoxConv2d) for layer in backbone.modules()):
        parser.error(f'the backbone of {args.config} has no BoxConv2d layer')
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    plot_boxes(backbone, args.out)
    print(boxes_table(backbone))
    print(args.out)


if __name__ == '__main__':
    main()
