"""Draw the learned boxes of a checkpoint, and say what they are like beside fresh ones."""

import argparse

from mmpose.apis import init_model

import mmpose_sat  # noqa: F401 - lets the checkpoint load
from mmpose_sat.ops import BoxConv2d, box_statistics
from mmpose_sat.visualization import plot_boxes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', default='boxes.png')
    args = parser.parse_args()
    backbone = init_model(args.config, args.checkpoint, device='cpu').backbone
    plot_boxes(backbone, args.out)
    learned = box_statistics(backbone)
    for layer in backbone.modules():
        if isinstance(layer, BoxConv2d):
            layer.reset_parameters()
    fresh = box_statistics(backbone)
    for name, value in learned.items():
        print(f'{name:>9}: fresh {fresh[name]:.3f}, learned {value:.3f}')
    print(args.out)


if __name__ == '__main__':
    main()
