"""Tables of what networks cost: counted from their configs, measured by the benchmarks."""

from pathlib import Path

import benchmark_deploy
import benchmark_model
import get_flops
from _arguments import input_size
from _tables import ROOT, read, table
from mmengine.config import Config


def counts(config: Path) -> tuple[float, float, str]:
    """Parameters in 10^6, multiply-adds in 10^9 and the input size of a config's model."""
    loaded = Config.fromfile(config)
    height, width = input_size(loaded)
    parameters, macs = get_flops.count(loaded)['total']
    return parameters / 1e6, macs / 1e9, f'{height}x{width}'


def counts_table(names: tuple[str, ...]) -> str:
    rows = []
    for name in names:
        path = f'configs/{name}.py'
        parameters, macs, size = counts(ROOT / path)
        link = f'[{Path(name).name}](/{path})'
        rows.append((link, size, f'{parameters:.4f}', f'{macs:.4f}'))
    return table(('config', 'input', 'parameters (M)', 'GMAC (10⁹)'), rows)


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


def speed_table(name: str) -> str:
    rows = read(f'model/{name}')['rows']
    return '\n'.join([benchmark_model.HEADER, *(benchmark_model.line(row, rows) for row in rows)])


OPERATORS = {
    'backend native': 'box, native kernels',
    'backend torch': 'box, pure PyTorch',
    'two prefix sums, gathered': 'box, two prefix sums',
    'summed-area table, 16 taps': 'box, summed-area table as in the paper',
    'depthwise k x k': 'depthwise convolution',
}


def op_table() -> str:
    """Rows are operators, columns kernels: forward and backward pass over a copy of the input."""
    rows = read('op/cpu_1thread')['rows']
    kernels = sorted({row['kernel_size'] for row in rows})
    lines = []
    for operator, name in OPERATORS.items():
        times = {
            row['kernel_size']: row['total_ms'] / row['copy_ms']
            for row in rows
            if row['operator'] == operator
        }
        lines.append((name, *(f'{times[kernel]:,.0f}' for kernel in kernels)))
    return table(('operator', *map(str, kernels)), lines)


def deploy_table() -> str:
    result = read('model/cpu_deploy')
    rows = (row | dict(batch=result['batch']) for row in result['rows'])
    return '\n'.join([benchmark_deploy.HEADER, *map(benchmark_deploy.line, rows)])
