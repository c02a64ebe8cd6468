"""The final figure: evaluate a checkpoint on lsp_test, once, and write it to a JSON file."""

import argparse
import json
from pathlib import Path

from _runs import evaluate
from mmengine.config import Config

import mmpose_sat


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='a config of LSP; all choices are made on its val split')
    parser.add_argument('checkpoint')
    parser.add_argument('--out', default='final_eval.json')
    args = parser.parse_args()
    config = Config.fromfile(args.config)
    dataset = config.test_dataloader.dataset
    if dataset.type != 'mmpose_sat.LspDataset':
        parser.error(f'{args.config} evaluates on {dataset.type}, not on mmpose_sat.LspDataset')
    dataset.ann_file = 'lsp/annotations/lsp_test.json'
    dataset.id_range = None
    metrics = evaluate(config, args.checkpoint, Path(args.out).parent / 'final_eval')
    result = dict(
        config=args.config,
        checkpoint=args.checkpoint,
        data='lsp_test',
        version=mmpose_sat.__version__,
        metrics=metrics,
    )
    Path(args.out).write_text(json.dumps(result, indent=2) + '\n')
    print(args.out)


if __name__ == '__main__':
    main()
