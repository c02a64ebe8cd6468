"""Scenes of rendered people with COCO keypoints, visibility and boxes."""

from dataclasses import dataclass

import cv2
import numpy as np

from .body import COCO_KEYPOINTS, HEAD_RADIUS, Body, sample_body
from .texture import Material, background, paint, random_material, random_shape

__all__ = ['CLUTTER', 'Person', 'Scene', 'render_scene']

CLUTTER = (8, 24)  # shapes behind the people, fewest and most
OCCLUDER_SHARE = 0.3  # people with an object in front of them
MIN_VISIBLE_SHARE = 0.6  # of a person's silhouette; fuller occlusion is drawn again
MIN_LABELLED = 10

# name: circles (point, radius) whose hull is the part, cloth, joints that it shows
_LIMBS: dict[str, tuple[tuple[tuple[str, float], ...], str, tuple[str, ...]]] = {
    'torso': (
        (
            ('left_shoulder', 0.05), ('right_shoulder', 0.05), ('chest', 0.072), ('belly', 0.066),
            ('left_hip', 0.062), ('right_hip', 0.062), ('neck', 0.03),
        ),
        'shirt',
        ('left_shoulder', 'right_shoulder', 'left_hip', 'right_hip'),
    ),
    'neck': ((('neck', 0.032), ('head', 0.03)), 'skin', ()),
}  # fmt: skip
for _side in ('left', 'right'):
    for _part, _start, _end, _radii, _cloth in (
        ('upper_arm', 'shoulder', 'elbow', (0.046, 0.036), 'sleeve'),
        ('forearm', 'elbow', 'wrist', (0.035, 0.026), 'cuff'),
        ('hand', 'wrist', 'hand', (0.024, 0.022), 'skin'),
        ('thigh', 'hip', 'knee', (0.07, 0.05), 'trousers'),
        ('shank', 'knee', 'ankle', (0.049, 0.031), 'socks'),
        ('foot', 'ankle', 'toe', (0.03, 0.022), 'shoes'),
    ):
        _joints = (f'{_side}_{_start}', f'{_side}_{_end}')
        _LIMBS[f'{_side}_{_part}'] = (
            tuple(zip(_joints, _radii, strict=True)),
            _cloth,
            tuple(joint for joint in _joints if joint in COCO_KEYPOINTS),
        )
_HEAD_JOINTS = COCO_KEYPOINTS[:5]
_PARTS = (*_LIMBS, 'head')


@dataclass
class Person:
    """One annotated person, in px of the image.

    Attributes:
        keypoints: ``(17, 3)`` x, y and COCO's visibility: 2 seen, 1 hidden, 0 not labelled (outside
            the image, or on the far side of the head).
        box: x, y, width, height of the silhouette inside the image.
        area: Visible px.
        view: ``front``, ``back`` or ``side``.
    """

    keypoints: np.ndarray
    box: tuple[float, float, float, float]
    area: float
    view: str


@dataclass
class Scene:
    """A rendered image ``(H, W, 3)`` uint8 BGR and its people."""

    image: np.ndarray
    people: list[Person]


def render_scene(
    rng: np.random.Generator,
    height: int = 240,
    width: int = 320,
    max_people: int = 3,
    clutter: tuple[int, int] = CLUTTER,
) -> Scene:
    """Draw scenes until one shows all of its people well enough to be labelled."""
    while True:
        scene = _try_scene(rng, height, width, int(rng.integers(1, max_people + 1)), clutter)
        if scene is not None:
            return scene


def _wardrobe(rng: np.random.Generator, height: float) -> dict[str, Material]:
    skin = np.array([95, 135, 195]) * rng.uniform(0.45, 1.2) + rng.normal(0, 8, 3)
    hair = rng.uniform(10, 90) * np.array([0.7, 0.9, 1.1])
    plain = {
        name: Material('plain', np.clip(np.stack((color, color)), 0, 255), 8, 0)
        for name, color in (('skin', skin), ('hair', hair))
    }
    period = height * 0.06
    cloth = {name: random_material(rng, period) for name in ('shirt', 'trousers', 'shoes')}
    long_sleeves, long_legs = rng.random() < 0.5, rng.random() < 0.6
    return {
        **plain,
        **cloth,
        'sleeve': cloth['shirt'],
        'cuff': cloth['shirt'] if long_sleeves else plain['skin'],
        'socks': cloth['trousers'] if long_legs else plain['skin'],
    }


def _hull(circles: list[tuple[np.ndarray, float]]) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack((np.cos(angle), np.sin(angle)), 1)
    return np.concatenate([centre + radius * ring for centre, radius in circles])


class _Figure:
    """A body placed in an image: projects, paints and labels itself."""

    def __init__(self, rng: np.random.Generator, body: Body, height: float, where: np.ndarray):
        self.rng, self.body, self.height = rng, body, height
        self.depth = {name: point[2] for name, point in body.points.items()}
        flat = {name: point[:2] * (1, -1) * height for name, point in body.points.items()}
        corners = np.array(list(flat.values()))
        shift = where - (corners.min(0) + corners.max(0)) / 2
        self.pixel = {name: point + shift for name, point in flat.items()}

    def paint(self, image: np.ndarray, owner: np.ndarray, label: int) -> np.ndarray:
        """Paint from far to near; ``owner`` gets ``label`` + part. Returns the silhouette."""
        wardrobe = _wardrobe(self.rng, self.height)
        silhouette = np.zeros(owner.shape, bool)
        shade = self.rng.uniform(0.8, 1.15)

        def depth(part: str) -> float:
            names = ['head'] if part == 'head' else [name for name, _ in _LIMBS[part][0]]
            return float(np.mean([self.depth[name] for name in names]))

        for part in sorted(_PARTS, key=depth):
            if part == 'head':
                self._paint_head(image, owner, label, silhouette, wardrobe, shade)
                continue
            circles, cloth, _ = _LIMBS[part]
            outline = _hull([(self.pixel[name], r * self.height) for name, r in circles])
            axis = self._axis(part)
            touched = paint(image, outline, wardrobe[cloth], axis, self.rng, shade)
            self._claim(owner, silhouette, touched, label + _PARTS.index(part))
            if part == 'torso':
                self._paint_placket(image, shade)
        return silhouette

    def label(self, owner: np.ndarray, label: int) -> np.ndarray:
        """COCO keypoints ``(17, 3)``, given who owns each pixel of the finished image."""
        height, width = owner.shape
        keypoints = np.zeros((len(COCO_KEYPOINTS), 3))
        for index, name in enumerate(COCO_KEYPOINTS):
            x, y = self.pixel[name]
            if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
                continue
            if name in _HEAD_JOINTS and self.depth[name] < self.depth['head'] - 0.015:
                continue
            parts = (
                ['head'] if name in _HEAD_JOINTS else [p for p in _LIMBS if name in _LIMBS[p][2]]
            )
            # A joint on the outline of its part may round to the pixel beside it.
            near = owner[max(round(y) - 1, 0) : round(y) + 2, max(round(x) - 1, 0) : round(x) + 2]
            seen = np.isin(near, [label + _PARTS.index(part) for part in parts]).any()
            keypoints[index] = x, y, 2 if seen else 1
        return keypoints

    def _axis(self, part: str) -> np.ndarray:
        if part == 'torso':
            return self.pixel['neck'] - (self.pixel['left_hip'] + self.pixel['right_hip']) / 2
        (first, _), (second, _) = _LIMBS[part][0][:2]
        return self.pixel[second] - self.pixel[first]

    def _paint_head(
        self,
        image: np.ndarray,
        owner: np.ndarray,
        label: int,
        silhouette: np.ndarray,
        wardrobe: dict[str, Material],
        shade: float,
    ) -> None:
        radius = HEAD_RADIUS * self.height
        axis = self.pixel['crown'] - self.pixel['head']
        skull = _hull([(self.pixel['head'], radius), (self.pixel['crown'], radius)])
        touched = paint(image, skull, wardrobe['hair'], axis, self.rng, shade)
        self._claim(owner, silhouette, touched, label + _PARTS.index('head'))
        if self.depth['face'] > self.depth['head'] - 0.01:
            face = _hull([(self.pixel['face'], radius * 0.8), (self.pixel['mouth'], radius * 0.45)])
            touched = paint(image, face, wardrobe['skin'], axis, self.rng, shade)
            self._claim(owner, silhouette, touched, label + _PARTS.index('head'))
        for name, size, color in (
            ('left_eye', 0.011, 25),
            ('right_eye', 0.011, 25),
            ('mouth', 0.013, 60),
            ('nose', 0.009, 90),
        ):
            if self.depth[name] > self.depth['head'] + 0.012:
                self._dot(image, name, size * self.height, (color // 2, color // 2, color))

    def _paint_placket(self, image: np.ndarray, shade: float) -> None:
        """The line of buttons: the front of a shirt, seen only from the front."""
        points = self.body.points
        across = points['left_shoulder'] - points['right_shoulder']
        hips = (points['left_hip'] + points['right_hip']) / 2
        if np.cross(across, points['neck'] - hips)[2] > 0.01:
            start = self.pixel['neck']
            end = (self.pixel['left_hip'] + self.pixel['right_hip']) / 2
            thickness = max(1, round(0.012 * self.height))
            cv2.line(image, _corner(start), _corner(end), (40 * shade,) * 3, thickness, shift=4)

    def _dot(self, image: np.ndarray, name: str, radius: float, color: tuple) -> None:
        cv2.circle(image, _corner(self.pixel[name]), round(radius * 16), color, -1, shift=4)

    @staticmethod
    def _claim(
        owner: np.ndarray, silhouette: np.ndarray, touched: tuple | None, value: int
    ) -> None:
        if touched is not None:
            area, inside = touched
            owner[area][inside] = value
            silhouette[area] |= inside


def _corner(point: np.ndarray) -> tuple[int, int]:
    """px with four fractional bits, as OpenCV wants them."""
    return round(point[0] * 16), round(point[1] * 16)


def _try_scene(
    rng: np.random.Generator, height: int, width: int, count: int, clutter: tuple[int, int]
) -> Scene | None:
    image = background(rng, height, width, int(rng.integers(clutter[0], clutter[1] + 1)))
    owner = np.full((height, width), -1, np.int32)
    figures, silhouettes = [], []
    for index in range(count):
        size = rng.uniform(0.5, 0.95) * height / (1 if count == 1 else 1.15)
        where = rng.uniform((0.15 * width, 0.42 * height), (0.85 * width, 0.58 * height))
        figure = _Figure(rng, sample_body(rng), size, where)
        silhouettes.append(figure.paint(image, owner, index * len(_PARTS)))
        figures.append(figure)
    for figure in figures:
        if rng.random() < OCCLUDER_SHARE:
            _occlude(rng, image, owner, figure)

    people = []
    for index, (figure, silhouette) in enumerate(zip(figures, silhouettes, strict=True)):
        visible = owner // len(_PARTS) == index
        keypoints = figure.label(owner, index * len(_PARTS))
        if visible.sum() < MIN_VISIBLE_SHARE * max(silhouette.sum(), 1):
            return None
        if (keypoints[:, 2] > 0).sum() < MIN_LABELLED:
            return None
        x, y, w, h = cv2.boundingRect(silhouette.astype(np.uint8))
        box = (float(x), float(y), float(w), float(h))
        people.append(Person(keypoints, box, float(visible.sum()), figure.body.view))
    image = cv2.GaussianBlur(image, (3, 3), rng.uniform(0.4, 0.9))
    noise = rng.normal(0, rng.uniform(1, 6), image.shape)
    return Scene(np.clip(image + noise, 0, 255).astype(np.uint8), people)


def _occlude(
    rng: np.random.Generator, image: np.ndarray, owner: np.ndarray, figure: _Figure
) -> None:
    joint = figure.pixel[str(rng.choice(COCO_KEYPOINTS[5:]))]
    outline = random_shape(rng, joint + rng.normal(0, 8, 2), rng.uniform(0.15, 0.4) * figure.height)
    touched = paint(image, outline, random_material(rng, 9), rng.normal(size=2), rng)
    if touched is not None:
        area, inside = touched
        owner[area][inside] = -1
