"""The loss of DSNT (arXiv 1801.07372): distance plus a regulariser of the heatmap's shape."""

from torch import Tensor, nn

from ...registry import MODELS
from ..layers.checks import check_choice, check_non_negative, check_positive
from .coordinate_losses import euclidean, js_divergence, kl_divergence, masked_mean, variance_error

__all__ = ['DSNTLoss']

REGULARISERS = {None: None, 'var': variance_error, 'kl': kl_divergence, 'js': js_divergence}


@MODELS.register_module()
class DSNTLoss(nn.Module):
    """Euclidean distance + ``weight`` x regulariser, averaged over the visible joints of the batch.

    Args:
        regulariser: ``None``, ``'var'``, ``'kl'`` or ``'js'``.
        weight: lambda; default: the paper's, 100 for ``'var'`` and 1 for the divergences.
        sigma: standard deviation of the Gaussian aimed at, in heatmap cells.

    Raises:
        ValueError: the regulariser is another, sigma is not positive, or the weight is negative.
    """

    axes = 2

    def __init__(
        self, regulariser: str | None = 'js', weight: float | None = None, sigma: float = 1.0
    ) -> None:
        super().__init__()
        check_choice('regulariser', regulariser, REGULARISERS)
        check_positive(sigma=sigma)
        self.regulariser = regulariser
        self.weight = (100.0 if regulariser == 'var' else 1.0) if weight is None else weight
        check_non_negative(weight=self.weight)
        self.sigma = sigma

    def forward(
        self,
        logits: Tensor,
        heatmaps: Tensor,
        coordinates: Tensor,
        targets: Tensor,
        weights: Tensor,
    ) -> dict[str, Tensor]:
        """The two terms.

        Args:
            logits: not used.
            heatmaps: (B, K, H, W), of sum 1.
            coordinates: (B, K, 2) in [-1, 1].
            targets: (B, K, 2) in [-1, 1].
            weights: (B, K), 0 for joints that do not count.
        """
        losses = dict(loss_coordinates=masked_mean(euclidean(coordinates, targets), weights))
        regulariser = REGULARISERS[self.regulariser]
        if regulariser is not None:
            shape = regulariser(heatmaps, targets, self.sigma)
            losses['loss_shape'] = self.weight * masked_mean(shape, weights)
        return losses
