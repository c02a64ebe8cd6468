"""Heads of networks that make their heatmaps themselves; scales and views averaged."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch import nn

CODEC = dict(type='mmpose_sat.CentredHeatmap', input_size=(64, 64), heatmap_size=(8, 8))
POINTS = np.array([[[20.0, 40], [44, 12], [30, 30]]], np.float32)
HEAD = dict(
    type='mmpose_sat.StageHeatmapHead',
    out_channels=3,
    num_stages=2,
    loss=dict(type='KeypointMSELoss', use_target_weight=True, loss_weight=4 * 64 / 2),
    decoder=CODEC,
)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmpose')


def sample():
    sample = PoseDataSample(
        metainfo=dict(
            flip_indices=[1, 0, 2], input_center=np.array([32.0, 32]),
            input_scale=np.array([64.0, 64]), input_size=(64, 64),
        )
    )  # fmt: skip
    sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
    encoded = KEYPOINT_CODECS.build(CODEC).encode(POINTS)
    weights = torch.tensor(encoded['keypoint_weights'])
    sample.gt_instance_labels = InstanceData(keypoint_weights=weights)
    sample.gt_fields = PixelData(heatmaps=torch.tensor(encoded['heatmaps']))
    return sample


def test_loss_is_the_papers_sum_over_stages_cells_and_background():
    head = MODELS.build(HEAD)
    stages = [torch.rand(2, 4, 8, 8) for _ in range(2)]
    truth = torch.stack([sample().gt_fields.heatmaps] * 2)
    expected = sum((stage - truth).square().sum() / (2 * 2) for stage in stages)
    losses = head.loss(stages, [sample(), sample()])
    torch.testing.assert_close(losses['loss_kpt'], expected)


def test_the_background_is_left_out_of_predictions():
    head = MODELS.build(HEAD)
    maps = sample().gt_fields.heatmaps[None]
    plain = head.predict([0 * maps, maps], [sample()], dict(output_heatmaps=True))
    assert plain[1][0].heatmaps.shape == (3, 8, 8)
    np.testing.assert_allclose(plain[0][0].keypoints, POINTS, atol=1.2)
    mirrored = maps.flip(-1)[:, [1, 0, 2, 3]]
    flipped = head.predict(
        [[0 * maps, maps], [0 * maps, mirrored]], [sample()], dict(flip_test=True)
    )
    np.testing.assert_allclose(flipped[0].keypoints, plain[0][0].keypoints)


@pytest.mark.parametrize(
    ('codec', 'stages', 'maps', 'message'),
    [
        (CODEC, 1, 4, 'num_stages=2 takes as many features, got 1'),
        (CODEC, 2, 3, 'out_channels=3 joints .* need 4 maps; a stage has 3'),
        (CODEC | dict(background=False), 2, 4, 'need 3 maps; a stage has 4'),
        (None, 2, 6, 'need 3 or 4 maps; a stage has 6'),
    ],
)
def test_other_stages_are_refused(codec, stages, maps, message):
    head = MODELS.build(HEAD | dict(decoder=codec))
    feats = [torch.zeros(1, maps, 8, 8)] * stages
    for call in (head.loss, head.predict):
        with pytest.raises(ValueError, match=message):
            call(feats, [sample()])


def test_the_accuracy_is_that_of_labelled_joints():
    labelled = sample()
    labelled.gt_fields.heatmaps[2] = 0  # without a label, which weighs all the same
    maps = labelled.gt_fields.heatmaps[None] + 1e-3 * torch.rand(1, 4, 8, 8)
    assert MODELS.build(HEAD).loss([maps, maps], [labelled])['acc_pose'] == 1


def test_heatmaps_in_bfloat16():
    head, maps = MODELS.build(HEAD), sample().gt_fields.heatmaps[None].bfloat16()
    assert head.loss([maps, maps], [sample()])['acc_pose'] == 1
    (found,) = head.predict([maps, maps], [sample()])
    np.testing.assert_allclose(found.keypoints, POINTS, atol=1.2)


def test_labels_that_do_not_fit_are_refused():
    head, other = MODELS.build(HEAD), sample()
    with pytest.raises(ValueError, match=r'shape \(1, 4, 8, 1\), the labels are \(1, 4, 8, 8\)'):
        head.loss([torch.zeros(1, 4, 8, 1)] * 2, [other])
    other.set_metainfo(dict(input_size=(48, 64)))
    with pytest.raises(ValueError, match=r'input_size=\(48, 64\)'):
        head.loss([torch.zeros(1, 4, 8, 8)] * 2, [other])


@pytest.mark.parametrize('options', [dict(num_stages=0), dict(out_channels=0)])
def test_numbers_below_one_are_refused(options):
    with pytest.raises(ValueError, match='=0 must be 1 or more'):
        MODELS.build(HEAD | options)


class Painter(nn.Module):
    """Features that are the image, smaller."""

    def forward(self, x):
        return (nn.functional.avg_pool2d(x, 8),)


def estimator(**options):
    model = MODELS.build(
        dict(
            type='mmpose_sat.MultiScalePoseEstimator',
            backbone=dict(type='mmpose_sat.MobileNetV1', num_blocks=1),
            head=HEAD | dict(num_stages=1, decoder=CODEC | dict(background=False)),
            data_preprocessor=dict(type='PoseDataPreprocessor'),
        )
        | options
    )
    model.backbone = Painter()
    return model.eval()


@pytest.mark.parametrize('flip_test', [False, True])
def test_scales_agree_on_where_a_joint_is(flip_test):
    model = estimator(scales=(0.5, 1, 2), test_cfg=dict(flip_test=flip_test))
    image = torch.zeros(1, 3, 64, 64)
    for channel, (x, y) in enumerate(POINTS[0].astype(int)):
        image[0, channel, y - 8 : y + 9, x - 8 : x + 9] = 1
    if flip_test:  # the painter does not swap left and right
        image[0, 1] = image[0, 0]
        expected = POINTS[0, [0, 0, 2]]
    else:
        expected = POINTS[0]
    (found,) = model.predict(image, [sample()])
    np.testing.assert_allclose(found.pred_instances.keypoints[0], expected, atol=2)


def test_maps_that_the_codec_enlarges_are_averaged_enlarged():
    image = torch.zeros(1, 3, 64, 64)
    model = estimator(test_cfg=dict(output_heatmaps=True))
    (found,) = model.predict(image, [sample()])
    assert found.pred_fields.heatmaps.shape == (3, 64, 64)


@pytest.mark.parametrize('codec', ['MSRAHeatmap', 'UDPHeatmap'])
def test_heads_of_mmpose_are_averaged_too(codec):
    decoder = dict(type=codec, input_size=(64, 64), heatmap_size=(8, 8), sigma=1)
    head = dict(
        type='HeatmapHead',
        in_channels=3,
        out_channels=3,
        deconv_out_channels=None,
        final_layer=None,  # the painter's channels are the heatmaps
        decoder=decoder,
    )
    image = torch.zeros(1, 3, 64, 64)
    for channel, (x, y) in enumerate(POINTS[0].astype(int)):
        image[0, channel, y - 8 : y + 9, x - 8 : x + 9] = 1
    (found,) = estimator(head=head, scales=[1, 2]).predict(image, [sample()])
    np.testing.assert_allclose(found.pred_instances.keypoints[0], POINTS[0], atol=6)
    with pytest.raises(ValueError, match=r'2 joints, .* need as many maps; the head has 4'):
        estimator(head=head)._heatmaps(image[:, [0, 1, 2, 2]], [1, 0])


@pytest.mark.parametrize('codec', ['MSRAHeatmap', 'UDPHeatmap'])
@pytest.mark.parametrize('scale', [0.5, 1.5])
def test_another_scale_moves_no_joint(codec, scale):
    """By a network that has learned the codec's labels at any size, seen from both sides by UDP."""
    decoder = dict(type=codec, input_size=(128, 128), heatmap_size=(32, 32), sigma=2)
    if codec == 'MSRAHeatmap':
        decoder['unbiased'] = True
    head = dict(type='HeatmapHead', in_channels=3, out_channels=1, decoder=decoder)
    is_udp = codec == 'UDPHeatmap'
    model = estimator(head=head, test_cfg=dict(flip_test=is_udp))
    joint = torch.tensor([50.3, 67.9])
    mirrored = False

    def ideal(images, indices):
        nonlocal mirrored
        side = images.shape[-1]
        cells = side // 4
        size = cells / 32
        place = (joint + 0.5) * size - 0.5
        if mirrored:
            place = torch.stack((side - 1 - place[0], place[1]))
        mirrored = is_udp and not mirrored
        x, y = (place * ((cells - 1) / (side - 1) if is_udp else 1 / 4))[:, None]
        x, y = ((torch.arange(cells) - at).square() for at in (x, y))
        return torch.exp(-(x + y[:, None]) / (2 * (2 * size) ** 2))[None, None]

    model._heatmaps = ideal
    found = []
    alone = sample()
    alone.set_metainfo(dict(flip_indices=[0]))
    for model.scales in ([1], [scale]):
        (result,) = model.predict(torch.zeros(1, 3, 128, 128), [alone])
        found.append(result.pred_instances.keypoints[0, 0])
    np.testing.assert_allclose(*found, atol=0.1)


def test_heads_of_coordinates_and_bad_scales_are_refused():
    for scales in (1.0, (), (float('nan'),), (float('inf'),)):
        with pytest.raises(ValueError, match='must be one or more positive numbers'):
            estimator(scales=scales)
    with pytest.raises(ValueError, match='size_divisor=0 must be 1 or more'):
        estimator(size_divisor=0)
    udp = dict(type='UDPHeatmap', input_size=(64, 64), heatmap_size=(8, 8), heatmap_type='combined')
    with pytest.raises(TypeError, match="heatmap_type='combined'"):
        estimator(head=dict(type='HeatmapHead', in_channels=3, out_channels=9, decoder=udp))
    with pytest.raises(ValueError, match=r'scales=\(0, 1\) must be'):
        estimator(scales=(0, 1))
    head = dict(type='mmpose_sat.DSNTHead', in_channels=3, out_channels=3)
    head['decoder'] = dict(type='mmpose_sat.DSNTLabel', input_size=(64, 64))
    with pytest.raises(TypeError, match='DSNTHead gives no heatmaps that'):
        estimator(head=head)
