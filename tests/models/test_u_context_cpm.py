"""Pose machines with global context: sizes of the paper, shapes, gradients, bad input."""

import pytest
import torch
from mmcv.cnn import ConvModule
from mmpose.registry import MODELS
from torch import nn

from mmpose_sat.models import MobileNetV1, UContextCPM
from mmpose_sat.models.layers.context import CONTEXTS, UContext, conv
from mmpose_sat.ops import count_macs


def count(model, *shape):
    """Parameters in 10^6 and multiply-adds in 10^9."""
    model.eval()
    macs = count_macs(model, torch.empty(1, *shape, device='meta')).total()
    return sum(p.numel() for p in model.parameters()) / 1e6, macs / 1e9


@pytest.mark.parametrize(
    ('name', 'channels', 'parameters', 'macs', 'operations'),
    [
        ('u', 145, 6.440, 2.519, 2.522),
        ('aspp', 144, 9.518, 9.731, 9.752),
        ('aspp', 145, 9.555, 9.769, 9.790),
        ('pyramid', 145, 0.207, 0.055, 0.055),
    ],
)
def test_counts_of_the_context_modules(name, channels, parameters, macs, operations):
    with torch.device('meta'):
        module = CONTEXTS[name](channels)
    elements = []
    for layer in module.modules():
        if isinstance(layer, ConvModule):
            layer.register_forward_hook(lambda layer, x, out: elements.append(out.numel()))
    found = count(module, channels, 32, 32)
    assert found == (pytest.approx(parameters, abs=6e-4), pytest.approx(macs, abs=6e-4))
    # The paper's tool counts bias, batch norm and ReLU too, four operations an element.
    assert found[1] + 4 * sum(elements) / 1e9 == pytest.approx(operations, abs=1e-3)


@pytest.mark.parametrize(
    ('options', 'shape', 'parameters', 'macs'),
    [
        (dict(), (256, 256), 40.60, 21.288),
        (dict(context='none'), (256, 256), 8.39, 8.693),
        (dict(num_stages=2), (256, 256), 11.00, 7.302),
        (dict(num_stages=5), (384, 288), 33.198, 30.02),
    ],
    ids=['6 stages', 'no context', '2 stages', 'COCO'],
)
def test_counts_of_the_networks(options, shape, parameters, macs):
    with torch.device('meta'):
        model = UContextCPM(17, **options)
    found = count(model, 3, *shape)
    assert found == (pytest.approx(parameters, abs=6e-3), pytest.approx(macs, abs=6e-3))


@pytest.mark.parametrize('context_at', ['stages', 'trunk'])
@pytest.mark.parametrize('context', [*CONTEXTS, 'none'])
def test_each_stage_gives_heatmaps_and_hears_of_the_one_before(context, context_at):
    model = UContextCPM(3, 2, context, context_at, channels=8)
    outputs = model(torch.randn(2, 3, 40, 48))
    assert [out.shape for out in outputs] == [(2, 3, 5, 6)] * 2
    (gradient,) = torch.autograd.grad(outputs[1].square().sum(), outputs[0])
    assert gradient.abs().sum() > 0


def spans(module):
    """Height and width, in cells, of what the middle of a map of 24 x 24 cells is made of."""
    x = torch.randn(1, 4, 24, 24, requires_grad=True)
    (gradient,) = torch.autograd.grad(module.eval()(x)[0, :, 12, 12].square().sum(), x)
    seen = gradient[0].abs().sum(0).nonzero()
    return (seen.amax(0) - seen.amin(0) + 1).tolist()


@pytest.mark.parametrize('context', CONTEXTS)
def test_context_reaches_across_the_map(context):
    torch.manual_seed(0)
    assert min(spans(CONTEXTS[context](4))) >= 18


def test_a_convolution_does_not_reach_across_the_map():
    torch.manual_seed(0)
    assert spans(conv(4, 4)) == [3, 3]


def test_the_first_heatmaps_are_small():
    torch.manual_seed(0)
    outputs = UContextCPM(15, 2)(torch.randn(4, 3, 128, 96))
    assert all(out.std() < 0.5 for out in outputs)


def test_u_context_enlarges_as_told():
    torch.manual_seed(0)
    smooth, plain = UContext(8), UContext(8, mode='nearest')
    plain.load_state_dict(smooth.state_dict())
    kept = []
    for module in (smooth, plain):
        module.decoder1.register_forward_pre_hook(lambda layer, args: kept.append(args[0][:, 8:]))
        module(torch.randn(2, 8, 16, 16))
    cells = [maps.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4) for maps in kept]
    same = [bool((each == each[..., :1]).all()) for each in cells]
    assert same == [False, True]  # each cell has become four equal ones, or four others


def test_pyramid_width_is_free():
    narrow, wide = (UContextCPM(3, 2, 'pyramid', context_cfg=dict(width=w)) for w in (16, 64))
    assert sum(p.numel() for p in narrow.parameters()) < sum(p.numel() for p in wide.parameters())


class PublicMobileNet(nn.Module):
    """The names and sizes of the ImageNet checkpoint: layers in a row, then a classifier."""

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(*MobileNetV1().model, nn.AvgPool2d(7))
        self.fc = nn.Linear(1024, 1000)


@pytest.mark.parametrize('dilated', [False, True])
def test_public_imagenet_weights_load(tmp_path, dilated):
    public = PublicMobileNet()
    weights = {f'module.{name}': value for name, value in public.state_dict().items()}
    torch.save(dict(state_dict=weights), tmp_path / 'mobilenet.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'mobilenet.pth'), prefix='module')
    model = MODELS.build(
        dict(
            type='mmpose_sat.MobileNetV1', num_blocks=11, dilated=dilated, init_cfg=init_cfg
        )
    )  # fmt: skip
    model.init_weights()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, public.state_dict()[name])
    size = 8 if dilated else 16
    assert model(torch.zeros(1, 3, 64, 64))[0].shape == (1, 512, 64 // size, 64 // size)


def test_a_missing_checkpoint_says_where_to_look():
    init_cfg = dict(type='Pretrained', checkpoint='none.pth', prefix='module')
    with pytest.raises(FileNotFoundError, match=r'none\.pth .* MMPOSE_SAT_MOBILENET'):
        UContextCPM(3, 1, channels=8, trunk_init_cfg=init_cfg).init_weights()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_stages=0), 'num_stages=0 must be 1 or more'),
        (dict(context='v'), r"context must be one of .*'u', .* got 'v'"),
        (dict(context='none', context_cfg=dict(width=2)), "does not fit context='none'"),
        (dict(num_stages=2, context_cfg=dict(width=2)), "does not fit context='u': .*'width'"),
        (dict(num_stages=2.0), r'num_stages=2\.0 must be 1 or more, a whole number'),
        (dict(num_stages=1, context_cfg=dict(width=2)), "does not fit context='u'"),
        (dict(context_cfg=dict(mode='cubic')), "mode must be one of .* got 'cubic'"),
        (dict(context='aspp', context_cfg=dict(width=0)), 'width=0 must be 1 or more'),
        (dict(context='aspp', context_cfg=dict(dilations=(3, 0))), r'dilations\[1\]=0 must be 1'),
        (dict(context='pyramid', context_cfg=dict(cells=())), r'cells=\(\) must be one or more'),
        (dict(context='box', context_cfg=dict(kernel_sizes=(24,))), 'kernel_size=24 must be odd'),
        (dict(context='box', context_cfg=dict(kernel_sizes=25)), 'kernel_sizes=25 must be one or'),
        (dict(context_at='end'), "context_at must be one of .* got 'end'"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        UContextCPM(17, **options)


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match='8 px or more along each axis'):
        UContextCPM(3, 1, channels=8)(torch.zeros(1, 3, 7, 64))
    with pytest.raises(ValueError, match=r'num_blocks=12 must be in 1 \.\.\. 11'):
        MobileNetV1(12, dilated=True)
