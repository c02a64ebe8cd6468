"""The losses of integral regression in three dimensions (arXiv 1711.08229)."""

import torch
from torch import Tensor

from ...registry import MODELS
from ..layers.heatmaps import log_gaussian, wide
from ..layers.volumes import gaussian_error
from .coordinate_losses import cell_index, masked_mean, one_hot_cross_entropy
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
            logits: (B, K, D, H, W); ``None`` where there is no heatmap loss.
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
            error = self._heatmap_errors(logits, normaliser, targets, weights, depth_weights)
            losses['loss_heatmap'] = self.heatmap_weight * masked_mean(error, weights)
        return losses

    def _heatmap_errors(
        self,
        logits: Tensor,
        normaliser: Tensor,
        targets: Tensor,
        weights: Tensor,
        depth_weights: Tensor,
    ) -> Tensor:
        """Errors (B, K): of volumes where the depth counts, else of their marginals over z."""
        deep = depth_weights > 0
        flat = (weights > 0) & ~deep
        errors = normaliser.new_zeros(weights.shape)
        if deep.any():
            volumes, places = logits[deep][None], targets[deep][None]
            if self.heatmap == 'gaussian':
                found = gaussian_error(volumes, places, self.sigma)
            else:
                index = cell_index(places, tuple(volumes.shape[2:]))
                chosen = volumes.flatten(2).gather(2, index[..., None])[..., 0]
                found = normaliser[deep][None] - chosen
            errors = errors.masked_scatter(deep, found.to(errors.dtype))
        if flat.any():
            volumes, places = wide(logits[flat])[None], targets[flat][None, :, :2]
            if self.heatmap == 'gaussian':
                # Summed over z, the Gaussian in space is one in the plane, times its sum along z.
                centre = volumes.new_zeros(1, 1, 1)
                along = log_gaussian(centre, (volumes.shape[2],), self.sigma).exp().sum()
                plane = volumes.sum(2) / along
                gaussian = log_gaussian(places, tuple(plane.shape[2:]), self.sigma).exp()
                found = (plane - gaussian).square().mean((2, 3))
            else:
                found = one_hot_cross_entropy(volumes.logsumexp(2), places)
            errors = errors.masked_scatter(flat, found.to(errors.dtype))
        return errors
