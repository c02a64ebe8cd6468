"""The Flattening Module: a bijection after grouped convolutions."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import nn
from torch.profiler import ProfilerActivity, profile

from mmpose_sat.models import FlatteningNeck
from mmpose_sat.ops import count_macs


def test_pixel_i_j_of_a_cell_is_group_i_u_plus_j():
    channels, u = 3, 4
    x = torch.arange(2 * channels * u**2 * 5 * 6).view(2, channels * u**2, 5, 6)
    (fine,) = FlatteningNeck(channels * u**2, u, layers=())((x,))
    groups = x.unflatten(1, (u**2, channels))
    for i in range(u):
        for j in range(u):
            torch.testing.assert_close(fine[:, :, i::u, j::u], groups[:, i * u + j])
    folded = F.pixel_unshuffle(fine, u).unflatten(1, (channels, u**2))  # and back again
    torch.testing.assert_close(folded.transpose(1, 2).flatten(1, 2), x)


def test_the_rearrangement_is_one_copy_of_the_feature():
    # Of 2048 channels at 8 x 8 cells, as an image of 256 x 256 px has them.
    neck, feature = FlatteningNeck(2048, layers=()), torch.randn(1, 2048, 8, 8)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        fine = neck((feature,))
    allocated = sum(max(event.self_cpu_memory_usage, 0) for event in record.events())
    assert fine[0].shape == (1, 32, 64, 64) and allocated == 512 * 2**10


@pytest.mark.parametrize('arrangement', ['pixel_shuffle', 'random'])
def test_other_arrangements_are_bijections_too(arrangement):
    x = torch.arange(64.0).view(1, 64, 1, 1)
    neck = FlatteningNeck(64, 4, layers=(), arrangement=arrangement)
    (fine,) = neck((x,))
    assert fine.flatten().sort().values.tolist() == list(range(64))
    assert ((fine == F.pixel_shuffle(x, 4)).all()) == (arrangement == 'pixel_shuffle')
    again = FlatteningNeck(64, 4, layers=(), arrangement=arrangement)
    again.load_state_dict(neck.state_dict())
    torch.testing.assert_close(again((x,))[0], fine)


def test_folded_targets_on_coarse_features_have_the_same_output_and_loss():
    # The paper's second reading: its predictor, shared by all pixels, is one by the groups.
    u, joints = 4, 5
    neck, predictor = FlatteningNeck(64, u, [dict(groups=(8, 8))]), nn.Conv2d(4, joints, 1)
    x, target = torch.randn(2, 64, 6, 5), torch.rand(2, joints, 6 * u, 5 * u)
    fine = predictor(neck((x,))[0])
    coarse = neck.layers(x)
    grouped = predictor.weight.repeat(u**2, 1, 1, 1), predictor.bias.repeat(u**2)
    folded = F.conv2d(coarse, *grouped, groups=u**2)  # nothing of the fine size but the joints
    target_folded = F.pixel_unshuffle(target, u).unflatten(1, (joints, -1)).transpose(1, 2)
    loss, loss_folded = F.mse_loss(fine, target), F.mse_loss(folded, target_folded.flatten(1, 2))
    torch.testing.assert_close(loss, loss_folded)
    fine_grad, folded_grad = (
        torch.autograd.grad(each, predictor.weight, retain_graph=True)[0]
        for each in (loss, loss_folded)
    )
    torch.testing.assert_close(fine_grad, folded_grad)


def test_each_output_channel_hears_of_each_input_channel_once():
    (layer,) = FlatteningNeck(12, 2, [dict(groups=(3, 4))]).eval().layers
    for module in layer.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
    eye = torch.eye(12).view(12, 12, 1, 1)
    for sign in (1, -1):  # slopes are 1: below zero, too, each channel is heard of as it is
        nn.init.constant_(layer[-1].conv.weight, sign)  # above zero where the last ReLU is
        with torch.no_grad():
            paths = layer(sign * eye)[:, :, 0, 0]
        torch.testing.assert_close(paths, torch.ones(12, 12), atol=1e-3, rtol=0)


ONE, TWO = [dict(stride=2, multiplier=4)], [
    dict(stride=2, multiplier=4),
    dict(stride=2, multiplier=4, groups=(64, 128)),
]  # fmt: skip


@pytest.mark.parametrize(
    ('backbone', 'channels', 'neck', 'parameters', 'macs'),
    [
        (dict(type='ResNet', depth=50), 2048, dict(), 23.738, 4.987),
        (dict(type='ResNet', depth=101), 2048, dict(), 42.730, 9.502),
        (dict(type='ResNet', depth=50), 2048, dict(upscale=16, layers=ONE), 23.947, None),
        (dict(type='ResNet', depth=50), 2048, dict(upscale=32, layers=TWO), 27.273, None),
        (
            dict(type='ShuffleNetV2'), 1024,
            dict(layers=[dict(groups=(64, 16), multiplier=2)]), 1.420, 0.186,
        ),
    ],
    ids=['R50', 'R101', '6 subsamplings', '7 subsamplings', 'ShuffleNetV2'],
)  # fmt: skip
def test_counts_are_those_of_the_paper(backbone, channels, neck, parameters, macs):
    """Parameters in 10^6; multiply-adds in 2^30, as the paper's tool counts them."""
    init_default_scope('mmpose')
    head = dict(
        type='HeatmapHead', in_channels=32, out_channels=16, deconv_out_channels=None,
        loss=dict(type='KeypointMSELoss'),
    )  # fmt: skip
    neck = dict(type='mmpose_sat.FlatteningNeck', in_channels=channels) | neck
    with torch.device('meta'):
        model = nn.Sequential(*(MODELS.build(part) for part in (backbone, neck, head))).eval()
        counted = count_macs(model, torch.empty(1, 3, 256, 256)).total()
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(parameters, abs=6e-4)
    if macs:
        assert counted / 2**30 == pytest.approx(macs, abs=6e-4)


SEGMENTATION = [
    dict(kernel_size=7, multiplier=2),
    dict(kernel_size=7, multiplier=2, groups=(64, 64)),
]


def test_counts_of_segmentation():
    """As of the config for MMSegmentation, whose predictor is a convolution for 59 classes."""
    init_default_scope('mmpose')
    backbone = dict(type='ResNet', depth=101)
    with torch.device('meta'):
        neck = FlatteningNeck(2048, layers=SEGMENTATION)
        model = nn.Sequential(MODELS.build(backbone), neck).eval()
        predictor = nn.Sequential(nn.Conv2d(neck.out_channels, 59, 1))
        (fine,) = model(torch.empty(1, 3, 480, 480))
        counted = count_macs(model, torch.empty(1, 3, 480, 480)).total()
        counted += count_macs(predictor, fine).total()
    parameters = [*model.parameters(), *predictor.parameters()]
    assert sum(p.numel() for p in parameters) / 1e6 == pytest.approx(43.91, abs=6e-3)
    assert counted / 2**30 == pytest.approx(33.74, abs=6e-3)


@pytest.mark.parametrize(
    ('options', 'parameters'),
    [
        (dict(), 229_376),
        (dict(layers=[dict(activation='relu')]), 227_328),
        (dict(layers=[dict(multiplier=8)]), 716_800),
        (dict(layers=[dict(groups=None)]), 4_194_304 + 2 * 2048),
        (dict(layers=SEGMENTATION), 1_404_928),
    ],
    ids=['default', 'ReLU', 'm = 8', 'plain 1 x 1 and batch norm', 'segmentation'],
)
def test_counts_of_the_module(options, parameters):
    neck = FlatteningNeck(2048, **options)
    assert sum(p.numel() for p in neck.parameters()) == parameters


def test_groups_that_are_not_complementary_are_warned_of():
    with pytest.warns(UserWarning, match=r'\(32, 32\): their product .* 2048'):
        FlatteningNeck(2048, layers=[dict(groups=(32, 32))])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        FlatteningNeck(2048)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(layers=[dict(groups=(30, 64))]), r'30 does not divide 2048 .* are 16 and 32$'),
        (dict(upscale=12), r'12 x 12 pixels do not divide 2048 channels; .* are 8 and 16$'),
        (dict(upscale=0), 'upscale=0 must be 1 or more'),
        (dict(upscale=8.0), r'upscale=8\.0 must be 1 or more, a whole number'),
        (dict(in_channels=0), 'in_channels=0 must be 1 or more'),
        (dict(layers={}), r'layers must hold a dict for each layer, got \{\}'),
        (dict(layers=[{}, dict(strides=2)]), r"layers\[1\]: .* 'strides'"),
        (dict(layers=[dict(stride=1.5)]), r'layers\[0\]: stride=1\.5 must be'),
        (dict(layers=[dict(groups=32)]), r'layers\[0\]: groups must be two .* got 32'),
        (dict(layers=[dict(groups=(32,))]), r'groups must be two .* got \(32,\)'),
        (dict(layers=[dict(groups=(32.0, 64))]), r'groups\[0\]=32\.0 must be'),
        (dict(arrangement='fold'), "arrangement must be one of .* got 'fold'"),
        (dict(layers=[dict(activation='gelu')]), "activation must be .* got 'gelu'"),
        (dict(layers=['relu']), r"layers must hold a dict for each layer, got \['relu'\]"),
        (dict(layers=[dict(groups=None, kernel_size=7)]), 'one 1 x 1 convolution: no kernel_size'),
        (dict(layers=[dict(kernel_size=4)]), 'kernel_size=4 must be odd'),
        (dict(layers=[dict(multiplier=0)]), 'multiplier=0 must be 1 or more'),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        FlatteningNeck(**dict(in_channels=2048) | options)


def test_other_features_are_refused():
    strided = FlatteningNeck(64, 4, [dict(groups=(8, 8), stride=2)])
    with pytest.raises(ValueError, match=r'multiples of 2, .* strides, got 7 x 4'):
        strided((torch.zeros(1, 64, 7, 4),))
    with pytest.raises(ValueError, match='in_channels=64, the last feature has 32'):
        FlatteningNeck(64, 4, [dict(groups=(8, 8))])((torch.zeros(1, 32, 2, 2),))
