"""What boxes look like while they are learned (Zhang et al., arXiv 1906.11367, Sec. 4.3)."""

import torch
from torch import nn

from .module import BoxConv2d
from .splitting import split_edges

__all__ = ['box_statistics']


@torch.no_grad()
def box_statistics(model: nn.Module) -> dict[str, float]:
    """Means over the boxes of all :class:`BoxConv2d` layers; of split boxes, the outline counts.

    Args:
        model: A model; without box layers the result is empty.

    Returns:
        ``side``: width and height over the kernel's side, the root of their product. ``offset``:
        distance of the centre from the kernel's, over half of the kernel's side. ``asymmetry``: the
        horizontal part of it, 0 for boxes that are their own mirror image. ``smallest``: share of
        boxes with a side of at most 1.05 px, of which one pixel is the least.
    """
    columns: list[torch.Tensor] = []
    for layer in model.modules():
        if isinstance(layer, BoxConv2d):
            along_x, along_y = split_edges(layer.boxes, *layer.grid)
            low = torch.stack([along_x[:, 0], along_y[:, 0]], 1)
            high = torch.stack([along_x[:, -1], along_y[:, -1]], 1)
            sides = high - low + 1
            reach = (layer.kernel_size - 1) / 2
            centres = ((low + high) / 2 - reach) / reach if reach else torch.zeros_like(low)
            columns.append(
                torch.stack(
                    [
                        sides.prod(1).sqrt() / layer.kernel_size,
                        centres.norm(dim=1),
                        centres[:, 0].abs(),
                        (sides <= 1.05).any(1).to(sides.dtype),
                    ],
                    1,
                ).cpu()
            )
    if not columns:
        return {}
    means = torch.cat(columns).mean(0).tolist()
    return dict(zip(('side', 'offset', 'asymmetry', 'smallest'), means, strict=True))
