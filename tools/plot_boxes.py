"""Draw the learned boxes of a checkpoint."""

import argparse

from mmpose.apis import init_model

import mmpose_sat  # noqa: F401 - lets the checkpoint load
from mmpose_sat.visualization import plot_boxes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', default='boxes.png')
    args = parser.parse_args()
    plot_boxes(init_model(args.config, args.checkpoint, device='cpu').backbone, args.out)
    print(args.out)


if __name__ == '__main__':
    main()
