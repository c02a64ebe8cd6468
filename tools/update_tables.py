"""Write the tables of the pages from configs and recorded results, between their markers."""

import argparse
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import benchmark_deploy
import benchmark_model
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmpose_sat.ops import count_macs
from mmpose_sat.weights import FOLDER

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'benchmarks' / 'results'
PAGES = (
    'README.md',
    'mmpose_sat/weights/README.md',
    *(
        f'configs/{name}/README.md'
        for name in ('box_conv_net', 'dsnt', 'integral', 'flattenet', 'u_context_cpm')
    ),
)


def counts(config: Path) -> tuple[float, float, str]:
    """Parameters in 10^6, multiply-adds in 10^9 and the input size of a config's model."""
    loaded = Config.fromfile(config)
    init_default_scope(loaded.default_scope)
    width, height = loaded.codec['input_size']
    with torch.device('meta'):
        model = MODELS.build(loaded.model).eval()
        macs = count_macs(model, torch.empty(1, 3, height, width), None, mode='tensor').total()
    return sum(p.numel() for p in model.parameters()) / 1e6, macs / 1e9, f'{height}x{width}'


def counts_table(names: tuple[str, ...]) -> str:
    lines = ['| config | input | parameters (M) | GMAC (10⁹) |', '|---|---|---|---|']
    for name in names:
        path = f'configs/{name}.py'
        parameters, macs, size = counts(ROOT / path)
        lines.append(f'| [{Path(name).name}](/{path}) | {size} | {parameters:.4f} | {macs:.4f} |')
    return '\n'.join(lines)


BOX = (
    'box_conv_net/box-conv-net_140e_mpii-256x256',
    'box_conv_net/box-conv-net-dilated_140e_mpii-256x256',
    'box_conv_net/box-conv-net-conv3x3_140e_mpii-256x256',
    'box_conv_net/box-conv-net_210e_coco-256x192',
    'box_conv_net/box-conv-net-xs_8e_synthetic-128x96',
    'simple_baseline/simple-baseline-r50-scratch_140e_lsp-256x192',
)
DSNT = (
    *(f'dsnt/dsnt-r{depth}-28px_120e_mpii-224x224' for depth in (18, 34, 50, 101)),
    *(f'dsnt/dsnt-r50-{size}px_120e_mpii-224x224' for size in (7, 14, 56)),
    *(f'dsnt/dsnt-hg{stacks}_120e_mpii-256x256' for stacks in (1, 2, 8)),
    'dsnt/fully-connected-r34-28px_120e_mpii-224x224',
    'dsnt/heatmap-r34-28px_120e_mpii-224x224',
    'dsnt/box-conv-net-dsnt_140e_mpii-256x256',
)
INTEGRAL = (
    *(f'integral/integral-i1-r{depth}_140e_mpii-256x256' for depth in (18, 50, 101)),
    'integral/integral-i1-r50-3deconv_140e_mpii-256x256',
    'integral/integral-i1-r50_140e_mpii-128x128',
    'integral/integral-i1-r50-3deconv_140e_mpii-128x128',
    'integral/direct-r50_140e_mpii-256x256',
    'integral/integral-i1-ms-r50_140e_mpii-256x256',
    'integral/integral-i1-hg8_140e_mpii-256x256',
    'integral/box-conv-net-integral_140e_mpii-256x256',
    'integral/integral-3d-r50_140e_h36m-256x256',
    'integral/direct-3d-r50_140e_h36m-256x256',
)
FLATTENET = (
    *(f'flattenet/flattenet-{name}_140e_mpii-256x256' for name in ('r50', 'r101')),
    'flattenet/flattenet-r152_140e_mpii-384x384',
    *(f'flattenet/flattenet-r50-{count}sub_140e_mpii-256x256' for count in (6, 7)),
    'flattenet/flattenet-shufflenetv2_140e_mpii-256x256',
    'flattenet/flattenet-dsnt-r50_140e_mpii-256x256',
    'flattenet/flattenet-r50_210e_coco-256x192',
)
CPM = (
    'u_context_cpm/u-context-cpm-2stage_100e_lip-256x256',
    'u_context_cpm/u-context-cpm-6stage_100e_lip-256x256',
    'u_context_cpm/u-context-cpm-6stage_100e_mpii-512x512',
    'u_context_cpm/u-context-cpm-5stage_210e_coco-384x288',
)


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


def weights_table() -> str:
    """A line for each file of weights: what it is, and what it reached."""
    lines = [
        '| weights | MB | SHA-256 | val PCK@0.2 | test PCK@0.2 | test AUC |',
        '|---|---|---|---|---|---|',
    ]
    for path in sorted(FOLDER.glob('*.pth')):
        name = path.stem.rpartition('-')[0]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        run = json.loads((RESULTS / f'{name}.json').read_text())
        figures = [run['curves']['lsp/PCK'][-1][1], run['test']['lsp/PCK'], run['test']['lsp/AUC']]
        cells = ' | '.join(f'{figure:.1f}' for figure in figures)
        size = path.stat().st_size / 1e6
        lines.append(f'| mmpose_sat://{name} | {size:.1f} | `{digest}` | {cells} |')
    return '\n'.join(lines)


def joints_table() -> str:
    """PCK of single joints on the test images, of each file of weights."""
    runs = [
        json.loads((RESULTS / f'{path.stem.rpartition("-")[0]}.json').read_text())
        for path in sorted(FOLDER.glob('*.pth'))
    ]
    keys = [key for key in runs[0]['test'] if key.endswith(' PCK')]
    names = [key.removeprefix('lsp/').removesuffix(' PCK').replace('_', ' ') for key in keys]
    lines = [f'| weights | {" | ".join(names)} |', '|---' * (1 + len(names)) + '|']
    for run in runs:
        cells = ' | '.join(f'{run["test"][key]:.1f}' for key in keys)
        lines.append(f'| {run["config"]} | {cells} |')
    return '\n'.join(lines)


def speed_table(name: str) -> str:
    rows = json.loads((ROOT / 'benchmarks' / 'model' / f'{name}.json').read_text())['rows']
    return '\n'.join([benchmark_model.HEADER, *(benchmark_model.line(row, rows) for row in rows)])


def deploy_table() -> str:
    result = json.loads((ROOT / 'benchmarks' / 'model' / 'cpu_deploy.json').read_text())
    rows = (row | dict(batch=result['batch']) for row in result['rows'])
    return '\n'.join([benchmark_deploy.HEADER, *map(benchmark_deploy.line, rows)])


def heads_table() -> str:
    """Rows are methods, columns sizes of the heatmap; the best of the learning rates counts."""
    rows = json.loads((ROOT / 'benchmarks' / 'heads' / 'lsp_r18.json').read_text())
    sizes = sorted({row['deconvolutions'] for row in rows})
    heading = [f'{3 << size}x{4 << size} cells' for size in sizes]
    lines = [f'| head | {" | ".join(heading)} |', '|---' * (1 + len(sizes)) + '|']
    for method in dict.fromkeys(row['method'] for row in rows):
        cells = []
        for size in sizes:
            found = defaultdict(list)
            for row in rows:
                if (row['method'], row['deconvolutions']) == (method, size):
                    found[row['lr']].append((row['pck'], row['auc']))
            if not found:
                cells.append('not measured')
                continue
            lr = max(found, key=lambda rate: np.mean([pck for pck, _ in found[rate]]))
            pck, auc = np.array(found[lr]).T
            spread = f' ± {pck.std(ddof=1):.1f} of {len(pck)} seeds' if len(pck) > 1 else ''
            best = f'best of {len(found)} rates, {lr:g}' if len(found) > 1 else f'only {lr:g} tried'
            cells.append(f'{pck.mean():.1f}{spread} ({auc.mean():.1f}); {best}')
        lines.append(f'| {method} | {" | ".join(cells)} |')
    return '\n'.join(lines)


PARTS = {
    'box_conv_net/box-conv-net_15e_lsp-128x96': (
        '`BoxConvNet`',
        'few parameters, training from scratch, every layer sees far',
    ),
    'simple_baseline/simple-baseline-r50-scratch_15e_lsp-128x96': (
        'baseline: ResNet-50, 3 deconvolutions',
        'there are pretrained weights to start from',
    ),
    'dsnt/dsnt-r18_15e_lsp-128x96': (
        '`DSNTHead`',
        'coordinates, not heatmaps, are what counts, or heatmaps are small',
    ),
    'integral/integral-r18_15e_lsp-128x96': (
        '`IntegralHead`',
        'the same, with heatmap losses to start from; 3-D: `IntegralHead3D`',
    ),
    'dsnt/heatmap-r18_15e_lsp-128x96': (
        'baseline: ResNet-18, 2 deconvolutions',
        'heatmaps may be large and training short',
    ),
    'flattenet/flattenet-r18_10e_lsp-128x96': (
        '`FlatteningNeck`',
        'a light decoder at stride 4 for any backbone of stride 32',
    ),
    'simple_baseline/simple-baseline-r18-scratch_10e_lsp-128x96': (
        'baseline: ResNet-18, 3 deconvolutions',
        'accuracy counts more than multiply-adds',
    ),
    'u_context_cpm/u-context-cpm-2stage_10e_lsp-128x96': (
        '`UContextCPM`, 2 stages',
        'real time on a CPU with OpenVINO; stages to trade speed for accuracy',
    ),
}


def parts_table() -> str:
    """Which part to pick: LSP's validation people at 128x96 from random weights."""
    heads = json.loads((ROOT / 'benchmarks' / 'heads' / 'lsp_r18.json').read_text())
    methods = {'dsnt-r18': 'DSNT, JS', 'integral-r18': 'I*', 'heatmap-r18': 'heatmap'}
    compared = [
        row
        for name in ('contexts', 'flattenet')
        for row in json.loads((ROOT / 'benchmarks' / 'compared' / f'{name}.json').read_text())
    ]
    timed = json.loads((ROOT / 'benchmarks' / 'model' / 'cpu_lsp.json').read_text())['rows']
    costs = {row['config']: row for row in timed}
    lines = [
        '| part | PCK@0.2 (epochs) | parameters (M) | GMAC (10⁹) | ms | peak MB | pick it when |',
        '|---|---|---|---|---|---|---|',
    ]
    for config, (part, when) in PARTS.items():
        name = Path(config).name
        kept = RESULTS / f'{name}.json'
        if kept.is_file():
            run = json.loads(kept.read_text())
            pcks, epochs = [run['curves']['lsp/PCK'][-1][1]], run['epochs']
        else:
            method = methods.get(name.partition('_')[0])
            rows = [r for r in heads if r['method'] == method and r['deconvolutions'] == 2]
            rows = rows or [r for r in compared if r['config'] == name]
            rates = defaultdict(list)
            for row in rows:
                rates[row.get('lr')].append(row['pck'])
            pcks, epochs = max(rates.values(), key=np.mean), rows[0]['epochs']
        cost = costs[name]
        lines.append(
            f'| [{part}](/configs/{config}.py) | {np.mean(pcks):.1f} ({epochs}) '
            f'| {cost["params"]:.2f} | {cost["gmac"]:.2f} | {cost["inference_ms"]:.0f} '
            f'| {cost["inference_mb"]:.0f} | {when} |'
        )
    return '\n'.join(lines)


def compared_table(name: str) -> str:
    """Configs trained side by side, and differences to the first with 95 % intervals.

    The intervals are of a bootstrap over the people of the validation split, the same people for
    both networks; PCK is pooled over joints and averaged over seeds.
    """
    path = ROOT / 'benchmarks' / 'compared' / f'{name}.json'
    rows = json.loads(path.read_text())
    rows = [row for row in rows if row['epochs'] == rows[0]['epochs']]
    seeds = {
        config: {row['seed'] for row in rows if row['config'] == config}
        for config in dict.fromkeys(row['config'] for row in rows)
    }
    people = len(rows[0]['counted'])
    draws = np.random.default_rng(0).integers(0, people, (2000, people))
    draws = np.concatenate([np.arange(people)[None], draws])  # the first is the sample itself
    lines = [
        '| config | parameters (M) | GMAC (10⁹) | PCK@0.2 | AUC | difference | receptive field |',
        '|---|---|---|---|---|---|---|',
    ]
    areas = json.loads(path.with_name('receptive_fields.json').read_text())

    def pcks(config: str, among: set[int]) -> np.ndarray:
        """PCK of the people drawn each time, the mean over seeds."""
        runs = [row for row in rows if row['config'] == config and row['seed'] in among]
        right, counted = (
            np.array([run[key] for run in runs])[:, draws] for key in ('right', 'counted')
        )
        return (100 * right.sum(-1) / counted.sum(-1)).mean(0)

    first = rows[0]['config']
    for config, own in seeds.items():
        runs = [row for row in rows if row['config'] == config]
        both = own & seeds[first]
        difference = ''
        if config != first:
            gain = pcks(config, both) - pcks(first, both)
            low, high = np.percentile(gain[1:], (2.5, 97.5))
            difference = f'{gain[0]:+.1f} ({low:+.1f} … {high:+.1f})'
        (file,) = (ROOT / 'configs').glob(f'*/{config}.py')
        parameters, macs, _ = counts(file)
        each = ', '.join(f'{run["pck"]:.1f}' for run in runs)
        auc = np.mean([run['auc'] for run in runs])
        area = f'{100 * areas[config]["area"]:.0f} %' if config in areas else 'not measured'
        lines.append(
            f'| [{config}](/{file.relative_to(ROOT)}) | {parameters:.2f} | {macs:.3f} '
            f'| {each} | {auc:.1f} | {difference} | {area} |'
        )
    return '\n'.join(lines)


TABLES: dict[str, Callable[[], str]] = {
    'compared_contexts': partial(compared_table, 'contexts'),
    'compared_flattenet': partial(compared_table, 'flattenet'),
    'counts': partial(counts_table, BOX),
    'cpm_counts': partial(counts_table, CPM),
    'deploy': deploy_table,
    'dsnt_counts': partial(counts_table, DSNT),
    'flattenet_counts': partial(counts_table, FLATTENET),
    'heads': heads_table,
    'integral_counts': partial(counts_table, INTEGRAL),
    'joints': joints_table,
    'lsp': lsp_table,
    'parts': parts_table,
    'speed': partial(speed_table, 'cpu_2threads'),
    'speed_compiled': partial(speed_table, 'cpu_2threads_compiled'),
    'speed_cpm': partial(speed_table, 'cpu_cpm'),
    'weights': weights_table,
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
