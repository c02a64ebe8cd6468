"""What heads of coordinates are trained with, joint by joint, and the mean over visible joints.

Coordinates (B, K, 2 or 3) are in [-1, 1], heatmaps (B, K, [D,] H, W) sum to 1, logits are what they
are made of; every function but :func:`masked_mean` gives (B, K). The Euclidean loss and
the regularisers are those of DSNT (arXiv 1801.07372); H1, H2 and H3 are the heatmap losses of
integral regression (arXiv 1711.08229).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ...codecs.coordinates import cell_centres
from ..layers.heatmaps import log_gaussian, marginals, wide

__all__ = [
    'disc_bce',
    'euclidean',
    'gaussian_mse',
    'js_divergence',
    'kl_divergence',
    'masked_mean',
    'one_hot_cross_entropy',
    'variance_error',
]

TINY = 1e-24  # what the paper's code adds to probabilities; a float32


def masked_mean(values: Tensor, weights: Tensor) -> Tensor:
    """One mean over all joints of the batch that count; 0 where none does.

    Args:
        values: (B, K).
        weights: (B, K), 0 for joints that do not count, whatever their values.
    """
    values = torch.where(weights > 0, values * weights, 0)
    return values.sum() / weights.sum().clamp(min=1)


def euclidean(coordinates: Tensor, targets: Tensor) -> Tensor:
    """Distance, with gradient 0 where it is 0."""
    return torch.linalg.vector_norm(coordinates - targets, dim=-1)


def variance_error(heatmaps: Tensor, targets: Tensor, sigma: float) -> Tensor:
    """Squared differences between the variances along the axes and those aimed at.

    In the units of the coordinates, as the paper's lambda of 100 wants it; ``sigma`` is in cells.
    ``targets`` is not used: the variance is about the heatmap's own mean.
    """
    error: Tensor | float = 0.0
    for axis in marginals(heatmaps):
        places = cell_centres(axis.shape[2], axis)
        mean = (axis * places).sum(-1, keepdim=True)
        variance = (axis * (places - mean).square()).sum(-1)
        error = error + (variance - (2 * sigma / len(places)) ** 2).square()
    return error  # type: ignore[return-value]


def _log_target(heatmaps: Tensor, targets: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """Heatmaps, and the logarithm of the Gaussians aimed at, both (B, K, cells)."""
    gaussian = log_gaussian(targets.to(heatmaps.dtype), tuple(heatmaps.shape[2:]), sigma)
    return heatmaps.flatten(2), gaussian.flatten(2).log_softmax(-1)


def _log(probabilities: Tensor) -> Tensor:
    return probabilities.clamp(min=TINY).log()


def kl_divergence(heatmaps: Tensor, targets: Tensor, sigma: float) -> Tensor:
    """Kullback-Leibler divergence of heatmaps from Gaussians of ``sigma`` cells."""
    p, log_q = _log_target(heatmaps, targets, sigma)
    log_q = torch.logaddexp(log_q, log_q.new_tensor(math.log(TINY)))
    return (p * (_log(p) - log_q)).sum(-1)


def js_divergence(heatmaps: Tensor, targets: Tensor, sigma: float) -> Tensor:
    """Jensen-Shannon divergence of heatmaps and Gaussians of ``sigma`` cells."""
    p, log_q = _log_target(heatmaps, targets, sigma)
    q = log_q.exp()
    log_mean = _log((p + q) / 2)
    return (p * (_log(p) - log_mean) + q * (log_q - log_mean)).sum(-1) / 2


def gaussian_mse(logits: Tensor, targets: Tensor, sigma: float = 1.0) -> Tensor:
    """H1: mean squared error against Gaussians of ``sigma`` cells and peak 1."""
    logits = wide(logits)
    gaussian = log_gaussian(targets.to(logits.dtype), tuple(logits.shape[2:]), sigma).exp()
    return (logits - gaussian).square().flatten(2).mean(-1)


def cell_index(targets: Tensor, size: tuple[int, ...]) -> Tensor:
    """Index (B, K) into the flattened ([D,] H, W) of the cells that targets (B, K, 2 or 3) are in.

    Targets outside of the map are in the cell nearest to them.
    """
    index = torch.zeros_like(targets[..., 0], dtype=torch.long)
    for axis in reversed(range(len(size))):
        cells = size[-1 - axis]
        cell = ((targets[..., axis] + 1) * (cells / 2)).floor().long().clamp(0, cells - 1)
        index = index * cells + cell
    return index


def one_hot_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """H2: cross-entropy of the softmax over all cells against the cell that the joint is in."""
    index = cell_index(targets, tuple(logits.shape[2:]))
    return F.cross_entropy(wide(logits).flatten(2).movedim(2, 1), index, reduction='none')


def disc_bce(
    logits: Tensor, targets: Tensor, input_size: tuple[int, ...], radius: float = 15.0
) -> Tensor:
    """H3: binary cross-entropy, cells within ``radius`` input pixels of the joint being positive.

    Args:
        logits: (B, K, H, W).
        targets: (B, K, 2).
        input_size: width and height of the network's input in px.
        radius: px of the network's input.
    """
    logits = wide(logits)
    height, width = logits.shape[2:]
    x = (cell_centres(width, targets) - targets[..., :1]) * (input_size[0] / 2)
    y = (cell_centres(height, targets) - targets[..., 1:]) * (input_size[1] / 2)
    inside = x.square()[..., None, :] + y.square()[..., :, None] <= radius**2
    loss = F.binary_cross_entropy_with_logits(logits, inside.to(logits.dtype), reduction='none')
    return loss.flatten(2).mean(-1)
