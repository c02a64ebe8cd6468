"""Time the box convolution beside everything in PyTorch that does the same or could replace it.

One run measures the floor (a plain copy of the input), each backend and each peer on the same fresh
random inputs, in turn, and prints times, their ratio to the copy, and errors.
Each figure is the minimum (CPU) or median (GPU) of its repetitions.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from _command_line import parser_of
from _provenance import provenance
from _timing import measure
from torch import Tensor

from mmpose_sat.ops import BACKENDS, BoxConv2d, box_conv2d
from mmpose_sat.ops.splitting import PIECES

Operator = Callable[[Tensor, Tensor], Tensor]


def bilinear_table(x: Tensor, boxes: Tensor, kernel_size: int) -> Tensor:
    """The paper as written: a summed-area table sampled bilinearly at four corners, 16 taps."""
    height, width = x.shape[2:]
    table = F.pad(x.cumsum(2).cumsum(3), (1, 0, 1, 0))
    channel = torch.arange(x.shape[1], device=x.device)[:, None, None]

    def taps(edge: Tensor, size: int) -> tuple[tuple[Tensor, Tensor], ...]:
        position = (torch.arange(size, device=x.device) + edge[:, None]).clamp(0, size)
        low = position.floor().clamp(max=size - 1)
        part = position - low
        return (low.long(), 1 - part), (low.long() + 1, part)

    x_l, x_h, y_l, y_h = (boxes - (kernel_size - 1) // 2).unbind(1)
    out = torch.zeros_like(x)
    for y_sign, y_edge in ((1, y_h + 1), (-1, y_l)):
        for x_sign, x_edge in ((1, x_h + 1), (-1, x_l)):
            for row, row_share in taps(y_edge, height):
                for column, column_share in taps(x_edge, width):
                    share = row_share[:, :, None] * column_share[:, None] * (y_sign * x_sign)
                    out = out + share * table[:, channel, row[:, :, None], column[:, None]]
    return out


def two_prefix_sums(x: Tensor, boxes: Tensor, kernel_size: int) -> Tensor:
    """A prefix sum along each axis, sampled by gather at both ends of the box."""
    edges = boxes - (kernel_size - 1) // 2
    for low, high in ((edges[:, 2], edges[:, 3] + 1), (edges[:, 0], edges[:, 1] + 1)):
        x = x.mT  # the last axis is filtered: first the rows' axis, then, turned back, the columns'
        size = x.shape[-1]
        table = F.pad(x.cumsum(-1), (1, 0))
        out = torch.zeros_like(x)
        for sign, edge in ((1, high), (-1, low)):
            position = (torch.arange(size, device=x.device) + edge[:, None]).clamp(0, size)
            floor = position.floor().clamp(max=size - 1)
            share = (position - floor)[None, :, None]
            index = floor.long()[None, :, None].expand_as(x)
            out = out + sign * (
                (1 - share) * table.gather(-1, index) + share * table.gather(-1, index + 1)
            )
        x = out
    return x


def peers(channels: int, kernel_size: int, device: str, dtype: torch.dtype) -> dict[str, Operator]:
    """What is timed beside the backends: first the same sums, then cheaper and dearer operators."""
    half = kernel_size // 2

    def weights(*size: int) -> Tensor:
        made = torch.rand(channels, 1, *size, device=device, dtype=dtype)
        return made.requires_grad_()

    dense = weights(kernel_size, kernel_size)
    column, row = weights(kernel_size, 1), weights(1, kernel_size)
    four = weights(4, 4)

    def separable(x: Tensor, _: Tensor) -> Tensor:
        x = F.conv2d(x, column, padding=(half, 0), groups=channels)
        return F.conv2d(x, row, padding=(0, half), groups=channels)

    found: dict[str, Operator] = {
        'two prefix sums, gathered': lambda x, b: two_prefix_sums(x, b, kernel_size),
        'summed-area table, 16 taps': lambda x, b: bilinear_table(x, b, kernel_size),
        'two 1-D depthwise convolutions': separable,
        'depthwise k x k': lambda x, _: F.conv2d(x, dense, padding=half, groups=channels),
        'average pooling': lambda x, _: F.avg_pool2d(x, kernel_size, 1, half),
    }
    if kernel_size % 6 == 1 and kernel_size > 1:  # spans k = 3d + 1 pixels
        found['depthwise 4 x 4, dilated'] = lambda x, _: F.conv2d(
            x, four, padding=half, dilation=kernel_size // 3, groups=channels
        )
    return found


def both_ways(operator: Operator, x: Tensor, boxes: Tensor, grad: Tensor) -> None:
    x.grad = boxes.grad = None
    operator(x, boxes).backward(grad)


def operators(args: argparse.Namespace, x: Tensor, boxes: Tensor, size: int) -> dict[str, Operator]:
    """All that is timed for one kernel size."""

    def backend_operator(name: str) -> Operator:
        return lambda x, boxes: box_conv2d(x, boxes, size, backend=name)

    found = {
        f'backend {name}': backend_operator(name)
        for name, backend in BACKENDS.items()
        if name != 'reference' and backend.refuses(x, boxes, size, 1) is None
    }

    def split_operator(pieces: int | str) -> Operator:
        layer = BoxConv2d(x.shape[1], size, pieces=pieces).to(args.device)
        return lambda x, _: layer(x)

    for pieces in args.pieces:
        found[f'in pieces: {pieces}'] = split_operator(int(pieces) if pieces == '4' else pieces)
    return found if args.backends_only else found | peers(x.shape[1], size, args.device, x.dtype)


def timer(args: argparse.Namespace) -> Callable[[Callable[[], Any]], tuple[float, int]]:
    return partial(measure, device=args.device, repeats=args.repeats, limit=args.limit)


def inputs(args: argparse.Namespace) -> Tensor:
    torch.manual_seed(0)
    return torch.rand(args.shape, device=args.device, dtype=getattr(torch, args.dtype))


def time_copy(args: argparse.Namespace) -> float:
    """The floor, in ms: the least of several rounds, as every row is divided by it."""
    x, timed = inputs(args), timer(args)
    target = torch.empty_like(x)
    return min(timed(lambda: target.copy_(x))[0] for _ in range(10))


def compare(args: argparse.Namespace, kernel_size: int, floor: float) -> list[dict]:
    """Print and return one row per operator."""
    x = inputs(args)
    layer = BoxConv2d(x.shape[1], kernel_size)
    if args.boxes == 'random':
        edges = torch.rand(x.shape[1], 2, 2) * (kernel_size - 1)
        layer.set_boxes_(edges.sort(-1).values.flatten(1))
    elif args.boxes == 'whole':
        layer.round_boxes_()
    boxes = layer.boxes.detach().to(args.device)
    grad = torch.rand_like(x)
    exact = box_conv2d(x[:1].double(), boxes.double(), kernel_size, backend='torch')
    leaves = (x.clone().requires_grad_(), boxes.clone().requires_grad_())
    timed = timer(args)
    rows = []
    for name, operator in operators(args, x, boxes, kernel_size).items():
        with torch.no_grad():
            error = (
                operator(x, boxes)[:1].double() - exact
            ).abs().max() / exact.square().mean().sqrt()
            forward, repeats = timed(partial(operator, x, boxes))
        total, repeats_total = timed(partial(both_ways, operator, *leaves, grad))
        rows.append(
            dict(
                kernel_size=kernel_size,
                operator=name,
                copy_ms=floor,
                forward_ms=forward,
                total_ms=total,
                repeats=min(repeats, repeats_total),
                error_over_rms=error.item() if 'backend' in name or 'sum' in name else None,
            )
        )
        print(line(rows[-1]), flush=True)
    return rows


HEADER = (
    '| k | operator | forward ms | / copy | forward + backward ms | / copy | max error / RMS |\n'
    '|---|---|---|---|---|---|---|'
)


def line(row: dict) -> str:
    """A row of the table."""
    error = '' if row['error_over_rms'] is None else f'{row["error_over_rms"]:.0e}'
    times = ' | '.join(
        f'{row[key]:.2f} | {row[key] / row["copy_ms"]:.1f}' for key in ('forward_ms', 'total_ms')
    )
    return f'| {row["kernel_size"]} | {row["operator"]} | {times} | {error} |'


def plot(result: dict, path: Path) -> None:
    """Time over kernel size, forward and backward, one line per operator."""
    figure, axes = plt.subplots(figsize=(7, 4))
    rows = result['rows']
    for name in dict.fromkeys(row['operator'] for row in rows):
        mine = [row for row in rows if row['operator'] == name]
        style: dict[str, Any] = dict(linewidth=3, color='black') if name == 'backend native' else {}
        axes.plot(
            [row['kernel_size'] for row in mine],
            [row['total_ms'] for row in mine],
            marker='o',
            label=name,
            **style,
        )
    axes.axhline(rows[0]['copy_ms'], color='grey', linestyle=':', label='copy of the input')
    axes.set(xlabel='kernel size', ylabel='forward + backward, ms', yscale='log')
    axes.set_title(f'{result["shape"]} {result["dtype"]}, {result["machine"]}', fontsize=9)
    axes.legend(fontsize=7, loc='center left', bbox_to_anchor=(1, 0.5))
    figure.savefig(path, bbox_inches='tight', dpi=130)


DTYPES = ('float32', 'bfloat16', 'float16', 'float64')


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('--shape', type=int, nargs=4, default=[8, 128, 64, 64], metavar='SIZE')
    parser.add_argument('--kernels', type=int, nargs='+', default=[3, 7, 13, 25, 49])
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--dtype', default='float32', choices=DTYPES)
    parser.add_argument('--threads', type=int, default=1, help='on the CPU')
    parser.add_argument('--boxes', choices=('initial', 'random', 'whole'), default='initial')
    parser.add_argument(
        '--pieces', nargs='+', default=[], choices=[str(p) for p in PIECES if p != 1],
        help='time layers whose boxes are cut, too',
    )  # fmt: skip
    parser.add_argument('--backends-only', action='store_true', help='leave the peers out')
    parser.add_argument('--repeats', type=int, default=30)
    parser.add_argument('--limit', type=float, default=8.0, help='seconds per figure, about')
    parser.add_argument('--out', type=Path, help='folder for table, JSON and plot')
    args = parser.parse_args()
    if args.pieces and args.boxes != 'initial':
        parser.error('--pieces times boxes as they are drawn: leave --boxes out')
    torch.set_num_threads(args.threads)
    print(HEADER)
    floor = time_copy(args)
    result = dict(
        shape=args.shape,
        dtype=args.dtype,
        boxes=args.boxes,
        threads=args.threads if args.device == 'cpu' else None,
        **provenance(args.device),
        rows=[row for kernel_size in args.kernels for row in compare(args, kernel_size, floor)],
    )
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / 'op.json').write_text(json.dumps(result, indent=1) + '\n')
        (args.out / 'op.md').write_text('\n'.join([HEADER, *map(line, result['rows'])]) + '\n')
        plot(result, args.out / 'op.png')
        print(f'table, JSON and plot are in {args.out}')


if __name__ == '__main__':
    main()
