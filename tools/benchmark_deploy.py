"""Time networks on a CPU in PyTorch, compiled PyTorch, onnxruntime and OpenVINO, and compare them.

Networks are exported by ``tools/export_onnx.py``; each figure is the fastest of its repetitions.
The error is the largest of all outputs, over their largest values in PyTorch. OpenVINO is left
out where it is not installed.
"""

import argparse
import importlib.util
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from _arguments import input_size, load_config
from _command_line import parser_of
from _provenance import provenance
from _timing import measure
from export_onnx import Network, export
from mmpose.apis import init_model
from torch import nn

import mmpose_sat  # noqa: F401 - registers its parts
from mmpose_sat.models import fuse_for_inference

BACKENDS = ('PyTorch', 'compiled', 'onnxruntime', 'OpenVINO', 'OpenVINO, bfloat16')
Call = Callable[[np.ndarray], list[np.ndarray]]


def torch_call(network: nn.Module) -> Call:
    def call(images: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            return [output.numpy() for output in network(torch.from_numpy(images))]

    return call


def onnxruntime_call(path: Path, threads: int) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    return lambda images: session.run(None, {'images': images})


def openvino_call(path: Path, threads: int, precision: str) -> Call:
    import openvino

    core = openvino.Core()
    # By default it computes in bfloat16 where the CPU can.
    config = dict(INFERENCE_NUM_THREADS=threads, INFERENCE_PRECISION_HINT=precision)
    config['PERFORMANCE_HINT'] = 'LATENCY'
    network = core.compile_model(core.read_model(path), 'CPU', config)
    return lambda images: [np.array(output) for output in network(images).values()]


def benchmark(config: str, args: argparse.Namespace, folder: Path) -> list[dict]:
    """Rows of one network."""
    model = init_model(load_config(config), device='cpu')
    height, width = input_size(model.cfg)
    path = folder / 'network.onnx'
    export(model, (height, width), path)
    plain = Network(model).eval()
    fused = Network(fuse_for_inference(model)).eval()
    builders = {
        'PyTorch': lambda: torch_call(fused),
        'compiled': lambda: torch_call(torch.compile(fused)),  # type: ignore[arg-type]
        'onnxruntime': lambda: onnxruntime_call(path, args.threads),
        'OpenVINO': lambda: openvino_call(path, args.threads, 'f32'),
        'OpenVINO, bfloat16': lambda: openvino_call(path, args.threads, 'bf16'),
    }
    images = np.random.default_rng(0).standard_normal((args.batch, 3, height, width), np.float32)
    expected = torch_call(plain)(images)
    rows = []
    for name in args.backends:
        if name.startswith('OpenVINO') and not importlib.util.find_spec('openvino'):
            continue
        call = builders[name]()
        ms, _ = measure(partial(call, images), 'cpu', args.repeats, args.limit)
        error = max(
            float(np.abs(found - truth).max() / np.abs(truth).max())
            for found, truth in zip(call(images), expected, strict=True)
        )
        rows.append(dict(config=Path(config).stem, backend=name, ms=ms, error=error))
        print(line(rows[-1] | dict(batch=args.batch)), flush=True)
    return rows


HEADER = '| config | backend | ms | images / s | error |\n|---|---|---|---|---|'


def line(row: dict) -> str:
    """A row of the table."""
    cells = [row['config'], row['backend'], f'{row["ms"]:.1f}']
    cells += [f'{1e3 * row["batch"] / row["ms"]:.1f}', f'{row["error"]:.0e}']
    return f'| {" | ".join(cells)} |'


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('configs', nargs='+')
    parser.add_argument('--backends', nargs='+', choices=BACKENDS, default=BACKENDS)
    parser.add_argument('--batch', type=int, default=1)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--repeats', type=int, default=30)
    parser.add_argument('--limit', type=float, default=20.0, help='seconds per figure, about')
    parser.add_argument('--out', type=Path, help='JSON file')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(HEADER)
    result = dict(batch=args.batch, threads=args.threads, **provenance('cpu'), rows=[])
    for config in args.configs:
        with tempfile.TemporaryDirectory() as folder:
            result['rows'] += benchmark(config, args, Path(folder))
        if args.out:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(result, indent=1) + '\n')


if __name__ == '__main__':
    main()
