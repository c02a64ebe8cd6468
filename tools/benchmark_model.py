"""Time whole networks: inference and training step, and what a step keeps for its backward pass.

Networks get the same treatment and are measured in turn in one run; ratios are to the first one.
Each figure is the fastest (CPU) or median (GPU) of its repetitions.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import torch
from _provenance import commit, machine
from _timing import measure
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_sat.engine import keep_freed_memory
from mmpose_sat.models import fuse_for_inference
from mmpose_sat.ops import count_macs


def kept_for_backward(model: nn.Module, images: Tensor) -> float:
    """MB of distinct storages that a forward pass keeps, parameters not counted."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model(images, None, mode='tensor')
    del output
    return sum(kept.values()) / 1e6


def build(path: str, options: dict | None) -> tuple[nn.Module, Config]:
    """The network of a config, as constructed: nothing is downloaded."""
    config = Config.fromfile(path)
    config.merge_from_dict(options or {})
    init_default_scope(config.get('default_scope', 'mmpose'))
    return MODELS.build(config.model), config


def benchmark(path: str, batch: int, args: argparse.Namespace) -> dict[str, float]:
    """All figures of one network at one batch size."""
    model, _ = build(path, args.cfg_options)
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
    figures = {'inference_ms': timed(infer)[0]}
    if not args.inference_only:
        model.train()
        figures['kept_mb'] = kept_for_backward(model, images)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
        stepping = prepare(model)

        def step() -> None:
            stepping(images, None, mode='tensor').square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()

        figures['training_ms'] = timed(step)[0]
    return figures


HEADER = (
    '| config | GMAC | batch | inference ms (speed) | training step ms (speed) | kept MB |\n'
    '|---|---|---|---|---|---|'
)


def line(row: dict, rows: list[dict]) -> str:
    """A row of the table; speeds are relative to the first network with the same batch."""
    first = next(r for r in rows if r['batch'] == row['batch'])
    cells = [
        f'{row[key]:.0f} ({first[key] / row[key]:.2f}x)' if key in row else ''
        for key in ('inference_ms', 'training_ms')
    ]
    kept = f'{row["kept_mb"]:.0f}' if 'kept_mb' in row else ''
    return (
        f'| {row["config"]} | {row["gmac"]:.3f} | {row["batch"]} | {" | ".join(cells)} | {kept} |'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('configs', nargs='+', help='the first is what the others are compared with')
    parser.add_argument('--shape', type=int, nargs=2, default=[256, 192])
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
    print(HEADER)
    for batch in args.batches:
        for path in args.configs:
            with torch.device('meta'):
                model, _ = build(path, args.cfg_options)
                model.eval()
                macs = count_macs(model, torch.empty(1, 3, *args.shape), None, mode='tensor')
            row = dict(config=Path(path).stem, batch=batch, gmac=macs.total() / 1e9)
            row |= benchmark(path, batch, args)
            rows.append(row)
            print(line(row, rows), flush=True)
    if args.out:
        result = dict(
            shape=args.shape,
            compiled=args.compile,
            keep_memory=args.keep_memory,
            channels_last=args.channels_last,
            threads=args.threads if args.device == 'cpu' else None,
            machine=machine(args.device),
            torch=torch.__version__,
            commit=commit(),
            rows=rows,
        )
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(result, indent=1) + '\n')


if __name__ == '__main__':
    main()
