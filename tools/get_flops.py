"""Parameters and multiply-adds of a config's model, split into backbone, neck and head."""

import torch
from _arguments import input_size, load_config
from _command_line import parser_of
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmpose_sat.ops import count_macs


def count(config: Config, shape: tuple[int, int] | None = None) -> dict[str, tuple[int, int]]:
    """Parameters and multiply-adds of an image, by part and in total.

    Args:
        config: of a top-down network.
        shape: height and width, by default those of the config's codec.
    """
    init_default_scope(config.get('default_scope', 'mmpose'))
    shape = shape or input_size(config)
    with torch.device('meta'):
        model = MODELS.build(config.model).eval()
        macs = count_macs(model, torch.empty(1, 3, *shape), None, mode='tensor')
    parameters = {
        name: sum(p.numel() for p in child.parameters()) for name, child in model.named_children()
    }
    parts = [name for name in ('backbone', 'neck', 'head') if name in parameters]
    counted = {name: (parameters[name], macs[name]) for name in parts}
    return counted | dict(total=(sum(parameters.values()), macs.total()))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('config')
    parser.add_argument('--shape', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'))
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    args = parser.parse_args()
    config = load_config(args.config)
    config.merge_from_dict(args.cfg_options or {})
    try:
        args.shape = args.shape or input_size(config)
    except ValueError as error:
        parser.error(f'{error}: give --shape')
    print(f'input 3 x {args.shape[0]} x {args.shape[1]}; biases and normalisation not in the GMAC')
    print(f'{"":<10}{"parameters":>12}{"GMAC (1e9)":>12}')
    for name, (parameters, macs) in count(config, args.shape).items():
        print(f'{name:<10}{parameters:>12,}{macs / 1e9:>12.4f}')


if __name__ == '__main__':
    main()
