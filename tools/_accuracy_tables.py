"""Tables of what networks reach on real people, from the results that runs left."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import plot_boxes
from _arguments import load_config
from _comparison_tables import lsp_costs
from _runs import at_best_rate
from _tables import MISSING, ROOT, read, table
from mmpose.apis import init_model

from mmpose_sat.weights import find_weights

RESULTS = ROOT / 'benchmarks' / 'results'


WEIGHTS = 'box-conv-net_48e_lsp-lspet-128x96'  # that come with the package
ROUNDED = 'box-conv-net-rounded_1e_lsp-lspet-128x96'  # what became of them


def trainings_table() -> str:
    """A line for the training of the weights, and one for their boxes rounded and fine-tuned."""
    rows = []
    for name in (WEIGHTS, ROUNDED):
        run = read(f'results/{name}')
        curve = run['curves']['lsp/PCK']
        some = curve[::-1][:: math.ceil(len(curve) / 9)][::-1]  # at most 9, among them the last
        cells = [', '.join(f'{epoch}: {pck:.1f}' for epoch, pck in some)]
        cells += [f'{run["curves"]["lsp/AUC"][-1][1]:.1f}']
        test = run['test']
        cells += [f'{test[f"lsp/{key}"]:.1f}' if test else MISSING for key in ('PCK', 'AUC')]
        rows.append((name, *cells, run['commit']))
    columns = ('config', 'val PCK@0.2 by epoch', 'val AUC', 'test PCK@0.2', 'test AUC')
    return table((*columns, 'commit'), rows)


def weights_table() -> str:
    """What the weights are, and what they reached."""
    path, test = find_weights(WEIGHTS), read(f'results/{WEIGHTS}')['test']
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    size = f'{path.stat().st_size / 1e6:.1f}'
    figures = (f'{test[f"lsp/{key}"]:.1f}' for key in ('PCK', 'AUC'))
    columns = ('weights', 'MB', 'SHA-256', 'test PCK@0.2', 'test AUC')
    return table(columns, [(f'mmpose_sat://{WEIGHTS}', size, f'`{digest}`', *figures)])


def joints_table() -> str:
    """PCK of single joints on the test images."""
    test = read(f'results/{WEIGHTS}')['test']
    keys = [key for key in test if key.endswith(' PCK')]
    names = (key.removeprefix('lsp/').removesuffix(' PCK').replace('_', ' ') for key in keys)
    return table(('weights', *names), [(WEIGHTS, *(f'{test[key]:.1f}' for key in keys))])


def boxes_table() -> str:
    """What the boxes of the weights are like beside those they began as."""
    config = ROOT / 'configs' / 'box_conv_net' / f'{WEIGHTS}.py'
    model = init_model(str(config), f'mmpose_sat://{WEIGHTS}', device='cpu')
    return plot_boxes.boxes_table(model.backbone)


def detectors_table() -> str:
    """A line for each kept run of a detector: its average precision after the last epoch."""
    rows = []
    for path in sorted(RESULTS.glob('centernet-*.json')):
        curves = json.loads(path.read_text())['curves']
        keys = ('coco/bbox_mAP', 'coco/bbox_mAP_50', 'coco/bbox_mAP_75')
        rows.append((path.stem, *(f'{100 * curves[key][-1][1]:.1f}' for key in keys)))
    return table(('config', 'AP (%)', 'AP50', 'AP75'), rows)


DEMO = 'box-conv-net-xs_8e_synthetic-128x96'
REGULARISERS = {
    'js': 'Jensen-Shannon, λ 1',
    'var': 'variance, λ 1',
    'none': 'none',
    'kl': 'Kullback-Leibler, λ 1',
    'var-100': "variance, λ 100, the paper's",
}


def regularisers_table() -> str:
    """A line for each regulariser of DSNT, on rendered people, below heatmap matching."""
    names = {
        f'regularisers/{folder}/box-conv-net-xs-dsnt_8e_synthetic-128x96': label
        for folder, label in REGULARISERS.items()
    }
    rows = []
    for name, label in {f'results/{DEMO}': 'heatmap matching', **names}.items():
        curves = read(name)['curves']
        oks, mean = (curves[f'oks/{name}'][-1][1] for name in ('accuracy', 'mean'))
        rows.append((label, f'{oks:.1f}', f'{mean:.1f}', f'{100 * curves["coco/AP"][-1][1]:.1f}'))
    return table(('regulariser', '% at OKS 0.5', 'mean OKS (%)', 'AP (%)'), rows)


PARTS = {
    'box_conv_net/box-conv-net_15e_lsp-128x96': (
        '`BoxConvNet`',
        'few parameters, training from scratch, every layer sees far',
    ),
    'box_conv_net/box-conv-net-conv3x3_15e_lsp-128x96': (
        'the same, 3x3 kernels',
        'standard layers alone are wanted',
    ),
    'simple_baseline/simple-baseline-r50-scratch_15e_lsp-128x96': (
        'baseline: ResNet-50, 3 deconvolutions',
        'there are pretrained weights to start from',
    ),
    'small_baselines/litehrnet-18_15e_lsp-128x96': (
        'baseline: LiteHRNet-18',
        'multiply-adds count more than milliseconds',
    ),
    'dsnt/dsnt-r18_15e_lsp-128x96': (
        '`DSNTHead`',
        'coordinates, not heatmaps, are what counts, or heatmaps are small',
    ),
    'integral/integral-r18_15e_lsp-128x96': (
        '`IntegralHead`',
        'the same, no regulariser to choose; 3-D: `IntegralHead3D`',
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
        'standard layers alone are wanted, as accurate',
    ),
    'u_context_cpm/u-context-cpm-2stage_10e_lsp-128x96': (
        '`UContextCPM`, 2 stages',
        'real time on a CPU (OpenVINO, bfloat16); stages to trade accuracy for speed',
    ),
}


def parts_table() -> str:
    """Which part to pick: LSP's validation people at 128x96 from random weights."""
    heads = read('heads/lsp_r18')
    methods = {'dsnt-r18': 'DSNT, JS', 'integral-r18': 'I*', 'heatmap-r18': 'heatmap'}
    compared = [
        row for name in ('backbones', 'contexts', 'flattenet') for row in read(f'compared/{name}')
    ]
    costs = lsp_costs()
    lines = []
    for config, (part, when) in PARTS.items():
        name = Path(config).name
        method = methods.get(name.partition('_')[0])
        rows = [r for r in heads if r['method'] == method and r['deconvolutions'] == 2]
        epochs = load_config(ROOT / 'configs' / f'{config}.py').train_cfg.max_epochs
        rows = rows or [r for r in compared if (r['config'], r['epochs']) == (name, epochs)]
        pcks = [row['pck'] for row in at_best_rate(rows)]
        cost = costs[name]
        figures = (
            *(f'{np.mean(pcks):.1f} ({epochs})', f'{cost["params"]:.2f}', f'{cost["gmac"]:.2f}'),
            *(f'{cost["inference_ms"]:.0f}', f'{cost["inference_mb"]:.0f}'),
        )
        lines.append((f'[{part}](/configs/{config}.py)', *figures, when))
    columns = ('part', 'PCK@0.2 (epochs)', 'parameters (M)', 'GMAC (10⁹)', 'ms', 'peak MB')
    return table((*columns, 'pick it when'), lines)
