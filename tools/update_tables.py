"""Write the tables of the pages from configs and recorded results, between their markers."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import benchmark_model
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmpose_sat.ops import count_macs

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'benchmarks' / 'results'
PAGES = ('README.md', 'configs/box_conv_net/README.md')


def counts(config: Path) -> tuple[float, float, str]:
    """Parameters in 10^6, multiply-adds in 10^9 and the input size of a config's model."""
    loaded = Config.fromfile(config)
    init_default_scope(loaded.default_scope)
    width, height = loaded.codec['input_size']
    with torch.device('meta'):
        model = MODELS.build(loaded.model).eval()
        macs = count_macs(model, torch.empty(1, 3, height, width), None, mode='tensor').total()
    return sum(p.numel() for p in model.parameters()) / 1e6, macs / 1e9, f'{height}x{width}'


def counts_table() -> str:
    lines = ['| config | input | parameters (M) | GMAC (10⁹) |', '|---|---|---|---|']
    for folder, name in (
        ('box_conv_net', 'box-conv-net_140e_mpii-256x256'),
        ('box_conv_net', 'box-conv-net-dilated_140e_mpii-256x256'),
        ('box_conv_net', 'box-conv-net-conv3x3_140e_mpii-256x256'),
        ('box_conv_net', 'box-conv-net_210e_coco-256x192'),
        ('box_conv_net', 'box-conv-net-xs_8e_synthetic-128x96'),
        ('simple_baseline', 'simple-baseline-r50-scratch_140e_lsp-256x192'),
    ):
        path = f'configs/{folder}/{name}.py'
        parameters, macs, size = counts(ROOT / path)
        lines.append(f'| [{name}](/{path}) | {size} | {parameters:.4f} | {macs:.4f} |')
    return '\n'.join(lines)


def lsp_table() -> str:
    lines = [
        '| config | epochs | val PCK@0.2 by epoch | val AUC | test PCK@0.2 | test AUC | commit |',
        '|---|---|---|---|---|---|---|',
    ]
    for path in sorted(RESULTS.glob('*_lsp*.json')):
        run = json.loads(path.read_text())
        curve = ', '.join(f'{epoch}: {pck:.1f}' for epoch, pck in run['curves']['lsp/PCK'])
        auc = f'{run["curves"]["lsp/AUC"][-1][1]:.1f}'
        test = ['not measured'] * 2
        if run['test']:
            test = [f'{run["test"][f"lsp/{key}"]:.1f}' for key in ('PCK', 'AUC')]
        lines.append(
            f'| {path.stem} | {run["epochs"]} | {curve} | {auc} | {" | ".join(test)} '
            f'| {run["commit"]} |'
        )
    return '\n'.join(lines)


def speed_table() -> str:
    rows = json.loads((ROOT / 'benchmarks' / 'model' / 'cpu_2threads.json').read_text())['rows']
    return '\n'.join([benchmark_model.HEADER, *(benchmark_model.line(row, rows) for row in rows)])


TABLES: dict[str, Callable[[], str]] = {
    'counts': counts_table,
    'lsp': lsp_table,
    'speed': speed_table,
}


def fill(text: str) -> str:
    """The page with all of its tables made anew."""
    pattern = re.compile(r'(<!-- table: (\w+) [^\n]*-->\n).*?(<!-- end -->)', re.DOTALL)
    return pattern.sub(lambda m: f'{m[1]}{TABLES[m[2]]()}\n{m[3]}', text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='only say whether pages are current')
    args = parser.parse_args()
    stale = []
    for page in (ROOT / name for name in PAGES):
        before = page.read_text()
        after = fill(before)
        if after != before:
            stale.append(page.name)
            if not args.check:
                page.write_text(after)
    if args.check and stale:
        sys.exit(f'tables are not current: {", ".join(stale)}; run tools/update_tables.py')


if __name__ == '__main__':
    main()
