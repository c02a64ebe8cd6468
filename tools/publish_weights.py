"""Make a training's checkpoint a small file of weights, named by its hash, that the package ships.

What training alone needs is left out, the config with its paths too; weights are rounded to half
precision, coordinates of boxes and statistics of normalisation are kept as they are.
"""

import hashlib
import io
import sys
from pathlib import Path

import numpy as np
import torch
from _command_line import parser_of

import mmpose_sat  # noqa: F401 - lets the checkpoint load
from mmpose_sat.weights import FOLDER, published

EXACT = ('coords', 'running_mean', 'running_var')


def _as_lists(meta: dict) -> dict:
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in meta.items()}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('name', help='of the config')
    parser.add_argument('--out', type=Path, default=FOLDER)
    args = parser.parse_args()
    checkpoint = torch.load(args.checkpoint, map_location='cpu', weights_only=True)
    if missing := {'state_dict', 'meta'} - checkpoint.keys():
        sys.exit(f'{args.checkpoint} is no checkpoint of MMEngine: it has no {sorted(missing)}')
    weights = {
        name: value.half() if value.dtype == torch.float32 and not name.endswith(EXACT) else value
        for name, value in checkpoint['state_dict'].items()
    }
    if wrong := [name for name, value in weights.items() if not value.isfinite().all()]:
        sys.exit(f'{args.checkpoint}: {wrong[0]} is not finite in half precision')
    buffer = io.BytesIO()
    # Lists where there were arrays: those are not for torch.load(..., weights_only=True).
    meta = dict(dataset_meta=_as_lists(checkpoint['meta'].get('dataset_meta', {})))
    torch.save(dict(state_dict=weights, meta=meta), buffer)
    content = buffer.getvalue()
    path = args.out / f'{args.name}-{hashlib.sha256(content).hexdigest()[:8]}.pth'
    args.out.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    for other in set(published(args.out)[args.name]) - {path}:
        if hashlib.sha256(other.read_bytes()).hexdigest()[:8] == other.stem.rpartition('-')[2]:
            other.unlink()  # an older publication
    print(path, f'{len(content) / 1e6:.2f} MB')


if __name__ == '__main__':
    main()
