"""Labels as the heads need them: of the head's own codec, in [-1, 1], finite."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ['check_codec', 'half_extent', 'targets_of']


def check_codec(batch_data_samples: list, decoder: Any) -> None:
    """Raise a ValueError where labels were not made by the head's codec, as far as they tell."""
    wanted = getattr(decoder, 'input_size', None)
    for sample in batch_data_samples:
        size = sample.metainfo.get('input_size')
        if size is not None and wanted is not None and tuple(size) != tuple(wanted):
            raise ValueError(
                f'the pipeline makes images of input_size={tuple(size)} (width, height), the '
                f'decoder of the head is for {tuple(wanted)}'
            )
    labels = [sample.gt_instance_labels for sample in batch_data_samples]
    found = [label.label_extents for label in labels if 'label_extents' in label]
    # Compared at once: on a GPU each comparison would wait for it.
    if found and (extents := torch.cat(found)).ne(decoder.extent).any():
        other = extents[extents != decoder.extent][0].item()
        raise ValueError(
            f'the encoder of the pipeline makes labels within ±{other / 2:g}, '
            f'{type(decoder).__name__}, the decoder of the head, is for ±{decoder.extent / 2:g}'
        )
    found = [label.depth_ranges for label in labels if 'depth_ranges' in label]
    wanted = getattr(decoder, 'depth_range', None)
    if found and wanted and (ranges := torch.cat(found)).ne(wanted).any():
        other = ranges[ranges != wanted][0].item()
        raise ValueError(
            f'the encoder of the pipeline has depth_range={other:g}, the decoder of the head '
            f'depth_range={wanted:g}'
        )


def half_extent(decoder: Any) -> float:
    """What 1 is in the codec's labels.

    Raises:
        ValueError: there is no codec.
    """
    if decoder is None:
        raise ValueError('the head needs a decoder: the codec that made the labels')
    return decoder.extent / 2


def targets_of(
    batch_data_samples: list, decoder: Any, shape: Sequence[int], dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """What coordinates in [-1, 1] should be, and how much they count, (B, K).

    Args:
        batch_data_samples: with the labels.
        decoder: the codec.
        shape: of the coordinates, (B, K, 2 or 3).
        dtype: of the coordinates, which labels may be wider than.

    Raises:
        ValueError: there is no decoder to say what range labels have, another codec made them,
            their shape is another, or joints that count are outside of that range.
    """
    reach = half_extent(decoder)
    check_codec(batch_data_samples, decoder)
    labels = [sample.gt_instance_labels for sample in batch_data_samples]
    targets = torch.cat([label.keypoint_labels for label in labels])
    if targets.shape != torch.Size(shape):
        raise ValueError(
            f'the head makes coordinates of shape {tuple(shape)} (samples, joints, '
            f'axes), the labels are {tuple(targets.shape)}: out_channels must be the number of '
            'joints, and the encoder of the pipeline the decoder of the head'
        )
    targets = targets.to(dtype) / reach
    weights = torch.cat([label.keypoint_weights for label in labels])
    beyond = ~(targets.abs() <= 1).all(-1) & (weights > 0)
    if beyond.any():
        raise ValueError(
            f'keypoint_labels of {int(beyond.sum())} joints are outside of the image or not a '
            f'number, and keypoint_weights count them: labels must be within '
            f'±{reach:g} (encoder of the pipeline and decoder of the head being the '
            'same codec), or weigh 0'
        )
    return torch.where(weights[..., None] > 0, targets, 0), weights  # NaN would reach gradients
