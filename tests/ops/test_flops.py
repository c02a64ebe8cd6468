"""Counts of the paper's Table 1 and 2, in 10^9 multiply-adds."""

import pytest
import torch
from mmengine.analysis import get_model_complexity_info
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmpose_sat.ops import BoxConv2d, count_macs
from mmpose_sat.ops.native import NOT_LOADED


def pose_model(operator, joints):
    init_default_scope('mmpose')
    config = dict(
        type='TopdownPoseEstimator',
        backbone=dict(type='mmpose_sat.BoxConvNet', operator=operator),
        head=dict(
            type='HeatmapHead', in_channels=96, out_channels=joints, deconv_out_channels=None
        ),
    )
    with torch.device('meta'):
        return MODELS.build(config).eval()


@pytest.mark.parametrize(
    ('operator', 'parameters', 'giga'),
    [('box', 1.8536, 7.684), ('dilated', 1.8836, 7.684), ('conv3x3', 1.8661, 7.613)],
)
def test_counts_of_the_paper(operator, parameters, giga):
    model = pose_model(operator, 16)
    image = torch.empty(1, 3, 256, 256, device='meta')
    macs = count_macs(model, image, None, mode='tensor')
    assert set(macs) == {'backbone', 'head'}
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 4) == parameters
    assert round(macs.total() / 1e9, 3) == giga


def test_count_at_coco_size():
    image = torch.empty(1, 3, 256, 192, device='meta')
    macs = count_macs(pose_model('box', 17), image, None, mode='tensor')
    assert macs.total() / 1e9 == pytest.approx(5.763, abs=6e-4)


def test_closed_form_and_the_model_is_left_alone():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), BoxConv2d(4, 7, stride=2))
    x = torch.randn(2, 3, 10, 6)
    expected = model(x)
    # 2 x 60 pixels x 4 x 27, and 16 at 2 x 4 x 15 outputs.
    assert count_macs(model, x) == {'0': 2 * 60 * 4 * 27, '1': 16 * 2 * 4 * 15}
    torch.testing.assert_close(model(x), expected)
    assert all('forward' not in vars(m) for m in model.modules())


def test_lists_of_modules_are_counted_under_their_name():
    class Stages(nn.Module):
        def __init__(self):
            super().__init__()
            self.stages = nn.ModuleList([nn.Conv2d(3, 3, 1), nn.ModuleList([nn.Conv2d(3, 3, 1)])])

        def forward(self, x):
            return self.stages[1][0](self.stages[0](x))

    assert count_macs(Stages(), torch.zeros(1, 3, 2, 2)) == {'stages': 2 * 4 * 9}


def test_children_of_two_modules_are_counted_once():
    model = nn.Sequential(nn.Conv2d(3, 3, 1))
    model.append(nn.Sequential(model[0]))
    assert count_macs(model, torch.zeros(1, 3, 2, 2)).total() == 2 * 4 * 9


@pytest.mark.parametrize(
    ('layer', 'macs'), [(nn.Conv2d(3, 4, 1), 3 * 4 * 10), (BoxConv2d(3, 5), 16 * 3 * 10)]
)
def test_a_layer_alone_is_counted(layer, macs):
    x = torch.zeros(1, 3, 2, 5)
    assert count_macs(layer, x).total() == macs
    layer(x)  # as it was


@pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))
def test_other_counters_know_the_box_convolution():
    layer = BoxConv2d(4, 9, stride=2).eval()
    macs = 16 * 4 * 3 * 5
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        layer(torch.rand(1, 4, 6, 9))
    assert counter.get_total_flops() == 2 * macs
    assert get_model_complexity_info(layer, (4, 6, 9), show_table=False)['flops'] == macs
