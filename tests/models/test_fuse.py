"""Folding batch normalisation changes nothing but the speed."""

import copy

import pytest
import torch
from mmcv.cnn import ConvModule
from mmpose.models.backbones import ResNet
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmpose_sat.models import BoxConvNet, fuse_for_inference
from mmpose_sat.models.layers import ShuffleStage
from mmpose_sat.ops import count_macs
from mmpose_sat.ops.native import NOT_LOADED


def trained(model):
    """Statistics, weights and biases of batch norm that are not those of a new layer."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            for values in (module.running_var, module.weight):
                torch.nn.init.uniform_(values, 0.5, 1.5)
            for values in (module.running_mean, module.bias):
                torch.nn.init.normal_(values)
    return model


@pytest.mark.parametrize('operator', ['box', 'normalized_box', 'dilated', 'conv3x3'])
def test_box_conv_net_computes_the_same_without_batch_norm(operator):
    plan = dict(channels=(8, 16), num_pairs=(1, 2), kernel_sizes=(7, 13), out_indices=(0, 1))
    model = trained(BoxConvNet(operator=operator, **plan))
    fused = fuse_for_inference(model)
    assert model.training and not any(isinstance(m, _BatchNorm) for m in fused.modules())
    x = torch.randn(2, 3, 40, 32)
    for gradients in (True, False):  # without, units overwrite what they are given
        with torch.set_grad_enabled(gradients):
            for a, b in zip(fused(x), model.eval()(x), strict=True):
                assert (a - b).abs().max() < 1e-4 * b.abs().max()


@pytest.mark.parametrize('changes', [dict(padding=0), dict(padding=1, padding_mode='reflect')])
def test_a_relu_is_folded_into_its_convolution(changes):
    module = trained(ConvModule(3, 6, 3, norm_cfg=dict(type='BN'), **changes))
    fused = fuse_for_inference(nn.Sequential(module))
    assert not fused[0].with_activation
    module.eval()
    for dtype in (torch.float32, torch.float64):
        x = torch.randn(2, 3, 8, 9, dtype=dtype)
        with torch.no_grad():
            torch.testing.assert_close(
                fused.to(dtype)(x), module.to(dtype)(x), rtol=1e-4, atol=1e-5
            )


def test_other_models_are_fused_by_mmcv():
    model = trained(ResNet(18))
    fused = fuse_for_inference(model)
    model.eval()
    assert not any(isinstance(m, _BatchNorm) for m in fused.modules())
    x = torch.randn(1, 3, 64, 48)
    torch.testing.assert_close(fused(x), model(x), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize('order', [('norm', 'act', 'conv'), ('conv', 'act', 'norm')])
def test_norms_that_do_not_follow_their_convolution_stay(order):
    norm = dict(norm_cfg=dict(type='BN'), order=order)
    model = trained(nn.Sequential(ConvModule(4, 4, 3, **norm), ConvModule(4, 4, 1, **norm)))
    fused = fuse_for_inference(model)
    model.eval()
    x = torch.randn(2, 4, 6, 5)
    torch.testing.assert_close(fused(x), model(x))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(norm_cfg=dict(type='BN', affine=False)), 'no weights or no running statistics'),
        (dict(norm_cfg=dict(type='BN', track_running_stats=False)), 'no weights or no running'),
        (dict(norm_cfg=dict(type='BN'), conv_cfg=dict(type='ConvWS')), '0.conv is a ConvWS2d'),
    ],
)
def test_what_cannot_be_folded_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        fuse_for_inference(nn.Sequential(ConvModule(3, 6, 3, **changes)))


def test_a_folded_network_counts_as_the_plain_one():
    model = BoxConvNet(**TINY).eval()
    x = torch.randn(2, 3, 32, 24)
    assert count_macs(fuse_for_inference(model), x) == count_macs(model, x)


TINY = dict(stem_channels=8, channels=(8,), num_pairs=(1,), kernel_sizes=(5,), out_indices=(0,))


def test_folded_networks_compile_in_one_piece():
    folded = fuse_for_inference(trained(BoxConvNet(**TINY)))
    x = torch.randn(1, 3, 32, 24)
    with torch.no_grad():
        (found,) = torch.compile(folded, backend='aot_eager', fullgraph=True)(x)
        torch.testing.assert_close(found, folded(x)[0], rtol=1e-4, atol=1e-5)


def test_training_compiles_in_one_piece():
    eager = trained(BoxConvNet(**TINY))
    traced = copy.deepcopy(eager)
    x = torch.randn(2, 3, 32, 24)
    for run in (eager, torch.compile(traced, backend='aot_eager', fullgraph=True)):
        run(x)[0].square().mean().backward()
    for (name, a), b in zip(eager.named_parameters(), traced.parameters(), strict=True):
        torch.testing.assert_close(b.grad, a.grad, rtol=1e-3, atol=1e-5, msg=name)
    for a, b in zip(eager.buffers(), traced.buffers(), strict=True):
        torch.testing.assert_close(b, a)


def test_exported_programs_have_operators_of_pytorch_only():
    folded = fuse_for_inference(BoxConvNet(operator='conv3x3', **TINY))
    program = torch.export.export(folded, (torch.randn(1, 3, 32, 24),))
    assert not any('mmpose_sat' in str(n.target) for n in program.graph.nodes)
    assert not any('mkldnn' in str(n.target) for n in program.graph.nodes)


needs_library = pytest.mark.skipif(NOT_LOADED is not None, reason=str(NOT_LOADED))


def folded_stage(**changes):
    plan = dict(stem_channels=6, channels=(10,), num_pairs=(2,), kernel_sizes=(7,))
    network = BoxConvNet(**plan, out_indices=(0,), **changes)
    return fuse_for_inference(trained(network)).stages[0]


def test_hooks_of_units_are_called():
    stage, calls = folded_stage(), []
    stage[1].register_forward_hook(lambda *_: calls.append(1))
    x = torch.randn(1, 6, 9, 7).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        stage(x)
    assert calls == [1]


@needs_library
@pytest.mark.parametrize('batch', [0, 1, 3])
@pytest.mark.parametrize('operator', ['box', 'conv3x3'])
def test_a_folded_stage_is_one_operator(operator, batch, monkeypatch):
    stage = folded_stage(operator=operator).to(memory_format=torch.channels_last)
    x = torch.randn(batch, 6, 9, 7).contiguous(memory_format=torch.channels_last)
    before = x.clone()
    with torch.no_grad():
        expected = ShuffleStage.forward(stage, x)
        monkeypatch.setattr(ShuffleStage, 'forward', None)
        found = stage(x)
        compiled = torch.compile(stage, backend='aot_eager', fullgraph=True)(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(compiled, found) and torch.equal(x, before)


@needs_library
@pytest.mark.parametrize(
    'changes',
    [
        dict(operator='dilated'),
        dict(operator='normalized_box'),
        dict(pieces=4),
        dict(norm_cfg=dict(type='GN', num_groups=1)),
    ],
)
def test_other_stages_stay_what_they_are(changes):
    stage, x = folded_stage(**changes), torch.randn(1, 6, 8, 9)
    with torch.no_grad():
        assert torch.equal(stage(x), ShuffleStage.forward(stage, x))


@needs_library
def test_what_the_operator_of_a_stage_cannot_do_goes_the_other_way():
    stage, x = folded_stage(), torch.randn(1, 6, 8, 9)
    assert stage(x).requires_grad
    with torch.no_grad():
        expected = stage(x)
        with torch.autocast('cpu', torch.bfloat16):
            assert stage(x).dtype == torch.bfloat16
        for found in (torch.vmap(stage)(x[None])[0], stage.double()(x.double()).float()):
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
