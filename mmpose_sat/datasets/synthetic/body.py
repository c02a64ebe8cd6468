"""An articulated body: random poses, and where a camera sees its joints.

Body coordinates are in units of the person's height: x to the person's left, y up, z forward,
origin between the hips. Camera coordinates: x to the right of the image, y up, z towards the
viewer, so that a person seen from the front (view yaw 0) has the left hand on the right side.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

__all__ = ['BACK_VIEW_SHARE', 'COCO_KEYPOINTS', 'SIDE_VIEW_SHARE', 'Body', 'sample_body']

COCO_KEYPOINTS = (
    'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder',
    'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee',
    'right_knee', 'left_ankle', 'right_ankle',
)  # fmt: skip
BACK_VIEW_SHARE = 0.35
SIDE_VIEW_SHARE = 0.08

HEAD_RADIUS = 0.068


@dataclass(frozen=True)
class Body:
    """One posed person in camera coordinates, in units of the person's height.

    Attributes:
        points: Name -> ``(3,)`` position: COCO's joints, ``neck``, ``head``, hands, toes, ...
        view: ``front``, ``back`` or ``side``.
    """

    points: dict[str, np.ndarray]
    view: str


def _degrees(rng: np.random.Generator, mean: float, spread: float, limit: float) -> float:
    return float(np.clip(rng.normal(mean, spread), mean - limit, mean + limit))


def _direction(side: int, abduction: float, flexion: float) -> np.ndarray:
    """A limb that hangs down, raised sideways, then swung forward (degrees)."""
    a, f = np.radians((abduction, flexion))
    return np.array([side * np.sin(a), -np.cos(a) * np.cos(f), np.cos(a) * np.sin(f)])


def _bend(direction: np.ndarray, towards: np.ndarray, angle: float) -> np.ndarray:
    """``direction`` turned by ``angle`` degrees in the plane it spans with ``towards``."""
    sideways = towards - direction * (direction @ towards)
    sideways /= np.linalg.norm(sideways) + 1e-9
    return np.cos(np.radians(angle)) * direction + np.sin(np.radians(angle)) * sideways


def _view(rng: np.random.Generator) -> tuple[str, Rotation]:
    kind = rng.choice(
        ['back', 'side', 'front'],
        p=[BACK_VIEW_SHARE, SIDE_VIEW_SHARE, 1 - BACK_VIEW_SHARE - SIDE_VIEW_SHARE],
    )
    centre = {'front': 0, 'back': 180, 'side': 90 * rng.choice([-1, 1])}[kind]
    yaw = _degrees(rng, centre, 25, 45 if kind != 'side' else 30)
    tilt, roll = _degrees(rng, 5, 7, 15), _degrees(rng, 0, 10, 30)
    return str(kind), Rotation.from_euler('yxz', [yaw, tilt, roll], degrees=True)


def sample_body(rng: np.random.Generator) -> Body:
    """Draw a pose and a view."""
    points = _pose(rng)
    view, rotation = _view(rng)
    names = list(points)
    seen = rotation.apply(np.array([points[name] for name in names]))
    return Body(dict(zip(names, seen, strict=True)), view)


def _pose(rng: np.random.Generator) -> dict[str, np.ndarray]:
    points = {}
    seated = rng.random() < 0.12
    lean = Rotation.from_euler(
        'xz', [_degrees(rng, 6, 10, 25), _degrees(rng, 0, 8, 20)], degrees=True
    )
    chest = lean * Rotation.from_euler('y', _degrees(rng, 0, 12, 30), degrees=True)
    points['neck'] = lean.apply([0, 0.33, 0])
    points['chest'] = lean.apply([0, 0.23, 0.01])
    points['belly'] = lean.apply([0, 0.08, 0.01])
    for side, name in ((1, 'left'), (-1, 'right')):
        points[f'{name}_hip'] = np.array([side * 0.075, 0.0, 0.0])
        points[f'{name}_shoulder'] = points['neck'] + chest.apply([side * 0.125, -0.03, 0])

        raised = rng.uniform(95, 165) if rng.random() < 0.2 else rng.uniform(4, 75)
        upper = chest.apply(_direction(side, raised, _degrees(rng, 10, 35, 80)))
        inwards = chest.apply([-0.5 * side, 0.3, 1]) + rng.normal(0, 0.4, 3)
        lower = _bend(upper, inwards, rng.uniform(0, 125))
        points[f'{name}_elbow'] = points[f'{name}_shoulder'] + 0.165 * upper
        points[f'{name}_wrist'] = points[f'{name}_elbow'] + 0.145 * lower
        points[f'{name}_hand'] = points[f'{name}_wrist'] + 0.055 * lower

        flexion = _degrees(rng, 75, 15, 25) if seated else _degrees(rng, 8, 20, 60)
        knee = _degrees(rng, 80, 15, 30) if seated else abs(rng.normal(0, 25)) + max(flexion, 0) / 2
        thigh = _direction(side, rng.uniform(0, 28), flexion)
        shank = _bend(thigh, np.array([0.0, -0.2, -1.0]), min(knee, 110))
        forward = _bend(shank, np.array([0.3 * side, -0.3, 1.0]), 80)
        points[f'{name}_knee'] = points[f'{name}_hip'] + 0.235 * thigh
        points[f'{name}_ankle'] = points[f'{name}_knee'] + 0.225 * shank
        points[f'{name}_toe'] = points[f'{name}_ankle'] + 0.10 * forward + 0.02 * shank

    angles = [_degrees(rng, 0, 18, 45), _degrees(rng, 0, 9, 20), _degrees(rng, 0, 8, 20)]
    head = chest * Rotation.from_euler('yxz', angles, degrees=True)
    centre = points['neck'] + head.apply([0, 0.095, 0.01])
    points['head'] = centre
    points['crown'] = centre + head.apply([0, 0.022, -0.008])
    points['face'] = centre + head.apply([0, -0.008, 0.03])
    points['nose'] = centre + head.apply([0, -0.005, HEAD_RADIUS])
    points['mouth'] = centre + head.apply([0, -0.035, 0.055])
    for side, name in ((1, 'left'), (-1, 'right')):
        points[f'{name}_eye'] = centre + head.apply([side * 0.027, 0.015, 0.058])
        points[f'{name}_ear'] = centre + head.apply([side * HEAD_RADIUS, 0, 0])
    return points
