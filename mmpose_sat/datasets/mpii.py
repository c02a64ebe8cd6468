"""MPII Human Pose with joints where they are."""

from mmpose.datasets.datasets import MpiiDataset as OneBasedMpiiDataset

from ..registry import DATASETS

__all__ = ['MpiiDataset']


@DATASETS.register_module()
class MpiiDataset(OneBasedMpiiDataset):
    """MMPose's ``MpiiDataset`` with joints in px counted from 0, as it counts persons' centres.

    The annotation files count from 1, as Matlab does. To be evaluated by
    :class:`mmpose_sat.evaluation.PCKh`; MMPose's ``MpiiPCKAccuracy`` expects joints counted from 1
    and predictions from 0.
    """

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        instances, images = super()._load_annotations()
        for instance in instances:
            instance['keypoints'] = instance['keypoints'] - 1
        return instances, images
