"""The losses of integral regression in three dimensions (arXiv 1711.08229)."""

import torch
from torch import Tensor

from ...registry import MODELS
from ..layers.heatmaps import wide
from ..layers.volumes import columns, gaussian_error
from .coordinate_losses import cell_index, masked_mean
from .integral_loss import IntegralLoss

__all__ = ['IntegralLoss3D']


@MODELS.register_module()
class IntegralLoss3D(IntegralLoss):
    """:class:`IntegralLoss` for volumes, and for samples with and without depth in one batch.

    A joint with depth has the joint loss on x, y and z and the heatmap loss on its volume. A joint
    without has the joint loss on x and y and the heatmap loss on its volume's marginal over z:
    which depth it has in that column of cells is left open.

    Args:
        joint: as in :class:`IntegralLoss`.
        heatmap: ``'gaussian'`` (H1), ``'one_hot'`` (H2) or ``None``.
        kwargs: the weights and ``sigma`` of :class:`IntegralLoss`.

    Raises:
        ValueError: as :class:`IntegralLoss`; ``heatmap`` is ``'disc'``, which is of the plane.
    """

    axes = 3

    def __init__(
        self, joint: str | None = 'l1', heatmap: str | None = None, **kwargs: float
    ) -> None:
        if heatmap == 'disc':
            raise ValueError("heatmap='disc' is a loss of the plane, not of volumes")
        super().__init__(joint, heatmap, **kwargs)  # type: ignore[arg-type]

    def forward(  # type: ignore[override]
        self,
        logits: Tensor | None,
        normaliser: Tensor | None,
        coordinates: Tensor,
        targets: Tensor,
        weights: Tensor,
        depth_weights: Tensor,
    ) -> dict[str, Tensor]:
        """The losses in force.

        Args:
            logits: (B, K, D, H, W), those that ``softmax_marginals`` returns; ``None`` where there
                is no heatmap loss.
            normaliser: (B, K), their logsumexp.
            coordinates: (B, K, 3) in [-1, 1].
            targets: (B, K, 3) in [-1, 1].
            weights: (B, K), 0 for joints that do not count.
            depth_weights: (B, K), 0 for joints whose depth does not count.
        """
        losses = {}
        if self.joint and self.phase != 'heatmap':
            each = torch.stack([weights, weights, depth_weights], -1)
            losses['loss_joint'] = self.joint_loss(coordinates, targets, each)
        if self.heatmap and self.phase != 'joint':
            assert logits is not None and normaliser is not None
            error = self._heatmap_errors(logits, normaliser, targets, depth_weights)
            losses['loss_heatmap'] = self.heatmap_weight * masked_mean(error, weights)
        return losses

    def _heatmap_errors(
        self,
        logits: Tensor,
        normaliser: Tensor,
        targets: Tensor,
        depth_weights: Tensor,
    ) -> Tensor:
        """Errors (B, K): of volumes where the depth counts, else of their marginals over z."""
        deep = depth_weights > 0
        if self.heatmap == 'gaussian':
            return gaussian_error(logits, targets, self.sigma, ~deep)
        depth, *plane = logits.shape[2:]
        index = cell_index(targets[..., :2], tuple(plane))[..., None]
        column = wide(columns(logits, index))
        cell = cell_index(targets[..., 2:], (depth,))[..., None]
        return normaliser - torch.where(deep, column.gather(2, cell)[..., 0], column.logsumexp(2))
