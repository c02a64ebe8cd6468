"""Losses: functions joint by joint, and the modules that configs name."""

from .coordinate_losses import (
    disc_bce,
    euclidean,
    gaussian_mse,
    js_divergence,
    kl_divergence,
    masked_mean,
    one_hot_cross_entropy,
    variance_error,
)
from .dsnt_loss import DSNTLoss
from .integral_loss import IntegralLoss
from .integral_loss_3d import IntegralLoss3D

__all__ = [
    'DSNTLoss',
    'IntegralLoss',
    'IntegralLoss3D',
    'disc_bce',
    'euclidean',
    'gaussian_mse',
    'js_divergence',
    'kl_divergence',
    'masked_mean',
    'one_hot_cross_entropy',
    'variance_error',
]
