"""Networks of several stages, and the published sizes of all networks of coordinates."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.models.backbones import ResNet
from mmpose.registry import MODELS
from torch import nn

from mmpose_sat.models import MultiStageResNet, StackedHourglass
from mmpose_sat.ops import count_macs


def count(backbone, head, size):
    """Parameters in 10^6 and multiply-adds in 10^9."""
    init_default_scope('mmpose')
    with torch.device('meta'):
        model = nn.Sequential(MODELS.build(backbone), MODELS.build(head)).eval()
        macs = count_macs(model, torch.empty(1, 3, size, size)).total()
    return sum(p.numel() for p in model.parameters()) / 1e6, macs / 1e9


AT_28_PX = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))


@pytest.mark.parametrize(
    ('depth', 'options', 'parameters', 'macs'),
    [
        (18, AT_28_PX, 11.185, 9.22),
        (34, AT_28_PX, 21.293, 17.31),
        (101, AT_28_PX, 42.533, 33.95),
        (50, dict(), 23.541, 4.09),
        (50, dict(strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2)), 23.541, 6.21),
        (50, AT_28_PX, 23.541, 19.10),
        (50, dict(strides=(1, 1, 1, 1), dilations=(1, 2, 4, 8)), 23.541, 73.75),
    ],
)
def test_counts_of_dsnt(depth, options, parameters, macs):
    channels = 512 if depth < 50 else 2048
    found = count(
        dict(type='ResNet', depth=depth, **options),
        dict(type='mmpose_sat.DSNTHead', in_channels=channels, out_channels=16),
        224,
    )
    assert found == (pytest.approx(parameters, abs=6e-4), pytest.approx(macs, abs=6e-3))


@pytest.mark.parametrize(
    ('depth', 'deconvolutions', 'size', 'parameters', 'macs'),
    [
        (18, 2, 256, 14.33, 2.776),
        (50, 2, 256, 32.95, 6.148),
        (101, 2, 256, 51.94, 10.996),
        (50, 3, 256, 34.00, 7.234),
        (50, 2, 128, 32.95, 1.537),
        (50, 3, 128, 34.00, 1.809),
    ],
)
def test_counts_of_integral_regression(depth, deconvolutions, size, parameters, macs):
    head = dict(type='mmpose_sat.IntegralHead', in_channels=512 if depth < 50 else 2048)
    head |= dict(out_channels=16, deconv_out_channels=(256,) * deconvolutions)
    found = count(dict(type='ResNet', depth=depth), head, size)
    assert found == (pytest.approx(parameters, abs=6e-3), pytest.approx(macs, abs=6e-4))


def test_count_of_the_stacked_hourglass():
    with torch.device('meta'):
        model = StackedHourglass(16)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(25.595, abs=6e-4)


@pytest.mark.parametrize(
    ('model', 'size', 'stride'),
    [
        (StackedHourglass(3, num_stacks=2, channels=8, depth=2), (32, 48), 4),
        (StackedHourglass((1, 3), num_stacks=2, channels=8, depth=2), (32, 48), 4),
        (MultiStageResNet(3, 18, num_stages=2, deconv_channels=(4, 4)), (64, 32), 8),
    ],
    ids=['hourglass', 'coarse to fine', 'resnet'],
)
def test_each_stage_gives_heatmaps_and_hears_of_the_one_before(model, size, stride):
    outputs = model(torch.randn(2, 3, *size))
    assert {out.shape[2:] for out in outputs} == {(size[0] // stride, size[1] // stride)}
    assert outputs[1].shape[:2] == (2, 3)
    (gradient,) = torch.autograd.grad(outputs[1].square().sum(), outputs[0])
    assert gradient.abs().sum() > 0


def test_a_fresh_hourglass_is_initialised_as_pytorch_does():
    model = StackedHourglass(3, num_stacks=1, channels=64, depth=1)
    model.init_weights()
    weight = model.stacks[0][1].branch[1].conv.weight
    bound = weight[0].numel() ** -0.5  # of the uniform distribution
    assert 0.95 * bound < weight.abs().max() <= bound


def test_a_fresh_multi_stage_resnet_begins_as_mmposes_parts():
    model = MultiStageResNet(3, 18, num_stages=2, deconv_channels=(4, 4))
    model.init_weights()
    for stage, head in zip(model.stages, model.heads, strict=True):
        for block in (*stage[0], *stage[1]):
            assert not block.norm2.weight.any() and block.norm1.weight.eq(1).all()
        assert head.final_layer.weight.std() < 2e-3
        weight = stage[0][1].conv1.weight
        assert weight.std().item() == pytest.approx((2 / weight[:, 0].numel()) ** 0.5, rel=0.05)


@pytest.mark.parametrize('several', [False, True])
def test_a_multi_stage_resnet_starts_from_a_resnet(tmp_path, several):
    trained = ResNet(18)
    torch.save(trained.state_dict(), tmp_path / 'resnet.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'resnet.pth'))
    model = MultiStageResNet(
        3, 18, num_stages=2, deconv_channels=(4, 4), init_cfg=[init_cfg] if several else init_cfg
    )
    model.init_weights()
    torch.testing.assert_close(model.trunk.conv1.weight, trained.conv1.weight)
    first, second = model.stages
    torch.testing.assert_close(first[0].state_dict(), trained.layer3.state_dict())
    for stage in (first, second):
        torch.testing.assert_close(stage[0][1].state_dict(), trained.layer3[1].state_dict())
        torch.testing.assert_close(stage[1].state_dict(), trained.layer4.state_dict())
    wider = second[0][0].conv1.weight
    assert wider.shape[1] == 128 + 3 and 0.02 < wider.std() < 0.05  # Kaiming
    assert all(head.final_layer.weight.std() < 2e-3 for head in model.heads)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='num_stacks=0 must be 1 or more'):
        StackedHourglass(16, num_stacks=0)
    with pytest.raises(ValueError, match=r'out_channels=\(16, 64\) must have num_stacks=8'):
        StackedHourglass((16, 64))
    with pytest.raises(ValueError, match='channels=6 must be a multiple of 4'):
        StackedHourglass(16, channels=6)
    with pytest.raises(ValueError, match=r'multiples of 16, got \(32, 40\)'):
        StackedHourglass(16, 1, 4, depth=2)(torch.zeros(1, 3, 32, 40))
    with pytest.raises(ValueError, match='num_stages=0 must be 1 or more'):
        MultiStageResNet(16, num_stages=0)
    with pytest.raises(ValueError, match=r'multiples of 32, got \(32, 40\)'):
        MultiStageResNet(3, 18, 1, (4, 4))(torch.zeros(1, 3, 32, 40))
