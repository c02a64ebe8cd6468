"""People of the validation data, as a network takes them and answers."""

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpose.structures import PoseDataSample
from torch import Tensor
from torch.utils.data import DataLoader

from mmpose_sat.visualization import receptive_field


def validation_loader(config: Config) -> DataLoader:
    """The config's, read by this process alone."""
    loader = dict(config.val_dataloader, num_workers=0, persistent_workers=False)
    return Runner.build_dataloader(loader)


def validation_people(config: Config) -> BaseDataset:
    """The data set of the loader."""
    return validation_loader(config).dataset


def predict(model: BaseModel, data: dict) -> list[PoseDataSample]:
    """Poses of a batch of the loader, in px of their photographs."""
    with torch.no_grad():
        return model.test_step(data)


def to_input(points: np.ndarray, sample: PoseDataSample) -> np.ndarray:
    """Points (K, 2) of the photograph in px of the network's input."""
    meta = sample.metainfo
    corner = meta['input_center'] - meta['input_scale'] / 2
    return (points - corner) / meta['input_scale'] * meta['input_size']


def input_image(person: dict) -> np.ndarray:
    """The network's input of a person of the data set, (H, W, 3), RGB."""
    return person['inputs'].numpy()[::-1].transpose(1, 2, 0)


def responses(model: BaseModel, person: dict, patch: int, step: int) -> Tensor:
    """What :func:`~mmpose_sat.visualization.receptive_field` gives for a person's joints."""
    image = model.data_preprocessor(pseudo_collate([person]))['inputs'][0]
    joints = len(model.dataset_meta['keypoint_id2name'])  # without a background
    return receptive_field(model, image, patch, step)[:joints]
