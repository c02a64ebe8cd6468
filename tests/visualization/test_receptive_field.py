"""Which part of an image a network looks at."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import nn

from mmpose_sat.visualization import half_response_area, plot_receptive_field, receptive_field


class Corner(nn.Module):
    """Two joints: one found by the top left 16 x 16 px, one by the whole image."""

    def forward(self, images, data_samples, mode):
        local = nn.functional.avg_pool2d(images[:, :1, :16, :16], 4)
        whole = images.mean((1, 2, 3))[:, None, None, None].expand_as(local)
        maps = torch.cat([local, whole], 1)
        return maps if self.heatmaps else (maps.flatten(2)[..., :2], maps)


@pytest.mark.parametrize('heatmaps', [True, False])
def test_only_what_is_looked_at_responds(heatmaps, tmp_path):
    model = Corner()
    model.heatmaps = heatmaps
    image = torch.rand(3, 48, 32)
    responses = receptive_field(model, image, patch=8, step=8, batch=5)
    assert responses.shape == (2, 6, 4)
    assert (responses[0, 2:] == 0).all() and (responses[0, :, 2:] == 0).all()
    assert responses[0].sum() > 0 and (responses[1] > 0).all()
    torch.testing.assert_close(receptive_field(model, image, 8, 8, batch=64), responses)
    figure = plot_receptive_field(
        np.zeros((48, 32, 3)), responses, {0: 'local', 1: 'whole'}, 8, 8, tmp_path / 'field.png'
    )
    assert figure.axes[0].get_title().startswith('local: 4 %')  # one place of 24


class Upper(nn.Module):
    """A head of MMPose that sees the upper half of the image."""

    def __init__(self, kind, pooled=False, stages=1, **options):
        super().__init__()
        self.head = MODELS.build(dict(type=kind, **options))
        self.pooled, self.stages = pooled, stages

    def forward(self, images, data_samples, mode):
        feature = nn.functional.avg_pool2d(images[:, :, :16], 4)
        feature = feature.mean((2, 3), keepdim=True) if self.pooled else feature
        return self.head([feature] * self.stages)


PLAIN = dict(in_channels=3, deconv_out_channels=None)


@pytest.mark.parametrize(
    'options',
    [
        dict(kind='HeatmapHead', out_channels=5, **PLAIN),
        dict(kind='CPMHead', out_channels=5, num_stages=2, stages=2, **PLAIN),
        dict(kind='RegressionHead', pooled=True, in_channels=3, num_joints=5),
        dict(kind='RLEHead', pooled=True, in_channels=3, num_joints=5),
        dict(kind='IntegralRegressionHead', in_featuremap_size=(8, 4), num_joints=5, **PLAIN),
        dict(
            kind='SimCCHead',
            out_channels=5,
            input_size=(32, 16),
            in_featuremap_size=(8, 4),
            **PLAIN,
        ),
    ],
    ids=lambda options: options['kind'],
)
def test_heads_of_mmpose_respond_to_what_they_see(options):
    init_default_scope('mmpose')
    torch.manual_seed(0)
    model = Upper(**options).train()
    responses = receptive_field(model, torch.rand(3, 32, 32), patch=8, step=8)
    assert responses.shape == (5, 4, 4)
    upper, lower = responses.split(2, 1)
    assert (upper.amax((1, 2)) > 100 * lower.amax((1, 2))).all()  # but for rounding
    assert model.training  # as it was


def test_spreads_of_rle_are_no_coordinates():
    init_default_scope('mmpose')
    model = Upper('RLEHead', pooled=True, in_channels=3, num_joints=5)
    model.head.fc.weight.data.unflatten(0, (5, 4))[:, :2] = 0
    assert (receptive_field(model, torch.rand(3, 32, 32)) == 0).all()


def test_area_of_half_the_response():
    flat = torch.ones(1, 4, 5)
    assert half_response_area(flat).item() == pytest.approx(0.5)
    assert half_response_area(torch.zeros(1, 4, 5)).item() == 1
    peaked = torch.zeros(1, 4, 5)
    peaked[0, 1, 1] = 3
    assert half_response_area(peaked).item() == pytest.approx(1 / 20)


def test_other_outputs_are_refused():
    model = Corner()
    model.forward = lambda images, *_, **__: torch.zeros(1, 2, 64)
    with pytest.raises(TypeError, match='neither heatmaps, vectors of axes nor coordinates'):
        receptive_field(model, torch.zeros(3, 48, 32))


def test_patches_must_fit():
    with pytest.raises(ValueError, match='batch=0 1 or more'):
        receptive_field(Corner(), torch.zeros(3, 48, 32), batch=0)
    with pytest.raises(ValueError, match=r'patch=64 must be in 1 \.\.\. 32'):
        receptive_field(Corner(), torch.zeros(3, 48, 32), patch=64)
