"""Which part of an image a joint is found by (Osokin, arXiv 1906.04104, section 3.3)."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

__all__ = ['half_response_area', 'plot_receptive_field', 'receptive_field']


def _responses(output: object, places: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """(B, K, D): values of D maps of each joint, at their highest cells unless given; coordinates.

    The cells (B, K, D) are returned too; coordinates have none.
    """
    if isinstance(output, list):  # stages
        output = output[-1]
    parts = output if isinstance(output, tuple) else (output,)
    if all(isinstance(part, Tensor) for part in parts):
        first = parts[0]
        vectors = len(parts) > 1 and all(part.ndim == 3 for part in parts)
        if first.ndim == 3 and not vectors and first.shape[2] in (2, 3, 4):
            return (first[..., :2] if first.shape[2] == 4 else first), None  # RLE: and spreads
        if first.ndim == 4 or vectors:
            maps = [part.flatten(2) for part in (parts if vectors else parts[:1])]
            if places is None:
                places = torch.stack([each.argmax(2) for each in maps], 2)
            cells = places.expand(len(first), -1, -1).split(1, 2)
            values = [each.gather(2, cell) for each, cell in zip(maps, cells, strict=True)]
            return torch.cat(values, 2), places
    raise TypeError('the network gives neither heatmaps, vectors of axes nor coordinates')


@torch.no_grad()
def receptive_field(
    model: nn.Module, image: Tensor, patch: int = 16, step: int = 8, batch: int = 16, seed: int = 0
) -> Tensor:
    """How much noise at each place of an image changes what a network says of each joint.

    A square of normal noise slides over the image. The response of a joint is by how much its
    heatmap's highest value falls or rises where it was; so do the highest values of its vectors,
    one for each axis (SimCC), of which the response is the norm; or how far its coordinates move
    for heads that give coordinates.

    Args:
        model: an MMPose network that gives heatmaps, vectors or coordinates, called as
            ``model(images, None, mode='tensor')``; the last of several stages counts.
        image: (3, H, W), normalised as the network takes it.
        patch: side of the square, px.
        step: px from one place to the next.
        batch: images at a time.
        seed: of the noise.

    Returns:
        (K, rows, columns), 0 or more; row i and column j belong to the square whose top left corner
        is at pixel ``(i * step, j * step)``.

    Raises:
        ValueError: ``patch``, ``step`` or ``batch`` is not positive, or the patch is larger than
            the image.
        TypeError: the network gives something else.
    """
    height, width = image.shape[1:]
    if min(step, batch) < 1 or not 1 <= patch <= min(height, width):
        raise ValueError(
            f'patch={patch} must be in 1 ... {min(height, width)}, step={step} and batch={batch} '
            '1 or more'
        )
    noise = torch.randn(3, patch, patch, generator=torch.Generator().manual_seed(seed)).to(image)
    corners = [
        (y, x)
        for y in range(0, height - patch + 1, step)
        for x in range(0, width - patch + 1, step)
    ]
    changes = []
    training = model.training
    model.eval()
    try:
        plain, places = _responses(model(image[None], None, mode='tensor'), None)
        for start in range(0, len(corners), batch):
            images = []
            for y, x in corners[start : start + batch]:
                images.append(image.clone())
                images[-1][:, y : y + patch, x : x + patch] = noise
            found, _ = _responses(model(torch.stack(images), None, mode='tensor'), places)
            changes.append((found - plain).norm(dim=-1))
    finally:
        model.train(training)
    rows = (height - patch) // step + 1
    return torch.cat(changes).T.unflatten(1, (rows, -1))


def half_response_area(responses: Tensor) -> Tensor:
    """Smallest share of the places that holds half of all response, (K,) of (K, rows, columns).

    1 for a joint that nothing has changed.
    """
    flat = responses.flatten(1).sort(1, descending=True).values.double()
    reached = flat.cumsum(1) / flat.sum(1, keepdim=True).clamp(min=1e-12)
    return ((reached < 0.5).sum(1) + 1).clamp(max=flat.shape[1]) / flat.shape[1]


def plot_receptive_field(
    image: np.ndarray, responses: Tensor, names: dict[int, str], patch: int, step: int,
    path: str | Path,
) -> Figure:  # fmt: skip
    """Draw the responses of joints over the image, each with its area.

    Args:
        image: (H, W, 3), RGB.
        responses: (K, rows, columns), from :func:`receptive_field` with ``patch`` and ``step``.
        names: index -> name of the joints to draw.
        patch, step: as there.
        path: picture to write.

    Returns:
        The matplotlib figure.
    """
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(2 * columns, 2.2 * rows), layout='constrained')
    areas = half_response_area(responses)
    first = (patch - step) / 2 - 0.5  # a place is drawn around the middle of its square
    right, low = (first + step * cells for cells in (responses.shape[2], responses.shape[1]))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (joint, name) in zip(axes, names.items(), strict=False):
        axis.imshow(image)
        axis.imshow(responses[joint], cmap='magma', alpha=0.6, extent=(first, right, low, first))
        axis.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
        axis.set_title(f'{name}: {100 * areas[joint]:.0f} %', fontsize=8)
    figure.savefig(path, dpi=120)
    return figure
