"""BoxConvNet: the paper's counts, any input size, and refusals."""

import pytest
import torch
from torch import nn

from mmpose_sat.models import BoxConvNet
from mmpose_sat.models.layers import TransitionUnit, depthwise
from mmpose_sat.ops import BoxConv2d, count_macs, interleave

TINY = dict(channels=(8, 16), num_pairs=(1, 1), kernel_sizes=(7, 13), out_indices=(1,))


def tiny(**changes):
    return BoxConvNet(**{**TINY, **changes})


@pytest.mark.parametrize('operator', ['box', 'normalized_box', 'dilated', 'conv3x3'])
@pytest.mark.parametrize('size', [(64, 48), (65, 47), (1, 3)])
def test_any_input_size(operator, size):
    net = tiny(operator=operator).eval()
    (out,) = net(torch.randn(2, 3, *size))
    assert out.shape == (2, 16, -(-size[0] // 4), -(-size[1] // 4))


HALF = dict(channels=(48, 96, 192, 96, 48), kernel_sizes=(7, 9, 15, 9, 7), pieces=4)
DEEP = dict(**HALF, num_pairs=(8, 16, 32, 16, 8))


@pytest.mark.parametrize(
    ('plan', 'bias', 'least', 'most'),
    [
        ({}, None, 0.1, 10),
        ({}, 0, 100, 1000),
        (HALF, None, 0.1, 10),
        (DEEP, None, 50, 1000),
        (DEEP, 2, 0.1, 10),
    ],
)
def test_biases_of_normalisation_keep_gradients_as_large_in_front_as_behind(
    plan, bias, least, most
):
    """With 0 in place of the default they grow on the way, and the net hardly learns."""
    torch.manual_seed(0)
    net = BoxConvNet(**plan)
    net.init_weights()
    if bias is not None:
        for norm in (m for m in net.modules() if isinstance(m, nn.BatchNorm2d)):
            nn.init.constant_(norm.bias, bias)
    (out,) = net(torch.randn(2, 3, 64, 48))
    out.backward(torch.randn_like(out))
    first, last = (
        torch.cat([p.grad.flatten() for p in net.stages[i].parameters() if p.ndim == 4]).std()
        for i in (0, -1)
    )
    assert least < first / last < most


def test_out_indices_select_stages():
    first, last = tiny(out_indices=(0, 1))(torch.randn(1, 3, 32, 32))
    assert first.shape == (1, 8, 8, 8)
    assert last.shape == (1, 16, 8, 8)


def test_operators_sit_in_every_second_unit():
    net = tiny()
    boxes = [m for m in net.modules() if isinstance(m, BoxConv2d)]
    assert [(b.channels, b.kernel_size) for b in boxes] == [(4, 7), (8, 13)]
    assert not any(isinstance(m, BoxConv2d) for m in tiny(operator='dilated').modules())


@pytest.mark.parametrize('kernel_size', [7, 13, 19, 31])
def test_dilated_spans_the_largest_box(kernel_size):
    response = torch.zeros(1, 1, 41, 41)
    response[..., 20, 20] = 1
    conv = depthwise('dilated', 1, kernel_size)
    torch.nn.init.ones_(conv.weight)
    reached = conv(response)[0, 0].nonzero()
    assert (reached.max(0).values - reached.min(0).values + 1).tolist() == [kernel_size] * 2


@pytest.mark.parametrize(('kernel_size', 'nearest'), [(3, 7), (9, 7), (11, 13), (21, 19)])
def test_dilated_refuses_other_kernels(kernel_size, nearest):
    with pytest.raises(ValueError, match=f'kernel_size={kernel_size} .*nearest: {nearest}'):
        tiny(operator='dilated', kernel_sizes=(kernel_size, 13))


def test_shuffle_interleaves_the_two_halves():
    net = TransitionUnit(4, 6, dict(type='BN')).eval()
    x = torch.randn(1, 4, 5, 5)
    out = interleave(*net(x))
    torch.testing.assert_close(out[:, 0::2], net.left(x))
    torch.testing.assert_close(out[:, 1::2], net.right(x))


@pytest.mark.parametrize('training', [False, True])
def test_hooks_of_a_transition_see_what_passes(training):
    net = TransitionUnit(4, 6, dict(type='BN')).train(training)
    x = torch.randn(2, 4, 5, 5).contiguous(memory_format=torch.channels_last)
    expected = net(x)
    names = ('left', 'right', 'left.0', 'left.1', 'right.1', 'right.2.conv', 'right.2.activate')
    called = []
    for name in names:
        net.get_submodule(name).register_forward_hook(lambda *_, name=name: called.append(name))
    for found, wanted in zip(net(x), expected, strict=True):
        torch.testing.assert_close(found, wanted)
    assert set(called) == set(names)


def test_a_transition_can_be_traced():
    net = TransitionUnit(4, 6, dict(type='BN')).eval()
    x = torch.randn(2, 4, 5, 5)
    for found, expected in zip(torch.fx.symbolic_trace(net)(x), net(x), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('training', [False, True])
def test_multiply_adds_of_a_transition_in_training(training):
    net = TransitionUnit(4, 6, dict(type='BN')).train(training)
    macs = count_macs(net, torch.randn(1, 4, 5, 5))
    assert macs == dict(left=25 * (4 * 9 + 4 * 3), right=25 * (4 * 3 + 3 * 9 + 3 * 3))


@pytest.mark.parametrize('norm', [dict(), dict(momentum=None)], ids=['running', 'mean'])
def test_checkpointing_changes_nothing(norm):
    torch.manual_seed(0)
    norm_cfg = dict(type='BN', **norm)
    plain, saving = tiny(norm_cfg=norm_cfg), tiny(norm_cfg=norm_cfg, with_cp=True)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 32, 32)
    for net in (plain, saving):
        net(x)[0].square().mean().backward()
    for (name, p), q in zip(plain.named_parameters(), saving.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, msg=lambda m, name=name: f'{name}: {m}')
    torch.testing.assert_close(dict(plain.named_buffers()), dict(saving.named_buffers()))


@pytest.mark.parametrize('training', [False, True])
def test_many_gradients_at_once(training):
    torch.manual_seed(0)
    net = tiny().double().train(training)
    x = torch.rand(2, 3, 32, 24, dtype=torch.float64)
    (out,) = net(x)
    grads = torch.rand(2, *out.shape, dtype=torch.float64)
    call = (out, tuple(net.parameters()))
    at_once = torch.autograd.grad(*call, grads, is_grads_batched=True, retain_graph=True)
    mapped = torch.vmap(lambda grad: torch.autograd.grad(*call, grad, retain_graph=True))(grads)
    for number, grad in enumerate(grads):
        expected = torch.autograd.grad(*call, grad, retain_graph=True)
        for found, other, one in zip(at_once, mapped, expected, strict=True):
            torch.testing.assert_close(found[number], one)
            torch.testing.assert_close(other[number], one)


def test_saved_tensors_may_come_back_in_another_memory_format():
    torch.manual_seed(0)
    net, x = tiny().double(), torch.rand(2, 3, 32, 24, dtype=torch.float64)
    with torch.autograd.graph.saved_tensors_hooks(torch.Tensor.contiguous, lambda t: t):
        (packed,) = net(x)
    (plain,) = net(x)
    wanted = tuple(net.parameters())
    found, expected = (torch.autograd.grad(out.sum(), wanted) for out in (packed, plain))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_frozen_stages_and_norm_eval():
    net = tiny(frozen_stages=1).train()
    assert not any(p.requires_grad for p in (*net.stem.parameters(), *net.stages[0].parameters()))
    assert all(p.requires_grad for p in net.stages[1].parameters())
    assert not net.stages[0].training and net.stages[1].training
    frozen = {k: v.clone() for k, v in net.stages[0].state_dict().items()}
    net(torch.randn(2, 3, 32, 32))
    assert all(torch.equal(v, frozen[k]) for k, v in net.stages[0].state_dict().items())
    norms = [m for m in tiny(norm_eval=True).train().modules() if 'BatchNorm' in type(m).__name__]
    assert norms and not any(m.training for m in norms)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (dict(channels=(8, 15)), r'channels=\(8, 15\) must be even'),
        (dict(num_pairs=(1,)), 'one entry for each stage'),
        (dict(out_indices=(2,)), r'out_indices=\(2,\) must lie in \[0, 1\]'),
        (dict(frozen_stages=3), r'frozen_stages=3 must lie in \[-1, 2\]'),
        (dict(kernel_sizes=(7, 12)), 'kernel_size=12 must be odd'),
        (dict(operator='deformable'), "operator='deformable'.*box"),
        (dict(operator='dilated', pieces=4), "pieces=4 .* operator='dilated' has none"),
    ],
)
def test_bad_plans_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        tiny(**change)


def test_a_checkpoint_of_another_model_is_refused():
    from mmengine.runner.checkpoint import _load_checkpoint_to_model
    from mmpose.models import ResNet

    net = tiny()
    before = net.stem[0].conv.weight.detach().clone()
    for other in (ResNet(18), tiny(operator='dilated'), tiny(channels=(8, 32))):
        state = dict(state_dict=other.state_dict())
        with pytest.raises(ValueError, match='checkpoint is of another model'):
            _load_checkpoint_to_model(net, state, strict=False)
    assert torch.equal(before, net.stem[0].conv.weight)
    state = dict(state_dict=tiny(kernel_sizes=(7, 15)).state_dict())
    with pytest.raises(ValueError, match=r'stages.1.* kernel of 15 px, .* kernel_size=13'):
        _load_checkpoint_to_model(net, state, strict=False)
