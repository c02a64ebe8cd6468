"""Datasets and transforms, registered in :mod:`mmpose_sat.registry`."""

from .coco_joints import CocoJointsDataset
from .h36m import Human36mImageDataset
from .lip import LipDataset
from .lsp import CombinedLspDataset, LspDataset
from .masking import PaddedAffine, RandomBodyMask, RandomChannelPermutation, RandomKeypointMask
from .mpii import MpiiDataset
from .transforms import LoadImageOrSkip, RandomBBoxTransform3D, RandomChannelGain

__all__ = [
    'CocoJointsDataset',
    'CombinedLspDataset',
    'Human36mImageDataset',
    'LipDataset',
    'LoadImageOrSkip',
    'LspDataset',
    'MpiiDataset',
    'PaddedAffine',
    'RandomBBoxTransform3D',
    'RandomBodyMask',
    'RandomChannelGain',
    'RandomChannelPermutation',
    'RandomKeypointMask',
]
