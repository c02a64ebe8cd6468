"""Time whole networks: inference and training step; and the memory they take.

Networks get the same treatment and are measured in turn in one run; ratios are to the first one.
Each figure is the fastest (CPU) or median (GPU) of its repetitions. "peak" is the most that the
tensors of a call take at once, beyond weights, gradients, the optimiser's state and the images.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from itertools import accumulate
from pathlib import Path

import get_flops
import torch
from _arguments import load_config
from _command_line import parser_of
from _provenance import provenance
from _timing import measure
from mmengine.config import Config, DictAction
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import nn
from torch.profiler import ProfilerActivity, profile

from mmpose_sat.engine import keep_freed_memory
from mmpose_sat.models import fuse_for_inference


def peak_of(call: Callable[[], object], device: str) -> float:
    """MB that the tensors of a call take at once, beyond those that were there before it."""
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as trace:
        call()
    events = trace.profiler.kineto_results.events()
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == '[memory]')
    return max(accumulate((nbytes for _, nbytes in changes), initial=0)) / 1e6


def configured(path: str, options: dict | None) -> Config:
    """A config with the options of the command line."""
    config = load_config(path)
    config.merge_from_dict(options or {})
    return config


def build(path: str, options: dict | None) -> nn.Module:
    """The network of a config, as constructed: nothing is downloaded."""
    config = configured(path, options)
    init_default_scope(config.get('default_scope', 'mmpose'))
    return revert_sync_batchnorm(MODELS.build(config.model))  # which exists on GPUs only


def benchmark(path: str, batch: int, args: argparse.Namespace) -> dict[str, float]:
    """All figures of one network at one batch size."""
    torch.compiler.reset()  # compiled for this batch alone, not for any
    model = build(path, args.cfg_options)
    model.to(args.device)
    images = torch.randn(batch, 3, *args.shape, device=args.device)
    if args.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        images = images.contiguous(memory_format=torch.channels_last)
    prepare = torch.compile if args.compile else lambda network: network
    folded = prepare(fuse_for_inference(model))

    def infer() -> None:
        with torch.no_grad():
            folded(images, None, mode='tensor')

    timed = partial(measure, device=args.device, repeats=args.repeats, limit=args.limit)
    figures = {'inference_ms': timed(infer)[0], 'inference_mb': peak_of(infer, args.device)}
    if not args.inference_only:
        model.train()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
        stepping = prepare(model)

        def step() -> None:
            outputs = stepping(images, None, mode='tensor')
            outputs = outputs if isinstance(outputs, tuple | list) else (outputs,)
            torch.stack([out.square().mean() for out in outputs]).sum().backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)

        figures['training_ms'] = timed(step)[0]
        figures['training_mb'] = peak_of(step, args.device)
    return figures


HEADER = (
    '| config | parameters (M) | GMAC (10⁹) | batch | inference ms (speed) | peak MB '
    '| training step ms (speed) | peak MB |\n|---|---|---|---|---|---|---|---|'
)


def line(row: dict, rows: list[dict]) -> str:
    """A row of the table; speeds are relative to the first network with the same batch."""
    first = next(r for r in rows if r['batch'] == row['batch'])
    cells = [row['config'], f'{row["params"]:.2f}', f'{row["gmac"]:.3f}', str(row['batch'])]
    for call in ('inference', 'training'):
        if f'{call}_ms' in row:
            time, speed = row[f'{call}_ms'], first[f'{call}_ms'] / row[f'{call}_ms']
            cells += [f'{time:.0f} ({speed:.2f}x)', f'{row[f"{call}_mb"]:.0f}']
        else:
            cells += ['', '']
    return f'| {" | ".join(cells)} |'


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument(
        'configs',
        nargs='+',
        help='files or names like mmpose::…; the first is what the others are compared with',
    )
    parser.add_argument(
        '--shape', type=int, nargs=2, default=[256, 192], help='height and width, for all configs'
    )
    parser.add_argument('--batches', type=int, nargs='+', default=[1, 16])
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--threads', type=int, default=2, help='on the CPU')
    parser.add_argument('--compile', action='store_true', help='torch.compile, for all of them')
    parser.add_argument(
        '--keep-memory', action='store_true', help='as KeepMemoryHook does in training on a CPU'
    )
    parser.add_argument(
        '--channels-last', action='store_true', help='images and weights, for all of them'
    )
    parser.add_argument('--inference-only', action='store_true')
    parser.add_argument('--repeats', type=int, default=20)
    parser.add_argument('--limit', type=float, default=20.0, help='seconds per figure, about')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='for all configs')
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.keep_memory:
        keep_freed_memory()
    rows: list[dict] = []
    result = dict(
        shape=args.shape,
        compiled=args.compile,
        keep_memory=args.keep_memory,
        channels_last=args.channels_last,
        cfg_options=args.cfg_options,
        threads=args.threads if args.device == 'cpu' else None,
        **provenance(args.device),
        rows=rows,
    )
    print(HEADER)
    for batch in args.batches:
        for path in args.configs:
            parameters, macs = get_flops.count(configured(path, args.cfg_options), args.shape)[
                'total'
            ]
            row = dict(config=Path(path).stem, batch=batch)
            row |= dict(params=parameters / 1e6, gmac=macs / 1e9) | benchmark(path, batch, args)
            rows.append(row)
            print(line(row, rows), flush=True)
            if args.out:  # after each network: the next may take long
                args.out.parent.mkdir(parents=True, exist_ok=True)
                args.out.write_text(json.dumps(result, indent=1) + '\n')


if __name__ == '__main__':
    main()
