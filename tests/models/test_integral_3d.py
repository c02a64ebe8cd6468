"""Integral regression in three dimensions, and batches in which some samples have no depth."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample

from mmpose_sat.models import IntegralHead3D, IntegralLoss3D
from mmpose_sat.models.layers.heatmaps import log_gaussian, mean_of
from mmpose_sat.models.layers.volumes import softmax_marginals

CODEC = dict(type='mmpose_sat.IntegralLabel3D', input_size=(24, 32), heatmap_size=(6, 8, 5))
HEAD = dict(
    type='mmpose_sat.IntegralHead3D', in_channels=48, out_channels=3, depth=5,
    deconv_out_channels=None, decoder=CODEC,
)  # fmt: skip
DIRECT = dict(
    type='mmpose_sat.DirectRegressionHead3D', in_channels=48, out_channels=3, decoder=CODEC
)
POINTS = np.array([[[5.0, 9], [18, 25], [12, 3]]])
DEPTH = np.array([[-400.0, 0, 550]])


def samples(depths):
    codec = KEYPOINT_CODECS.build(CODEC)
    result = []
    for depth in depths:
        sample = PoseDataSample(metainfo=dict(flip_indices=[0, 2, 1], input_size=(24, 32)))
        encoded = codec.encode(POINTS.astype('f4'), keypoints_depth=depth)
        sample.gt_instance_labels = InstanceData(**encoded).to_tensor()
        result.append(sample)
    return result


@pytest.mark.parametrize(('config', 'shape'), [(HEAD, (48, 8, 6)), (DIRECT, (48, 1, 1))])
def test_training_moves_the_prediction_to_the_labels(config, shape):
    torch.manual_seed(0)
    head = MODELS.build(config)
    feats, batch = (torch.randn(2, *shape),), samples([DEPTH, DEPTH])
    optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
    for _ in range(150):
        losses = head.loss(feats, batch)
        optimizer.zero_grad()
        losses['loss_joint'].backward()
        optimizer.step()
    keypoints = head.predict(feats, batch)[0].keypoints
    assert keypoints.shape == (1, 3, 3)
    assert np.abs(keypoints[..., :2] - POINTS).max() < 4
    assert np.abs(keypoints[..., 2] - DEPTH).max() < 150
    assert head(feats).shape == (2, 3, 3)


def test_a_gaussian_is_decoded_to_its_place():
    head = MODELS.build(HEAD)
    centres = torch.tensor([[[0.2, -0.3, 0.1], [0.0, 0.4, -0.2], [-0.5, 0.1, 0.3]]])
    logits = log_gaussian(centres, (64, 48, 40), 1.2)
    head.logits = lambda feats: [logits]
    preds, fields = head.predict(None, samples([DEPTH]), dict(output_heatmaps=True))
    expected = (centres.numpy() + 1) * [12, 16, 0] - 0.5
    np.testing.assert_allclose(preds[0].keypoints[..., :2], expected[..., :2], atol=0.01)
    np.testing.assert_allclose(preds[0].keypoints[..., 2], centres[..., 2] * 1000, atol=0.5)
    assert (preds[0].keypoint_scores > 0.9).all()
    assert fields[0].heatmaps.shape == (3, 48, 40)
    torch.testing.assert_close(fields[0].heatmaps.sum((1, 2)), torch.ones(3))


@pytest.mark.parametrize('heatmap', [None, 'gaussian', 'one_hot'])
def test_a_stage_of_the_plane_knows_nothing_of_depth(heatmap):
    loss = dict(type='mmpose_sat.IntegralLoss3D', heatmap=heatmap)
    stages = dict(num_stages=2, final_layer=None, in_channels=15, loss=loss)
    head = MODELS.build(HEAD | stages | dict(depth=(1, 5)))
    feats = tuple(torch.randn(1, 3 * depth, 8, 6, requires_grad=True) for depth in (1, 5))

    def gradients(depths):
        losses = head.loss(feats, samples([depths]))
        return torch.autograd.grad(losses['loss_joint'] + losses.get('loss_heatmap', 0), feats)

    (coarse, fine), (same, other) = gradients(DEPTH), gradients(-DEPTH)
    assert coarse.abs().sum() > 0
    torch.testing.assert_close(coarse, same)
    assert (fine - other).abs().max() > 0
    assert head(feats).shape == (1, 3, 3)


@pytest.mark.parametrize('config', [HEAD, DIRECT])
def test_the_flip_test_of_a_symmetric_model_changes_nothing(config):
    head = MODELS.build(config)
    if config is HEAD:
        plain = torch.randn(1, 3, 5, 8, 6)
        mirrored = plain.flip(-1)[:, [0, 2, 1]]
        head.logits = lambda feats: [feats]
    else:
        plain = torch.rand(1, 3, 3) - 0.5
        mirrored = plain[:, [0, 2, 1]] * torch.tensor([-1, 1, 1])
        head.forward = lambda feats: feats.clone()
    once = head.predict(plain, samples([DEPTH]))[0]
    twice = head.predict([plain, mirrored], samples([DEPTH]), dict(flip_test=True))[0]
    np.testing.assert_allclose(once.keypoints, twice.keypoints, atol=1e-3)


@pytest.mark.parametrize('heatmap', ['gaussian', 'one_hot'])
def test_samples_without_depth_leave_it_open(heatmap):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 5, 8, 6, generator=generator, dtype=torch.float64)
    targets = torch.rand(2, 3, 3, generator=generator, dtype=torch.float64) - 0.5
    weights = torch.ones(2, 3, dtype=torch.float64)
    depth_weights = torch.tensor([[1.0, 1, 1], [0, 0, 0]], dtype=torch.float64)
    loss = IntegralLoss3D(heatmap=heatmap)

    def total(volumes, depths):
        axes, normaliser, volumes = softmax_marginals(volumes)
        places = targets.clone()
        places[..., 2] = depths
        call = (volumes, normaliser, mean_of(axes), places, weights, depth_weights)
        return sum(loss(*call).values())

    depths = targets[..., 2]
    before = total(logits, depths)
    other = depths.clone()
    other[1] = 0.9
    torch.testing.assert_close(total(logits, other), before)  # no word of the second's depth
    shuffled = logits.clone()
    shuffled[1] = logits[1].flip(1)
    torch.testing.assert_close(total(shuffled, depths), before)
    shuffled = logits.clone()
    shuffled[0] = logits[0].flip(1)
    assert (total(shuffled, depths) - before).abs() > 1e-3
    assert torch.autograd.gradcheck(
        lambda volumes: total(volumes, depths), logits[:, :, :3, :3, :2].clone().requires_grad_()
    )


@pytest.mark.parametrize('heatmap', ['gaussian', 'one_hot'])
def test_a_batch_without_visible_joints_costs_nothing(heatmap):
    head = MODELS.build(HEAD | dict(loss=dict(type='mmpose_sat.IntegralLoss3D', heatmap=heatmap)))
    batch = samples([DEPTH])
    for name in ('keypoint_weights', 'depth_weights'):
        batch[0].gt_instance_labels[name][:] = 0
    for head.loss_module.phase in ('both', 'heatmap', 'joint'):
        losses = head.loss((torch.randn(1, 48, 8, 6),), batch)
        total = sum(value for name, value in losses.items() if 'loss' in name)
        total.backward()
        assert total == 0 and (head.final_layer.weight.grad == 0).all()


def test_argmax_decodes_heatmap_baselines():
    head = MODELS.build(HEAD | dict(decode='argmax'))
    logits = torch.zeros(1, 3, 5, 8, 6)
    logits[0, :, 1, 5, 2] = 2
    logits[0, :, 2, 5, 2] = 1  # behind it: a quarter cell farther
    head.logits = lambda feats: [logits]
    (pred,) = head.predict(None, samples([DEPTH]))
    expected = [2.5 * 4 - 0.5, 5.5 * 4 - 0.5, (1.75 / 5 - 0.5) * 2000]
    np.testing.assert_allclose(pred.keypoints[0], [expected] * 3, atol=1e-3)


def test_h1_is_scored_by_its_peak_and_logged_by_what_it_decodes_to():
    loss = dict(type='mmpose_sat.IntegralLoss3D', joint=None, heatmap='gaussian')
    head = MODELS.build(HEAD | dict(decode='argmax', loss=loss))
    targets = torch.cat([s.gt_instance_labels.keypoint_labels for s in samples([DEPTH])])
    heights = log_gaussian(2 * targets, (5, 8, 6), 1.0).exp()
    heights /= heights.amax((2, 3, 4), keepdim=True)
    heights[:, 1] *= 0.3
    head.logits = lambda feats: [heights]
    (pred,) = head.predict(None, samples([DEPTH]))
    np.testing.assert_allclose(pred.keypoint_scores[0], [1, 0.3, 1], rtol=1e-4)
    assert head.loss(None, samples([DEPTH]))['acc_pose'] > 0.6  # cells are coarse


def test_the_loss_of_a_marginal_vanishes_on_the_gaussian_in_space():
    centres = torch.tensor([[[0.1, -0.2, 0.05]]], dtype=torch.float64)
    volume = log_gaussian(centres, (33, 12, 10), 1.0).exp()
    ones = torch.ones(1, 1, dtype=torch.float64)
    for depth_weights in (ones, 0 * ones):
        losses = IntegralLoss3D(None, 'gaussian')(
            volume, softmax_marginals(volume)[1], centres, centres, ones, depth_weights
        )
        assert losses['loss_heatmap'] < 1e-9


def test_labels_in_another_range_of_depths_are_refused():
    head = MODELS.build(HEAD | dict(decoder=CODEC | dict(depth_range=1000)))
    with pytest.raises(ValueError, match=r'has depth_range=2000, .* the head depth_range=1000'):
        head.loss((torch.randn(1, 48, 8, 6),), samples([DEPTH]))


def test_a_traced_head_takes_other_batches():
    head = MODELS.build(HEAD).eval()
    feats = torch.randn(3, 48, 8, 6)
    traced = torch.jit.trace(head, ((feats[:2],),), check_trace=False)
    torch.testing.assert_close(traced((feats,)), head((feats,)))
    assert 'PythonOp' not in str(traced.graph)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r'depth\[0\]=0 must be 1 or more, a whole number'):
        IntegralHead3D(4, 3, depth=0)
    with pytest.raises(ValueError, match=r'num_stages=1, got \(1, 64\)'):
        IntegralHead3D(4, 3, depth=(1, 64))
    with pytest.raises(ValueError, match="activation must be 'softmax', got 'abs'"):
        IntegralHead3D(4, 3, activation='abs')
    with pytest.raises(ValueError, match='a loss of the plane'):
        IntegralLoss3D(heatmap='disc')
    head = MODELS.build(HEAD | dict(depth=4))
    with pytest.raises(ValueError, match=r'heatmap_size .*\(6, 8, 5\).* makes \(6, 8, 4\)'):
        head((torch.zeros(1, 48, 8, 6),))


def test_joints_that_do_not_count_have_no_depth_either():
    head = MODELS.build(DIRECT)
    feats = (torch.randn(1, 48, 1, 1),)
    batch = samples([DEPTH])
    weights = torch.tensor([[1.0, 0.5, 0]])  # as the data may weigh joints
    batch[0].gt_instance_labels.keypoint_weights = weights
    expected = (head(feats) / 2 - batch[0].gt_instance_labels.keypoint_labels).abs()
    loss = head.loss(feats, batch)['loss_joint']
    torch.testing.assert_close(loss, (expected * weights[..., None]).sum())
