"""BoxConv2d keeps its boxes ordered and inside the kernel, whatever moves them."""

import copy

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.model import ExponentialMovingAverage
from mmengine.optim import OptimWrapper
from torch import nn

from mmpose_sat.ops import BoxConv2d, box_conv2d


def assert_legal(coords):
    assert coords.abs().max() <= 1
    assert (coords[:, 0::2] <= coords[:, 1::2]).all()


def violent_step(layer, optimizer):
    """One step with a learning rate that throws most edges out of their bounds."""
    x = torch.randn(2, layer.channels, 9, 9)
    loss = layer(x).square().sum()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def test_initial_boxes_are_sorted_uniform_draws():
    coords = BoxConv2d(20000, 13).coords.detach()
    assert_legal(coords)
    assert 0.499 < coords.abs().max() <= 0.5
    # The means of the smaller and the larger of two draws from U(-1/2, 1/2) are -1/6 and 1/6.
    torch.testing.assert_close(coords[:, 0].mean(), torch.tensor(-1 / 6), atol=0.01, rtol=0)
    torch.testing.assert_close(coords[:, 3].mean(), torch.tensor(1 / 6), atol=0.01, rtol=0)


def test_coords_map_to_pixels():
    layer = BoxConv2d(1, 13)
    with torch.no_grad():
        layer.coords.copy_(torch.tensor([[-1.0, 0.0, 0.5, 1.0]]))
    torch.testing.assert_close(layer.boxes, torch.tensor([[0.0, 6.0, 9.0, 12.0]]))
    layer.set_boxes_(torch.tensor([[1.0, 2.5, 0.0, 12.0]]))
    torch.testing.assert_close(layer.boxes, torch.tensor([[1.0, 2.5, 0.0, 12.0]]))


@pytest.mark.parametrize('optimizer', [torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop])
def test_any_optimizer_step_is_followed_by_legal_boxes(optimizer):
    layer = BoxConv2d(16, 7)
    optimizer = optimizer(layer.parameters(), lr=1.0)
    for _ in range(3):
        violent_step(layer, optimizer)
        raw = layer.coords.detach().clone()
        assert raw.abs().max() > 1, 'the step was meant to leave the bounds'
        x = torch.randn(1, 16, 9, 9)
        layer.eval()
        in_evaluation = layer(x)
        torch.testing.assert_close(layer.coords.detach(), raw)
        layer.train()
        torch.testing.assert_close(layer(x), in_evaluation)
        assert_legal(layer.coords.detach())
        violent_step(layer, optimizer)
        assert_legal(layer.state_dict()['coords'])


def test_edges_leave_the_bound_again():
    layer = BoxConv2d(1, 7)
    layer.set_boxes_(torch.tensor([[0.0, 6.0, 0.0, 6.0]]))
    layer(torch.rand(1, 1, 9, 9)).sum().backward()
    # Growing x_l or y_l shrinks the box over a positive image; growing x_h enters pixels.
    assert (layer.coords.grad[0, 0::2] < 0).all()
    assert (layer.coords.grad[0, 1::2] != 0).all()


def test_the_projection_leaves_earlier_graphs_valid():
    layer = BoxConv2d(4, 7)
    x = torch.randn(1, 4, 9, 9)
    loss = layer(x).sum() + layer.coords.square().sum()
    layer.state_dict()
    (loss + layer(x).sum()).backward()
    assert layer.coords.grad.isfinite().all()


@pytest.mark.parametrize('training', [True, False])
def test_the_layer_compiles_whole(training):
    layer = BoxConv2d(4, 7).train(training)
    compiled = torch.compile(layer, backend='aot_eager', fullgraph=True)
    x = torch.randn(2, 4, 9, 8)
    torch.testing.assert_close(compiled(x), layer(x))


def test_gradient_accumulation_and_checkpointing_survive_the_projection():
    layer = BoxConv2d(8, 7)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    x = torch.randn(4, 8, 9, 9)
    for _ in range(2):
        (layer(x[:2]).square().sum() + layer(x[2:]).square().sum()).backward()
        half = torch.utils.checkpoint.checkpoint(layer, x[:2], use_reentrant=False)
        half.square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert_legal(layer.state_dict()['coords'])


@pytest.mark.parametrize('autocast', [False, True])
def test_mmengine_optimizer_wrapper_with_accumulation(autocast):
    layer = BoxConv2d(8, 7)
    before = layer.coords.detach().clone()
    wrapper = OptimWrapper(
        optimizer=torch.optim.SGD(layer.parameters(), lr=10.0), accumulative_counts=2
    )
    wrapper.initialize_count_status(layer, 0, 4)
    for _ in range(4):
        with wrapper.optim_context(layer), torch.autocast('cpu', torch.bfloat16, enabled=autocast):
            x = nn.functional.conv2d(torch.randn(2, 8, 9, 9), torch.eye(8)[:, :, None, None])
            out = layer(x)
            assert out.dtype == (torch.bfloat16 if autocast else torch.float32)
            wrapper.update_params(out.float().square().mean())
    assert layer.coords.dtype == torch.float32
    assert not torch.equal(before, layer.coords.detach())
    assert_legal(layer.state_dict()['coords'])


def test_grad_scaler():
    layer = BoxConv2d(8, 7)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    scaler = torch.amp.GradScaler('cpu', init_scale=8.0)
    with torch.autocast('cpu', torch.bfloat16):
        loss = layer(torch.randn(2, 8, 9, 9)).square().sum()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    assert layer.coords.abs().max() > 1
    assert_legal(layer.state_dict()['coords'])


def test_ema_copies_hold_legal_boxes():
    layer = BoxConv2d(8, 7)
    averages = [
        ExponentialMovingAverage(layer, momentum=0.5),
        torch.optim.swa_utils.AveragedModel(layer),
    ]
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    for _ in range(3):
        violent_step(layer, optimizer)
        for average in averages:
            average.update_parameters(layer)
    for average in averages:
        average.eval()
        x = torch.randn(1, 8, 9, 9)
        box = average.module.boxes
        assert (box[:, 0::2] <= box[:, 1::2]).all() and box.min() >= 0 and box.max() <= 6
        torch.testing.assert_close(average(x), box_conv2d(x, box, 7))
        assert_legal(average.module.state_dict()['coords'])


def _ddp_worker(rank, path):
    store = f'file://{path}/store'
    torch.distributed.init_process_group('gloo', store, rank=rank, world_size=2)
    torch.manual_seed(rank)
    layer = BoxConv2d(8, 7)
    model = nn.parallel.DistributedDataParallel(layer)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
    for _ in range(4):
        model(torch.randn(2, 8, 9, 9)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    torch.save(model.module.state_dict()['coords'], f'{path}/{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures('torch_only')
def test_ddp_ranks_keep_identical_legal_boxes(tmp_path):
    mp.start_processes(_ddp_worker, (str(tmp_path),), nprocs=2, start_method='spawn')
    first, second = (torch.load(tmp_path / f'{rank}.pt') for rank in (0, 1))
    assert torch.equal(first, second)
    assert_legal(first)


def test_to_depthwise_computes_the_same():
    for stride in (1, 2):
        layer = BoxConv2d(6, 9, stride).eval()
        x = torch.randn(2, 6, 11, 8)
        torch.testing.assert_close(layer.to_depthwise()(x), layer(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('pieces', [1, '2h', '2v', 4])
def test_normalized_boxes_are_means_whatever_they_are_written_as(pieces):
    layer = BoxConv2d(6, 9, pieces=pieces, normalize=True).eval()
    ones = torch.ones(1, 6, 9, 9)
    torch.testing.assert_close(layer(ones)[:, :, 4, 4], torch.ones(1, 6))
    x = torch.randn(2, 6, 11, 8)
    for other in (layer.to_depthwise(), layer.to_separable()):
        torch.testing.assert_close(other(x), layer(x), atol=1e-5, rtol=1e-5)


def test_half_precision_leaves_the_boxes_wide():
    layer = BoxConv2d(4, 31)
    layer(torch.rand(1, 4, 5, 5)).square().sum().backward()
    exact, slope = layer.coords.detach().clone(), layer.coords.grad.clone()
    for narrow in (layer.half, layer.bfloat16):
        assert torch.equal(narrow().coords, exact)
        assert torch.equal(layer.coords.grad, slope)
    torch.optim.Adam([layer.coords]).step()
    assert layer(torch.rand(1, 4, 5, 5).bfloat16()).dtype == torch.bfloat16
    assert layer.double().coords.dtype == torch.float64


def test_rounded_boxes_are_whole_numbers():
    for kernel_size in range(3, 64, 2):
        edges = torch.arange(float(kernel_size))
        layer = BoxConv2d(kernel_size, kernel_size)
        layer.set_boxes_(
            (edges[:, None] + torch.tensor([0.2, 0.2, -0.2, -0.2])).clamp(0, max(edges))
        )
        layer.round_boxes_()
        torch.testing.assert_close(layer.boxes, edges[:, None].expand(-1, 4), rtol=0, atol=2e-6)


def test_deepcopy_and_state_dict_round_trip():
    layer = BoxConv2d(4, 7)
    assert torch.equal(copy.deepcopy(layer).boxes, layer.boxes)
    other = BoxConv2d(4, 7)
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other.boxes, layer.boxes)


@pytest.mark.parametrize('value', [float('nan'), 1.5, -2.0])
def test_illegal_boxes_are_refused_when_loaded(value):
    layer = BoxConv2d(4, 7)
    state = layer.state_dict()
    state['coords'] = state['coords'].clone()
    state['coords'][2, 1] = value
    before = layer.coords.detach().clone()
    with pytest.raises(ValueError, match=r'coords holds illegal boxes: boxes\[2\]'):
        layer.load_state_dict(state)
    assert torch.equal(layer.coords, before)


def test_boxes_of_another_kernel_are_refused():
    with pytest.raises(ValueError, match='a kernel of 9 px, this layer has kernel_size=7'):
        BoxConv2d(4, 7).load_state_dict(BoxConv2d(4, 9).state_dict())
    with torch.device('meta'):
        deferred = BoxConv2d(4, 7)
    deferred.to_empty(device='cpu').reset_parameters()
    BoxConv2d(4, 7).load_state_dict(deferred.state_dict())


def test_illegal_boxes_are_refused_when_set():
    layer = BoxConv2d(2, 7)
    with pytest.raises(ValueError, match=r'boxes\[1\] = \[0.0, 6.5'):
        layer.set_boxes_(torch.tensor([[0.0, 6.0, 0.0, 6.0], [0.0, 6.5, 0.0, 6.0]]))
    with pytest.raises(ValueError, match=r'\(2, 4\), got \(3, 4\)'):
        layer.set_boxes_(torch.zeros(3, 4))


@pytest.mark.parametrize(
    ('arguments', 'error'),
    [
        (dict(channels=0, kernel_size=3), ValueError),
        (dict(channels=2, kernel_size=6), ValueError),
        (dict(channels=2, kernel_size=3, stride=0), ValueError),
        (dict(channels=2, kernel_size=3, pieces=3), ValueError),
    ],
)
def test_bad_layers_are_refused(arguments, error):
    with pytest.raises(error):
        BoxConv2d(**arguments)
