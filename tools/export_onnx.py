"""Write a trained pose estimator as ONNX with standard operators only, and check it.

The file maps normalised images (N, 3, H, W), N free, to what the head puts out before decoding:
heatmaps (of the last stage), or coordinates and heatmaps. onnxruntime must agree with PyTorch to
1e-4 of the largest value of heatmaps, and of half the image in coordinates, whose range is [-1, 1].
"""

from pathlib import Path

import numpy as np
import torch
from _arguments import input_size, load_model
from _command_line import parser_of
from torch import Tensor, nn

from mmpose_sat.ops import boxes_to_convolutions


class Network(nn.Module):
    """The tensors of an MMPose model, without data samples."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        output = self.model(images, None, mode='tensor')
        if isinstance(output, list):  # heatmaps of stages
            output = output[-1]
        return (output,) if isinstance(output, Tensor) else output


def export(model: nn.Module, size: tuple[int, int], path: Path) -> float:
    """Write ``model`` for images of (height, width); return the relative error in onnxruntime."""
    import onnxruntime

    network = Network(boxes_to_convolutions(model)).eval()
    images = torch.randn(2, 3, *size)
    with torch.no_grad():
        count = len(network(images))
    torch.onnx.export(
        network,
        (images,),
        path,
        input_names=['images'],
        output_names=['output', *(f'output_{i}' for i in range(2, count + 1))],
        dynamic_shapes=({0: 'batch'},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    errors = []
    for batch in (1, 3):
        images = torch.randn(batch, 3, *size)
        with torch.no_grad():
            outputs = Network(model)(images)
        for found, expected in zip(
            session.run(None, {'images': images.numpy()}), outputs, strict=True
        ):
            are_coordinates = expected.ndim == 3 and expected.shape[2] <= 3
            largest = 1 if are_coordinates else expected.abs().max()
            errors.append(np.abs(found - expected.numpy()).max() / largest)
    return float(np.max(errors))  # NaN if one is


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument('config')
    parser.add_argument('checkpoint', nargs='?', help='without it, weights are random')
    parser.add_argument('--out', type=Path, default=Path('model.onnx'))
    args = parser.parse_args()
    model = load_model(args.config, args.checkpoint)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    error = export(model, input_size(model.cfg), args.out)
    print(f'{args.out}: {args.out.stat().st_size / 1e6:.1f} MB, error in onnxruntime {error:.1e}')
    if not error <= 1e-4:
        raise SystemExit('onnxruntime and PyTorch disagree')


if __name__ == '__main__':
    main()
