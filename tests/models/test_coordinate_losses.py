"""Losses: against dsntnn, closed forms, gradcheck, and what half precision does to them."""

import dsntnn
import pytest
import torch

from mmpose_sat.models import DSNTLoss, IntegralLoss
from mmpose_sat.models.layers.heatmaps import expectation, log_gaussian, normalise
from mmpose_sat.models.losses import (
    disc_bce,
    euclidean,
    gaussian_mse,
    js_divergence,
    kl_divergence,
    masked_mean,
    one_hot_cross_entropy,
    variance_error,
)

REGULARISERS = {'var': variance_error, 'kl': kl_divergence, 'js': js_divergence}


def case(scale=1.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    logits = scale * torch.randn(2, 3, 9, 7, generator=generator, dtype=torch.float64)
    targets = 1.8 * torch.rand(2, 3, 2, generator=generator, dtype=torch.float64) - 0.9
    return logits.to(dtype), targets


def small():
    logits, targets = case()
    return logits[:1, :2, :4, :3].contiguous(), targets[:1, :2]


def peaked(targets, sigma=0.8):
    return log_gaussian((targets + 0.1).clamp(-0.9, 0.9), (9, 7), sigma)


@pytest.mark.parametrize('logits', [case()[0], case(3.0)[0], peaked(case()[1])])
@pytest.mark.parametrize('sigma', [0.7, 1.0, 2.0])
def test_parity_with_dsntnn(logits, sigma):
    _, targets = case()
    heatmaps = normalise(logits)
    close = dict(rtol=1e-6, atol=1e-9)
    coordinates = expectation(heatmaps)
    torch.testing.assert_close(
        euclidean(coordinates, targets), dsntnn.euclidean_losses(coordinates, targets)
    )
    torch.testing.assert_close(
        js_divergence(heatmaps, targets, sigma),
        dsntnn.js_reg_losses(heatmaps, targets, sigma), **close,
    )  # fmt: skip
    torch.testing.assert_close(
        kl_divergence(heatmaps, targets, sigma),
        dsntnn.kl_reg_losses(heatmaps, targets, sigma), **close,
    )  # fmt: skip
    # Far from the joint, on a map as large as the paper's, Gaussians are below their 1e-24.
    flat, corner = torch.full((1, 1, 28, 28), 28.0**-2).double(), targets[:1, :1].abs() / 2 + 0.4
    torch.testing.assert_close(
        kl_divergence(flat, corner, sigma), dsntnn.kl_reg_losses(flat, corner, sigma), **close
    )
    # dsntnn's variance is in pixels, the paper's (and ours) in units of half a map: one factor for
    # both axes where maps are square.
    square = normalise(logits[:, :, :7])
    torch.testing.assert_close(
        variance_error(square, targets, sigma) * (7 / 2) ** 4,
        dsntnn.variance_reg_losses(square, sigma), **close,
    )  # fmt: skip


def test_the_mean_is_over_all_visible_joints_of_the_batch():
    values = torch.tensor([[1.0, 2, 3], [4, float('nan'), 100]])
    weights = torch.tensor([[1.0, 1, 1], [1, 0, 0]])
    assert masked_mean(values, weights) == 10 / 4
    assert masked_mean(values, torch.zeros(2, 3)) == 0
    known = torch.where(weights > 0, values, 7)
    torch.testing.assert_close(masked_mean(known, weights), dsntnn.average_loss(known, weights))


@pytest.mark.parametrize('name', REGULARISERS)
@pytest.mark.parametrize('activation', ['softmax', 'abs', 'relu', 'sigmoid'])
def test_gradients_of_regularisers(name, activation):
    logits, targets = small()
    function = REGULARISERS[name]
    assert torch.autograd.gradcheck(
        lambda z: function(normalise(z, activation), targets, 1.0), logits.requires_grad_()
    )


def test_gradients_of_the_other_losses():
    logits, targets = small()
    logits.requires_grad_()
    for loss in (
        lambda z: euclidean(expectation(normalise(z)), targets),
        lambda z: gaussian_mse(z, targets, 1.0),
        lambda z: one_hot_cross_entropy(z, targets),
        lambda z: disc_bce(z, targets, (12, 16), 5.0),
    ):
        assert torch.autograd.gradcheck(loss, logits)


def test_heatmap_losses_have_their_closed_forms():
    # The joint is in cell (x, y) = (2, 1) of a 4 x 3 map.
    targets = torch.tensor([[[0.3, 0.1]]])
    logits = torch.zeros(1, 1, 3, 4)
    assert one_hot_cross_entropy(logits, targets).item() == pytest.approx(torch.tensor(12.0).log())
    logits[0, 0, 1, 2] = 50
    assert one_hot_cross_entropy(logits, targets).item() == pytest.approx(0)
    gaussian = log_gaussian(targets, (3, 4), 1.0).exp()
    assert gaussian_mse(gaussian, targets).item() == 0
    assert gaussian_mse(gaussian + 2, targets).item() == pytest.approx(4)
    # Of 40 x 30 px, cells are 10 px wide and centred at 5, 15, 25, 35; the joint is at (26, 16.5).
    inside = torch.zeros(3, 4)
    inside[1, 1:4] = inside[0, 2] = inside[2, 2] = inside[0, 3] = inside[2, 3] = 1
    inside[2, 1] = 1  # 11 and 8.5 px off; (1, 0) is 11 and 11.5 px off, too far
    sure = 100 * (2 * inside - 1)[None, None]
    assert disc_bce(sure, targets, (40, 30)).item() == pytest.approx(0)
    assert disc_bce(-sure, targets, (40, 30)).item() == pytest.approx(100)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('scale', [0.0, 1.0, 1e4])
@pytest.mark.parametrize(
    'loss',
    [
        *(DSNTLoss(regulariser=name) for name in (None, 'var', 'kl', 'js')),
        *(IntegralLoss('l1', h, input_size=(28, 36)) for h in ('gaussian', 'one_hot', 'disc')),
    ],
    ids=lambda loss: getattr(loss, 'regulariser', None) or getattr(loss, 'heatmap', 'none'),
)  # fmt: skip
def test_half_precision_and_extreme_logits_stay_finite(loss, scale, dtype):
    logits, targets = case(scale, dtype)
    logits.requires_grad_()
    targets, weights = targets.float(), torch.tensor([[1.0, 1, 0], [0, 1, 1]])
    heatmaps = normalise(logits)
    coordinates = expectation(heatmaps)
    targets[0, 0] = coordinates[0, 0].detach()  # no error at all
    total = sum(loss(logits, heatmaps, coordinates, targets, weights).values())
    total.backward()
    assert total.isfinite() and logits.grad.isfinite().all()
    assert (logits.grad[0, 2] == 0).all()  # a joint that does not count


@pytest.mark.parametrize('loss', [DSNTLoss(), IntegralLoss(heatmap='one_hot')])
def test_a_batch_without_visible_joints_costs_nothing(loss):
    logits, targets = case(dtype=torch.float32)
    logits.requires_grad_()
    heatmaps = normalise(logits)
    losses = loss(logits, heatmaps, expectation(heatmaps), targets.float(), torch.zeros(2, 3))
    total = sum(losses.values())
    total.backward()
    assert total == 0 and (logits.grad == 0).all()


def test_dsnt_adds_lambda_times_the_regulariser():
    logits, targets = case()
    heatmaps, weights = normalise(logits), torch.ones(2, 3, dtype=torch.float64)
    call = (logits, heatmaps, expectation(heatmaps), targets, weights)
    assert set(DSNTLoss(regulariser=None)(*call)) == {'loss_coordinates'}
    for name, weight in (('var', 100), ('kl', 1), ('js', 1)):
        plain = masked_mean(REGULARISERS[name](heatmaps, targets, 2.0), weights)
        loss = DSNTLoss(name, sigma=2.0)(*call)['loss_shape']
        torch.testing.assert_close(loss, weight * plain)
        loss = DSNTLoss(name, weight=0.2, sigma=2.0)(*call)['loss_shape']
        torch.testing.assert_close(loss, 0.2 * plain)


def test_the_joint_loss_is_in_widths_and_per_sample():
    coordinates = torch.zeros(2, 2, 2)
    targets = torch.tensor([[[1.0, 0.5], [0, 0]], [[-0.2, 0], [1, 1]]])
    weights = torch.tensor([[1.0, 1], [1, 0]])
    logits = torch.zeros(2, 2, 3, 3)
    for joint, expected in (('l1', 0.75 + 0.1), ('l2', 0.25 + 0.0625 + 0.01)):
        losses = IntegralLoss(joint)(logits, logits, coordinates, targets, weights)
        assert losses['loss_joint'].item() == pytest.approx(expected / 2)


def test_the_phase_decides_what_is_computed():
    logits, targets = case()
    heatmaps, weights = normalise(logits), torch.ones(2, 3, dtype=torch.float64)
    loss = IntegralLoss(heatmap='gaussian')
    names = {'both': {'loss_joint', 'loss_heatmap'}}
    names |= {'joint': {'loss_joint'}, 'heatmap': {'loss_heatmap'}}
    for loss.phase, expected in names.items():
        assert set(loss(logits, heatmaps, expectation(heatmaps), targets, weights)) == expected


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (lambda: DSNTLoss('l2'), r"regulariser must be one of .*'js'.*, got 'l2'"),
        (lambda: DSNTLoss(sigma=0), 'sigma must be positive and finite, got 0'),
        (lambda: DSNTLoss(weight=-1), 'weight must be 0 or more and finite, got -1'),
        (lambda: IntegralLoss(heatmap='disc', input_size=(0, 8)), r'input_size must be .*\(0, 8\)'),
        (lambda: IntegralLoss('l3'), "joint must be one of .*, got 'l3'"),
        (lambda: IntegralLoss(heatmap='h1'), "heatmap must be one of .*, got 'h1'"),
        (lambda: IntegralLoss(None), 'there is no loss'),
        (lambda: IntegralLoss(heatmap='disc'), 'needs the input_size'),
        (
            lambda: IntegralLoss(heatmap='gaussian', sigma=-1.0),
            'sigma must be positive and finite, got -1',
        ),
    ],
)
def test_bad_arguments_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()
