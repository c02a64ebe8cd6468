"""Heads of coordinates: what they predict, are trained with, and refuse."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.models.heads import HeatmapHead
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample

from mmpose_sat.codecs import DSNTLabel
from mmpose_sat.models import DirectRegressionHead, DSNTHead, FullyConnectedHead, IntegralHead
from mmpose_sat.models.heads import labels
from mmpose_sat.models.layers.heatmaps import log_gaussian

SIZE = (24, 32)
FLIP = [0, 2, 1]
CHANNELS = 48  # as many as cells: a 1 x 1 convolution can draw any heatmap
CODECS = {
    name: dict(type=f'mmpose_sat.{name}', input_size=SIZE, heatmap_size=(6, 8))
    for name in ('DSNTLabel', 'IntegralLabel')
}


def samples(count, codec='DSNTLabel', keypoints=None):
    rng = np.random.default_rng(0)
    result = []
    for _ in range(count):
        sample = PoseDataSample(metainfo=dict(flip_indices=FLIP, input_size=SIZE))
        points = rng.uniform(2, 20, (1, 3, 2)) if keypoints is None else keypoints
        built = KEYPOINT_CODECS.build(CODECS[codec])
        sample.gt_instance_labels = InstanceData(**built.encode(points.astype('f4'))).to_tensor()
        result.append(sample)
    return result


def head_config(name, **options):
    of_integral = name in ('IntegralHead', 'DirectRegressionHead')
    codec = CODECS['IntegralLabel' if of_integral else 'DSNTLabel']
    if name == 'IntegralHead':
        options.setdefault('deconv_out_channels', (8,))
    config = dict(type=f'mmpose_sat.{name}', in_channels=CHANNELS, out_channels=3, decoder=codec)
    return config | options


FEATURES = {
    'DSNTHead': (CHANNELS, 8, 6),
    'FullyConnectedHead': (CHANNELS, 8, 6),
    'IntegralHead': (CHANNELS, 4, 3),
    'DirectRegressionHead': (CHANNELS, 1, 1),
}


@pytest.mark.parametrize('name', FEATURES)
def test_training_moves_the_prediction_to_the_labels(name):
    torch.manual_seed(0)
    head = MODELS.build(head_config(name))
    head.init_weights()
    feats = (torch.randn(2, *FEATURES[name]),)
    points = np.array([[[5.0, 9], [18, 25], [12, 3]]])
    batch = samples(2, 'IntegralLabel' if head.decoder.extent == 1 else 'DSNTLabel', points)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    history = []
    for _ in range(100):
        losses = head.loss(feats, batch)
        total = sum(value for key, value in losses.items() if 'loss' in key)
        history.append(total.item())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    assert history[-1] < 0.4 * history[0]
    error = np.abs(head.predict(feats, batch)[0].keypoints - points)
    assert error.max() < 3


@pytest.mark.parametrize('name', FEATURES)
def test_the_flip_test_of_a_symmetric_model_changes_nothing(name):
    head = MODELS.build(head_config(name))
    batch = samples(2, 'IntegralLabel' if head.decoder.extent == 1 else 'DSNTLabel')
    plain = torch.randn(2, 3, 8, 6)
    if name == 'DirectRegressionHead':
        coordinates = torch.rand(2, 3, 2) - 0.5
        views = [coordinates, coordinates[:, FLIP] * torch.tensor([-1, 1])]
        head.forward = lambda feats: feats
    else:
        if name == 'FullyConnectedHead':
            with torch.no_grad():  # the same expectation as DSNT's, as a linear layer
                x, y = (2 * torch.arange(n) / n - 1 + 1 / n for n in (6, 8))
                head.linear.weight[0], head.linear.weight[1] = x.repeat(8), y.repeat_interleave(6)
                head.linear.bias.zero_()
        views = [plain, plain.flip(-1)[:, FLIP]]
        head.logits = lambda feats: [feats]
    once = head.predict(views[0], batch)
    twice = head.predict(views, batch, dict(flip_test=True))
    for a, b in zip(once, twice, strict=True):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-4)
        np.testing.assert_allclose(a.keypoint_scores, b.keypoint_scores, atol=1e-6)


@pytest.mark.parametrize('codec', CODECS)
def test_a_gaussian_is_decoded_to_its_place_in_the_image(codec):
    name = codec.replace('Label', 'Head')
    head = MODELS.build(head_config(name, **(dict(activation='abs') if name == 'DSNTHead' else {})))
    head.decoder.heatmap_size = (24, 32)
    points = torch.tensor([[[7.3, 11.9], [16.2, 20.4], [11.5, 15.5]]])
    centres = (2 * points + 1) / torch.tensor(SIZE) - 1
    gaussian = log_gaussian(centres, (32, 24), 1.0)
    logits = gaussian.exp() if head.activation == 'abs' else gaussian
    head.logits = lambda feats: [logits]
    preds, fields = head.predict(None, samples(1), dict(output_heatmaps=True))
    np.testing.assert_allclose(preds[0].keypoints, points.numpy(), atol=0.01)
    assert (preds[0].keypoint_scores > 0.95).all()
    assert fields[0].heatmaps.shape == (3, 32, 24)


def test_argmax_decodes_heatmap_baselines():
    head = MODELS.build(head_config('IntegralHead', decode='argmax'))
    logits = torch.zeros(1, 3, 8, 6)
    logits[0, :, 5, 2] = 2
    logits[0, :, 5, 3] = 1
    head.logits = lambda feats: [logits]
    (pred,) = head.predict(None, samples(1))
    # Cell 2.25 of 6 and 5 of 8, four pixels each.
    np.testing.assert_allclose(pred.keypoints[0], [[2.75 * 4 - 0.5, 5.5 * 4 - 0.5]] * 3, atol=1e-5)


@pytest.mark.parametrize('activation', ['relu', 'sigmoid'])
def test_scores_of_heatmap_baselines_tell_a_peak_from_a_doubt(activation):
    head = MODELS.build(head_config('IntegralHead', decode='argmax', activation=activation))
    logits = torch.full((1, 3, 24, 18), 0.0 if activation == 'relu' else -20.0)
    logits[0, :, 6, 5] = 1.0 if activation == 'relu' else 5.0
    logits[0, 1:, 20, 14] = 0.9 if activation == 'relu' else 4.0
    head.logits = lambda feats: [logits]
    (scores,) = head.predict(None, samples(1))[0].keypoint_scores
    assert scores[0] > 0.99 and (scores[1:] < 0.6).all()


@pytest.mark.parametrize('activation', ['softmax', 'relu'])
def test_the_score_of_a_gaussian_is_its_height(activation):
    loss = dict(type='mmpose_sat.IntegralLoss', joint=None, heatmap='gaussian')
    options = dict(decode='argmax', activation=activation, loss=loss)
    head = MODELS.build(head_config('IntegralHead', **options))
    logits = 0.01 * torch.rand(1, 3, 64, 48)
    logits[0, :, 20, 10] = torch.tensor([0.9, 0.3, 1.2])
    head.logits = lambda feats: [logits]
    (scores,) = head.predict(None, samples(1))[0].keypoint_scores
    np.testing.assert_allclose(scores, [0.9, 0.3, 1])


def test_labels_are_looked_at_once_for_all_stages(monkeypatch):
    layers = dict(final_layer=None, deconv_out_channels=None)
    head = MODELS.build(head_config('DSNTHead', num_stages=3, **layers))
    calls = []
    check = labels.check_codec
    monkeypatch.setattr(labels, 'check_codec', lambda *args: calls.append(check(*args)))
    head.loss(tuple(torch.randn(3, 2, 3, 8, 6)), samples(2))
    assert len(calls) == 1


def test_argmax_decodes_what_the_expectation_was_trained_for():
    feats, batch = (torch.randn(2, CHANNELS, 4, 3),), samples(2, 'IntegralLabel')
    plain = MODELS.build(head_config('IntegralHead'))
    head = MODELS.build(head_config('IntegralHead', decode='argmax'))
    head.load_state_dict(plain.state_dict())
    losses = [h.loss(feats, batch)['loss_joint'] for h in (plain, head)]
    assert torch.equal(*losses) and losses[1].requires_grad
    with torch.autocast('cpu', torch.bfloat16):
        assert np.isfinite(head.predict(feats, batch)[0].keypoints).all()


def test_weights_of_a_heatmap_network_load():
    init_default_scope('mmpose')
    theirs = HeatmapHead(4, 3, deconv_out_channels=(8, 8), deconv_kernel_sizes=(4, 4))
    ours = IntegralHead(4, 3, deconv_out_channels=(8, 8))
    ours.load_state_dict(theirs.state_dict())
    feats = (torch.randn(1, 4, 3, 2),)
    torch.testing.assert_close(ours.logits(feats)[0], theirs(feats))


def test_every_stage_has_a_loss():
    layers = dict(final_layer=None, deconv_out_channels=None)
    head = MODELS.build(head_config('DSNTHead', num_stages=2, **layers))
    single = MODELS.build(head_config('DSNTHead', **layers))
    first, second = torch.randn(2, 2, 3, 8, 6)
    batch = samples(2)
    both = head.loss((first, second), batch)
    for name in ('loss_coordinates', 'loss_shape'):
        parts = [single.loss((stage,), batch)[name] for stage in (first, second)]
        torch.testing.assert_close(both[name], sum(parts))
    torch.testing.assert_close(head((first, second)), single((second,)))


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (lambda: DSNTHead(4, 3, activation='tanh'), "activation must be one of .*, got 'tanh'"),
        (lambda: DSNTHead(4, 3, num_stages=2), 'num_stages=2 takes the features as logits'),
        (
            lambda: DSNTHead(
                4, 3, num_stages=2, final_layer=None, conv_out_channels=(4,), conv_kernel_sizes=(3,)
            ),
            'conv_out_channels must be None',
        ),
        (
            lambda: IntegralHead(
                4,
                3,
                decoder=CODECS['IntegralLabel'],
                loss=dict(type='mmpose_sat.IntegralLoss', heatmap='disc', input_size=(64, 64)),
            ),
            r'loss has input_size=\(64, 64\), the decoder \(24, 32\)',
        ),
        (lambda: DSNTHead(4, 3, num_stages=0), 'num_stages=0 must be 1 or more'),
        (lambda: DSNTHead(4, 3, loss=dict(type='L1Loss')), 'loss must be .* 2 axes.*got L1Loss'),
        (
            lambda: IntegralHead(4, 3, decoder=dict(type='RegressionLabel', input_size=SIZE)),
            'decoder must be .* 2 axes.*got RegressionLabel',
        ),
        (
            lambda: DirectRegressionHead(
                4, 3, loss=dict(type='mmpose_sat.IntegralLoss', heatmap='gaussian')
            ),
            "no heatmaps for heatmap='gaussian'",
        ),
        (
            lambda: DirectRegressionHead(4, 3, loss=dict(type='mmpose_sat.DSNTLoss')),
            "no heatmaps for regulariser='js'",
        ),
        (lambda: IntegralHead(4, 3, decode='max'), "decode must be one of .*, got 'max'"),
        (
            lambda: FullyConnectedHead(4, 3, dict(type='mmpose_sat.DSNTLabel', input_size=SIZE)),
            'decoder must have a heatmap_size',
        ),
    ],
)
def test_bad_arguments_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_logits_that_do_not_fit_are_named():
    head = MODELS.build(head_config('DSNTHead'))
    with pytest.raises(ValueError, match=r'heatmap_size .* \(6, 8\) .* makes \(8, 6\)'):
        head((torch.randn(1, CHANNELS, 6, 8),))
    head = MODELS.build(head_config('DSNTHead', final_layer=None))
    with pytest.raises(ValueError, match='out_channels=3 takes 3 channels of logits, got 48'):
        head((torch.randn(1, CHANNELS, 8, 6),))
    head.num_stages = 2
    with pytest.raises(ValueError, match='num_stages is 2, got 1 features'):
        head((torch.randn(1, 3, 8, 6),))


def test_labels_that_do_not_fit_are_named():
    head = MODELS.build(head_config('DSNTHead', out_channels=1))
    feats = (torch.randn(2, CHANNELS, 8, 6),)
    with pytest.raises(ValueError, match=r'\(2, 1, 2\) .*, the labels are \(2, 3, 2\)'):
        head.loss(feats, samples(2))
    with pytest.raises(ValueError, match='flip_indices of the data has 3 joints'):
        head.predict([feats, feats], samples(2), dict(flip_test=True))
    head.decoder = None
    for call in (head.loss, head.predict):
        with pytest.raises(ValueError, match='needs a decoder'):
            call(feats, samples(2))


def test_labels_of_another_codec_are_refused():
    head, feats = MODELS.build(head_config('DSNTHead')), (torch.randn(1, CHANNELS, 8, 6),)
    with pytest.raises(ValueError, match=r'labels within ±0\.5, DSNTLabel, .* is for ±1'):
        head.loss(feats, samples(1, 'IntegralLabel'))
    (sample,) = samples(1)
    sample.set_metainfo(dict(input_size=(32, 32)))
    with pytest.raises(ValueError, match=r'input_size=\(32, 32\) .* is for \(24, 32\)'):
        head.loss(feats, [sample])


@pytest.mark.parametrize('regulariser', [None, 'var', 'kl', 'js'])
def test_what_does_not_count_may_be_no_number(regulariser):
    loss = dict(type='mmpose_sat.DSNTLoss', regulariser=regulariser)
    head = MODELS.build(head_config('DSNTHead', loss=loss))
    feats = (torch.randn(1, CHANNELS, 8, 6, requires_grad=True),)
    (sample,) = samples(1)
    sample.gt_instance_labels.keypoint_labels[0, 1] = float('nan')
    sample.gt_instance_labels.keypoint_weights[0, 1] = 0
    losses = head.loss(feats, [sample])
    (gradient,) = torch.autograd.grad(sum(v for k, v in losses.items() if 'loss' in k), feats)
    assert gradient.isfinite().all() and gradient.any()


@pytest.mark.parametrize('name', ['IntegralHead', 'DirectRegressionHead'])
@pytest.mark.parametrize('place', [0.7, float('nan')])
def test_labels_outside_of_the_image_are_refused_where_they_count(name, place):
    head = MODELS.build(head_config(name))
    feats = (torch.randn(1, *FEATURES[name]),)
    (sample,) = samples(1, 'IntegralLabel')
    sample.gt_instance_labels.keypoint_labels[0, 1, 0] = place
    with pytest.raises(ValueError, match=r'keypoint_labels of 1 joints .* within ±0\.5'):
        head.loss(feats, [sample])
    sample.gt_instance_labels.keypoint_labels[0, 1, 0] = 0.7
    sample.gt_instance_labels.keypoint_weights[0, 1] = 0
    assert head.loss(feats, [sample])['loss_joint'].isfinite()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_leaves_coordinates_exact(dtype):
    head = MODELS.build(head_config('DSNTHead', final_layer=None, activation='softmax'))
    targets = torch.tensor([[[0.31, -0.4], [-0.2, 0.113], [0.05, 0.5]]])
    feats = (log_gaussian(targets, (80, 60), 1.5).requires_grad_(),)
    head.decoder.heatmap_size = (60, 80)
    with torch.autocast('cpu', dtype):
        (instances,) = head.predict(feats, samples(1))
        losses = head.loss(feats, samples(1))
    expected = (targets.numpy() + 1) * np.array(SIZE) / 2 - 0.5
    np.testing.assert_allclose(instances.keypoints, expected, atol=1e-3)
    assert all(value.dtype == torch.float32 for value in losses.values())


def test_a_fully_connected_head_in_half_precision():
    head = MODELS.build(head_config('FullyConnectedHead')).bfloat16()
    coordinates, _ = head((torch.randn(1, CHANNELS, 8, 6, dtype=torch.bfloat16),))
    assert coordinates.dtype == torch.float32


def test_direct_regression_is_exact_under_autocast():
    head = MODELS.build(head_config('DirectRegressionHead'))
    feats = (torch.randn(2, CHANNELS, 1, 1),)
    with torch.autocast('cpu', torch.bfloat16):
        found = head(feats)
        assert len(head.predict(feats, samples(2, 'IntegralLabel'))) == 2
    torch.testing.assert_close(found, head(feats), atol=1e-6, rtol=0)


def test_the_names_are_ours_not_mmposes():
    assert MODELS.get('mmpose_sat.DSNTHead') is DSNTHead
    assert MODELS.get('DSNTHead') is not DSNTHead
    assert MODELS.get('mmpose_sat.DirectRegressionHead') is DirectRegressionHead
    assert isinstance(MODELS.build(head_config('DSNTHead')).decoder, DSNTLabel)
