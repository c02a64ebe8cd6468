"""Cloth, skin and clutter: textured shapes painted into an image."""

from dataclasses import dataclass

import cv2
import numpy as np

__all__ = ['Material', 'background', 'paint', 'random_material', 'random_shape']

PATTERNS = ('plain', 'stripes', 'rings', 'checks', 'dots', 'noise')


@dataclass(frozen=True)
class Material:
    """A pattern of two BGR colours.

    Attributes:
        pattern: One of ``PATTERNS``.
        colors: ``(2, 3)`` BGR in [0, 255].
        period: Length of one repeat in px.
        phase: Offset of the pattern in px.
    """

    pattern: str
    colors: np.ndarray
    period: float
    phase: float


def random_material(rng: np.random.Generator, period: float, plain: float = 0.4) -> Material:
    """A random cloth; ``plain`` is the share of cloth without a pattern."""
    pattern = 'plain' if rng.random() < plain else str(rng.choice(PATTERNS[1:]))
    first = rng.uniform(15, 240, 3)
    second = np.clip(first + rng.choice([-1, 1]) * rng.uniform(35, 110, 3), 0, 255)
    return Material(
        pattern, np.stack((first, second)), period * rng.uniform(0.6, 1.6), rng.random()
    )


def _noise(rng: np.random.Generator, height: int, width: int, cell: float) -> np.ndarray:
    """Smooth noise in [0, 1] whose blobs are about ``cell`` px wide."""
    coarse = rng.random((max(2, int(height / cell) + 2), max(2, int(width / cell) + 2)), np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _mix(
    material: Material, along: np.ndarray, across: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """Share of the second colour, from px along and across the shape."""
    u = along / material.period + material.phase
    v = across / material.period + material.phase
    if material.pattern == 'stripes':
        return (v % 1 < 0.5).astype(np.float32)
    if material.pattern == 'rings':
        return (u % 1 < 0.5).astype(np.float32)
    if material.pattern == 'checks':
        return ((u % 1 < 0.5) ^ (v % 1 < 0.5)).astype(np.float32)
    if material.pattern == 'dots':
        return ((u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < 0.09).astype(np.float32)
    if material.pattern == 'noise':
        return (noise > 0.5).astype(np.float32)
    return np.zeros_like(noise)


def paint(
    image: np.ndarray,
    outline: np.ndarray,
    material: Material,
    axis: np.ndarray,
    rng: np.random.Generator,
    shade: float = 1.0,
) -> tuple[tuple[slice, slice], np.ndarray] | None:
    """Fill a convex outline with a shaded material, in place.

    Args:
        image: ``(H, W, 3)`` uint8 BGR.
        outline: ``(P, 2)`` points x, y in px; their convex hull is filled.
        material: What it is made of; the pattern follows ``axis``.
        axis: ``(2,)`` direction x, y of the shape.
        rng: Source of the noise.
        shade: Brightness.

    Returns:
        The rows and columns that were touched and the mask within them; None outside the image.
    """
    height, width = image.shape[:2]
    low = np.floor(outline.min(0)).astype(int)
    high = np.ceil(outline.max(0)).astype(int) + 1
    x0, y0 = np.clip(low, 0, (width, height))
    x1, y1 = np.clip(high, 0, (width, height))
    if x0 >= x1 or y0 >= y1:
        return None
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    hull = cv2.convexHull(np.round((outline - (x0, y0)) * 16).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1, lineType=cv2.LINE_8, shift=4)
    inside = mask.astype(bool)

    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    centre = outline.mean(0)
    axis = axis / (np.linalg.norm(axis) + 1e-6)
    along = (xs - centre[0]) * axis[0] + (ys - centre[1]) * axis[1]
    across = (ys - centre[1]) * axis[0] - (xs - centre[0]) * axis[1]
    noise = _noise(rng, y1 - y0, x1 - x0, max(material.period * 0.7, 2))
    share = _mix(material, along, across, noise)[..., None]
    color = material.colors[0] * (1 - share) + material.colors[1] * share
    extent = np.abs((outline - centre) @ np.array([-axis[1], axis[0]])).max() + 1e-6
    light = shade * (1.05 - 0.35 * (across / extent) ** 2 + 0.15 * (noise - 0.5))
    image[y0:y1, x0:x1][inside] = np.clip(color * light[..., None], 0, 255)[inside]
    return (slice(y0, y1), slice(x0, x1)), inside


def random_shape(rng: np.random.Generator, centre: np.ndarray, size: float) -> np.ndarray:
    """A box, an ellipse, a limb-like bar or a triangle: ``(P, 2)`` outline in px."""
    kind = rng.integers(4)
    if kind == 1:
        angle = np.linspace(0, 2 * np.pi, 20)
        points = np.stack((np.cos(angle), np.sin(angle) * rng.uniform(0.4, 1)), 1)
    elif kind == 3:
        points = rng.uniform(-1, 1, (3, 2))
    else:
        ratio = rng.uniform(0.12, 0.25) if kind == 2 else rng.uniform(0.4, 1)
        points = np.array([[-1, -ratio], [1, -ratio], [1, ratio], [-1, ratio]])
    tilt = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    return centre + size / 2 * points @ turn.T


def background(rng: np.random.Generator, height: int, width: int, clutter: int) -> np.ndarray:
    """A noisy gradient with ``clutter`` random shapes: ``(H, W, 3)`` uint8 BGR."""
    corners = rng.uniform(30, 225, (2, 2, 3)).astype(np.float32)
    canvas = cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)
    canvas += 40 * (_noise(rng, height, width, 24)[..., None] - 0.5)
    image = np.clip(canvas, 0, 255).astype(np.uint8)
    for _ in range(clutter):
        size = rng.uniform(0.08, 0.45) * height
        outline = random_shape(rng, rng.uniform((0, 0), (width, height)), size)
        paint(image, outline, random_material(rng, 9), rng.normal(size=2), rng)
    return image
