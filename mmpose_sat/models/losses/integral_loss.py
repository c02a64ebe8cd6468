"""The losses of integral regression (arXiv 1711.08229) and which of them is in force."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from ...codecs.coordinates import check_size
from ...registry import MODELS
from ..layers.checks import check_choice, check_non_negative, check_positive
from .coordinate_losses import disc_bce, gaussian_mse, masked_mean, one_hot_cross_entropy

__all__ = ['IntegralLoss']


@MODELS.register_module()
class IntegralLoss(nn.Module):
    """Joint loss on coordinates, heatmap loss on logits, or both.

    I* is ``joint='l1', heatmap=None``; H1, H2 and H3 are ``joint=None`` with a heatmap loss; I1, I2
    and I3 have both, one after the other: :class:`mmpose_sat.engine.SwitchLossHook` moves
    :attr:`phase`.

    Args:
        joint: ``'l1'``, ``'l2'`` (squared), or ``None``. In widths and heights of the input, summed
            over the axes and joints of a sample, averaged over the samples.
        heatmap: ``'gaussian'`` (H1), ``'one_hot'`` (H2), ``'disc'`` (H3) or ``None``.
        joint_weight: factor of the joint loss.
        heatmap_weight: factor of the heatmap loss.
        sigma: of the Gaussian, in heatmap cells.
        radius: of the disc, in px of the network's input.
        input_size: width and height of the network's input in px, which the disc needs.

    Attributes:
        phase: ``'both'``, ``'joint'`` or ``'heatmap'``: which of the two is computed.

    Raises:
        ValueError: a name is unknown, there is no loss at all, sigma or radius is not positive, a
            weight is negative, or the disc has no ``input_size``.
    """

    axes = 2

    def __init__(
        self,
        joint: str | None = 'l1',
        heatmap: str | None = None,
        joint_weight: float = 1.0,
        heatmap_weight: float = 1.0,
        sigma: float = 1.0,
        radius: float = 15.0,
        input_size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        check_choice('joint', joint, (None, 'l1', 'l2'))
        check_choice('heatmap', heatmap, (None, 'gaussian', 'one_hot', 'disc'))
        if joint is None and heatmap is None:
            raise ValueError('joint and heatmap are both None: there is no loss')
        check_positive(sigma=sigma, radius=radius)
        check_non_negative(joint_weight=joint_weight, heatmap_weight=heatmap_weight)
        self.joint, self.heatmap = joint, heatmap
        self.joint_weight, self.heatmap_weight = joint_weight, heatmap_weight
        self.phase = 'both'
        self.sigma = sigma
        self.input_size: tuple[int, ...] | None = None
        self.heatmap_loss: Callable[[Tensor, Tensor], Tensor] | None = None
        if heatmap == 'gaussian':
            self.heatmap_loss = partial(gaussian_mse, sigma=sigma)
        elif heatmap == 'one_hot':
            self.heatmap_loss = one_hot_cross_entropy
        elif heatmap == 'disc':
            if input_size is None:
                raise ValueError("heatmap='disc' needs the input_size that its radius is in px of")
            self.input_size = check_size('input_size', input_size)
            self.heatmap_loss = partial(disc_bce, input_size=self.input_size, radius=radius)

    def forward(
        self,
        logits: Tensor,
        heatmaps: Tensor,
        coordinates: Tensor,
        targets: Tensor,
        weights: Tensor,
    ) -> dict[str, Tensor]:
        """The losses in force.

        Args:
            logits: (B, K, H, W).
            heatmaps: not used.
            coordinates: (B, K, 2) in [-1, 1].
            targets: (B, K, 2) in [-1, 1].
            weights: (B, K), 0 for joints that do not count.
        """
        losses = {}
        if self.joint and self.phase != 'heatmap':
            losses['loss_joint'] = self.joint_loss(coordinates, targets, weights[..., None])
        if self.heatmap_loss is not None and self.phase != 'joint':
            error = self.heatmap_loss(logits, targets)
            losses['loss_heatmap'] = self.heatmap_weight * masked_mean(error, weights)
        return losses

    def joint_loss(self, coordinates: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Joint loss of coordinates (B, K, 2 or 3) with weights (B, K, 1) or axis by axis."""
        error = ((coordinates - targets) / 2).abs()  # [-1, 1] is one width
        error = error if self.joint == 'l1' else error.square()
        total = torch.where(weights > 0, error * weights, 0).sum()
        return self.joint_weight * total / max(1, len(coordinates))
