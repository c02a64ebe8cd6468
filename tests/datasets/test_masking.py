"""Masks, permutations and grey borders."""

import numpy as np
import pytest
from mmpose.datasets.transforms import TopdownAffine

from mmpose_sat.registry import TRANSFORMS


def build(name, **options):
    return TRANSFORMS.build(dict(type=f'mmpose_sat.{name}', **options))


def image(height=90, width=60):
    return np.random.default_rng(0).integers(0, 100, (height, width, 3), dtype=np.uint8)


def hidden(before, after):
    """Where an image has become grey; elsewhere it must be as it was."""
    changed = (after == 128).all(-1)
    np.testing.assert_array_equal(after[~changed], before[~changed])
    return changed


def test_body_masks_lie_around_the_middle_and_vary():
    np.random.seed(0)
    mask, before = build('RandomBodyMask', prob=1), image()
    seen = np.stack([hidden(before, mask(dict(img=before))['img']) for _ in range(300)])
    rows, columns = seen.any((0, 2)).nonzero()[0], seen.any((0, 1)).nonzero()[0]
    assert rows.min() < 10 and columns.max() > 50  # a third and 30 % away: nearly to the border
    assert rows.min() >= 90 * (1 / 3 - 0.3) - 1 and columns.max() <= 60 * (2 / 3 + 0.3) + 1
    shares = seen.mean((1, 2))
    assert 0 < shares.min() < 0.05 and 0.15 < shares.max() < 0.36
    assert len({tuple(each.ravel()) for each in seen}) > 290


@pytest.mark.parametrize(
    'name', ['RandomBodyMask', 'RandomKeypointMask', 'RandomChannelPermutation']
)
def test_augmentations_are_seeded_and_happen_as_often_as_told(name):
    before = image()
    results = dict(keypoints=np.full((1, 3, 2), 30.0), keypoints_visible=np.ones((1, 3)))

    def run(prob, count):
        np.random.seed(1)
        transform = build(name, prob=prob)
        return [transform(dict(results, img=before))['img'] for _ in range(count)]

    first, again = run(0.5, 200), run(0.5, 200)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    share = np.mean([(result != before).any() for result in first])
    assert 0.3 < share < 0.6
    assert all((result == before).all() for result in run(0, 5))
    with pytest.raises(ValueError, match='prob=2 must be in'):
        build(name, prob=2)


def test_a_keypoint_mask_covers_a_labelled_joint():
    np.random.seed(0)
    joints = np.array([[[10.0, 20], [40, 70], [30, 40]]])
    mask, before = build('RandomKeypointMask', prob=1, side=0.2), image()
    results = dict(transformed_keypoints=joints, keypoints=0 * joints)
    for visible, allowed in ([[1, 0, 1]], (0, 2)), ([[0, 1, 0]], (1,)), ([[0, 0, 0]], ()):
        for _ in range(10):
            visible = np.array(visible)
            after = mask(dict(results, img=before, keypoints_visible=visible))['img']
            changed = hidden(before, after)
            covered = [i for i, (x, y) in enumerate(joints[0].astype(int)) if changed[y, x]]
            assert covered == [] if not allowed else covered[0] in allowed
            assert changed.sum() == (13**2 if allowed else 0)


def test_a_keypoint_mask_takes_what_keypoint_converter_makes():
    np.random.seed(0)
    joints = np.array([[[10.0, 20], [40, 70], [30, 40]]])
    visible = np.array([[[0, 1], [1, 1], [0, 1]]])  # and a weight
    results = dict(keypoints=joints, keypoints_visible=visible)
    for _ in range(10):
        after = build('RandomKeypointMask', prob=1)(dict(results, img=image()))['img']
        assert hidden(image(), after)[70, 40]


def test_an_image_without_people_stays():
    mask = TRANSFORMS.build(dict(type='mmpose_sat.RandomKeypointMask', prob=1))
    nobody = dict(keypoints=np.zeros((0, 14, 2)), keypoints_visible=np.zeros((0, 14)))
    image = np.zeros((9, 9, 3), np.uint8)
    assert mask(dict(nobody, img=image))['img'] is image


def test_masks_work_on_tiny_images():
    tiny = np.zeros((1, 2, 3), np.uint8)
    results = dict(keypoints=np.zeros((1, 1, 2)), keypoints_visible=np.ones((1, 1)))
    for name in ('RandomBodyMask', 'RandomKeypointMask'):
        assert build(name, prob=1)(dict(results, img=tiny))['img'].shape == (1, 2, 3)


def test_permutations_keep_every_channel():
    np.random.seed(0)
    before = np.arange(3, dtype=np.uint8) * np.ones((2, 2, 3), np.uint8)
    permute = build('RandomChannelPermutation', prob=1)
    orders = {tuple(permute(dict(img=before))['img'][0, 0]) for _ in range(200)}
    assert len(orders) == 6 and all(sorted(order) == [0, 1, 2] for order in orders)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_the_border_has_its_colour_and_the_image_is_as_ever(dtype):
    results = dict(
        img=image().astype(dtype), keypoints=np.zeros((1, 1, 2)),
        bbox_center=np.array([[30.0, 45]]), bbox_scale=np.array([[60.0, 90]]),
        bbox_rotation=np.array([20.0]),
    )  # fmt: skip
    plain = TopdownAffine((64, 64))(dict(results))
    ours = build('PaddedAffine', input_size=(64, 64), fill=(200, 201, 202))(dict(results))
    white = TopdownAffine((64, 64))(dict(results, img=np.full((90, 60, 3), 255, np.uint8)))['img']
    inside, outside = (white == 255).all(-1), (white == 0).all(-1)
    assert ours['img'].dtype == dtype and inside.any() and outside.any()
    np.testing.assert_allclose(ours['img'][inside].astype(float), plain['img'][inside], atol=1)
    assert (ours['img'][outside] == np.array([200, 201, 202], dtype)).all()
    np.testing.assert_array_equal(ours['transformed_keypoints'], plain['transformed_keypoints'])
