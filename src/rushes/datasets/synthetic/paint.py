"""Flat shapes with smooth edges, painted in units of the world and not of pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from math import cos, hypot, sin
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

Color = tuple[int, int, int]
Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Dots = Sequence[tuple[float, float]]

_SHIFT = 4  # cv2 takes coordinates in sixteenths of a pixel
_STEPS = 7  # points per span of a smooth curve


def rgb(text: str) -> Color:
    """Return the colour that `#rrggbb` names."""
    value = int(text.lstrip("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def mix(first: Color, second: Color, share: float) -> Color:
    """Return a colour between two: 0 is the first, 1 the second."""
    r, g, b = (round(a + (z - a) * share) for a, z in zip(first, second, strict=True))
    return r, g, b


def shade(color: Color, light: float) -> Color:
    """Return a colour in `light` times its light."""
    r, g, b = (min(255, round(value * light)) for value in color)
    return r, g, b


def filtered(color: Color, light: Color) -> Color:
    """Return how a colour looks in coloured light; white light changes nothing."""
    r, g, b = (round(value * part / 255) for value, part in zip(color, light, strict=True))
    return r, g, b


@lru_cache(maxsize=64)
def _curve_basis(count: int, closed: bool) -> Points:
    """(samples, count) weights of the Catmull-Rom curve through `count` points."""
    rows = []
    for span in range(count if closed else count - 1):
        for step in range(_STEPS):
            t = step / _STEPS
            weights = (
                -0.5 * t + t * t - 0.5 * t**3,
                1 - 2.5 * t * t + 1.5 * t**3,
                0.5 * t + 2 * t * t - 1.5 * t**3,
                -0.5 * t * t + 0.5 * t**3,
            )
            row = np.zeros(count)
            for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
                place = (span + offset) % count if closed else min(max(span + offset, 0), count - 1)
                row[place] += weight
            rows.append(row)
    if not closed:
        rows.append(np.eye(count)[-1])
    return np.array(rows)


@lru_cache(maxsize=64)
def _swell(count: int, taper: float) -> Points:
    """(count,), `taper` at both ends and 1 in the middle."""
    return np.asarray(taper + (1 - taper) * np.sin(np.linspace(0, np.pi, count)))


@lru_cache(maxsize=16)
def _circle(count: int) -> Points:
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


_HALF_TURN = np.stack([np.cos(np.linspace(0.5, 1.5, 9) * np.pi), np.sin(np.linspace(0.5, 1.5, 9) * np.pi)], axis=1)


@lru_cache(maxsize=4)
def _falloff(size: int) -> npt.NDArray[np.float32]:
    """(size, size), 1 in the middle and smoothly 0 at the rim."""
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    distance = np.sqrt(axis[None, :] ** 2 + axis[:, None] ** 2)
    return np.asarray(np.clip(1 - distance, 0, 1) ** 2, np.float32)


def smooth(points: Dots | Points, *, closed: bool = True) -> Points:
    """Return the points of a smooth curve through `points`, (samples, 2)."""
    corners = np.asarray(points, np.float64)
    return np.asarray(_curve_basis(len(corners), closed) @ corners)


def circle(x: float, y: float, rx: float, ry: float, *, count: int = 40) -> Points:
    """Return the corners of an ellipse, (count, 2)."""
    return np.asarray(_circle(count) * (rx, ry) + (x, y))


class Brush(ABC):
    """What shapes are painted with: a place in the world, and a size.

    World coordinates have y downwards. A shape outside the picture costs next to nothing.
    """

    __slots__ = ("matrix", "scale")

    def __init__(self, matrix: Points) -> None:
        """`matrix` is (3, 3), from the brush's own coordinates onwards, without stretch."""
        self.matrix = matrix
        self.scale = self._pixels_per_unit()

    def _pixels_per_unit(self) -> float:
        return hypot(self.matrix[0, 0], self.matrix[1, 0])

    @abstractmethod
    def _placed(self, matrix: Points) -> Self:
        """The same brush with another matrix."""

    @abstractmethod
    def _fill(self, corners: Points, color: Color, strength: float) -> None:
        """Fill the polygon whose corners the matrix has moved; strength 1 covers, less is translucent."""

    @abstractmethod
    def sees(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether anything in a box can be seen: whole groups of shapes are left out where it cannot."""

    def moved(self, x: float, y: float, *, scale: float = 1.0, angle: float = 0.0, mirror: bool = False) -> Self:
        """Return a brush with its origin at (x, y), units `scale` times as large, turned clockwise."""
        c, s = cos(angle) * scale, sin(angle) * scale
        side = -1 if mirror else 1
        step = np.array([[c * side, -s, x], [s * side, c, y], [0.0, 0.0, 1.0]])
        return self._placed(self.matrix @ step)

    def _put(self, points: Dots | Points, color: Color, strength: float) -> None:
        self._fill(np.asarray(points, np.float64) @ self.matrix[:2, :2].T + self.matrix[:2, 2], color, strength)

    def polygon(self, points: Dots | Points, color: Color) -> None:
        """Fill a shape with straight sides."""
        self._put(points, color, 1.0)

    def veil(self, points: Dots | Points, color: Color, strength: float) -> None:
        """Lay a translucent shape over what is there; strength 0 leaves it, 1 covers it."""
        self._put(points, color, strength)

    def blob(self, points: Dots | Points, color: Color) -> None:
        """Fill a shape with smooth sides through the points."""
        self._put(smooth(points), color, 1.0)

    def ellipse(self, x: float, y: float, rx: float, ry: float, color: Color) -> None:
        """Fill an ellipse around (x, y)."""
        size = max(rx, ry) * self.scale
        self._put(circle(x, y, rx, ry, count=10 if size < 3 else 28 if size < 40 else 64), color, 1.0)

    def box(self, left: float, top: float, right: float, bottom: float, color: Color, radius: float = 0.0) -> None:
        """Fill a rectangle, with round corners where `radius` is above 0."""
        if radius <= 0:
            self._put([(left, top), (right, top), (right, bottom), (left, bottom)], color, 1.0)
            return
        radius = min(radius, (right - left) / 2, (bottom - top) / 2)
        ring = _circle(24)
        side = (np.sign(ring.round(9)) + 1) / 2
        straight = (right - left - 2 * radius, bottom - top - 2 * radius)
        self._put(ring * radius + side * straight + (left + radius, top + radius), color, 1.0)

    def limb(
        self, start: tuple[float, float], stop: tuple[float, float], first: float, last: float, color: Color
    ) -> None:
        """Fill what a disc sweeps from `start` to `stop` while its radius goes from `first` to `last`."""
        dx, dy = stop[0] - start[0], stop[1] - start[1]
        length = hypot(dx, dy) or 1.0
        dx, dy = dx / length, dy / length
        cap = _HALF_TURN @ np.array([[dx, dy], [-dy, dx]])
        self._put(np.concatenate([cap * first + start, cap * -last + stop]), color, 1.0)

    def stroke(self, points: Dots | Points, width: float, color: Color, *, taper: float = 1.0) -> None:
        """Draw a smooth line; at its ends it is `taper` times as wide."""
        if len(points) == 2:
            (x0, y0), (x1, y1) = points
            length = hypot(x1 - x0, y1 - y0) or 1.0
            nx, ny = (y0 - y1) / length * width / 2, (x1 - x0) / length * width / 2
            fx, fy, mx, my = nx * taper, ny * taper, (x0 + x1) / 2, (y0 + y1) / 2
            self._put(
                [
                    (x0 + fx, y0 + fy),
                    (mx + nx, my + ny),
                    (x1 + fx, y1 + fy),
                    (x1 - fx, y1 - fy),
                    (mx - nx, my - ny),
                    (x0 - fx, y0 - fy),
                ],
                color,
                1.0,
            )
            return
        line = smooth(points, closed=False)
        along = np.empty_like(line)
        along[1:-1] = line[2:] - line[:-2]
        along[0], along[-1] = line[1] - line[0], line[-1] - line[-2]
        reach = np.sqrt((along * along).sum(axis=1)) + 1e-9
        across = along[:, ::-1] * (-1.0, 1.0) * (_swell(len(line), taper) * (width / 2) / reach)[:, None]
        self._put(np.concatenate([line + across, (line - across)[::-1]]), color, 1.0)


class Sketch(Brush):
    """Shapes put down in order, to be shown again and again while the camera moves.

    Its coordinates are the world's; `pixels_per_unit` and `window` (left, top, right, bottom) say how closely,
    and which part of it, will be looked at.
    """

    __slots__ = ("pixels_per_unit", "shapes", "window")

    def __init__(
        self,
        pixels_per_unit: float,
        window: tuple[float, float, float, float],
        *,
        matrix: Points | None = None,
        shapes: list[tuple[Points, Color, float]] | None = None,
    ) -> None:
        self.pixels_per_unit = pixels_per_unit
        self.window = window
        self.shapes = [] if shapes is None else shapes
        super().__init__(np.eye(3) if matrix is None else matrix)

    def _pixels_per_unit(self) -> float:
        return super()._pixels_per_unit() * self.pixels_per_unit

    def _placed(self, matrix: Points) -> Self:
        return type(self)(self.pixels_per_unit, self.window, matrix=matrix, shapes=self.shapes)

    def sees(self, left: float, top: float, right: float, bottom: float) -> bool:
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        placed = corners @ self.matrix[:2, :2].T + self.matrix[:2, 2]
        (x0, y0), (x1, y1) = placed.min(axis=0), placed.max(axis=0)
        return bool(x1 > self.window[0] and y1 > self.window[1] and x0 < self.window[2] and y0 < self.window[3])

    def _fill(self, corners: Points, color: Color, strength: float) -> None:
        self.shapes.append((corners, color, strength))


class Canvas(Brush):
    """Pixels and where they lie in the world.

    The pixels are (height, width, 3) RGB, or (height, width, 4) RGB multiplied by alpha, and alpha; uint8.
    """

    __slots__ = ("pixels",)

    def __init__(self, pixels: Pixels, matrix: Points) -> None:
        """Paint on `pixels`; `matrix` is (3, 3), world to pixel, without stretch."""
        self.pixels = pixels
        super().__init__(matrix)

    def _placed(self, matrix: Points) -> Self:
        return type(self)(self.pixels, matrix)

    def sees(self, left: float, top: float, right: float, bottom: float) -> bool:
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        placed = corners @ self.matrix[:2, :2].T + self.matrix[:2, 2]
        return self._touches(*placed.min(axis=0), *placed.max(axis=0))

    def _touches(self, left: float, top: float, right: float, bottom: float) -> bool:
        height, width = self.pixels.shape[:2]
        return right > -1 and bottom > -1 and left < width and top < height and max(right - left, bottom - top) > 0.25

    def show(self, sketch: Sketch) -> None:
        """Paint what a sketch holds."""
        if not sketch.shapes:
            return
        everything = np.concatenate([corners for corners, _, _ in sketch.shapes])
        placed = everything @ self.matrix[:2, :2].T + self.matrix[:2, 2]
        stops = np.cumsum([len(corners) for corners, _, _ in sketch.shapes])
        starts = np.concatenate([[0], stops[:-1]])
        low = np.minimum.reduceat(placed, starts).tolist()
        high = np.maximum.reduceat(placed, starts).tolist()
        fixed = np.asarray(np.clip(placed, -20000, 20000) * (1 << _SHIFT), np.int32)
        for k, (_, color, strength) in enumerate(sketch.shapes):
            if self._touches(*low[k], *high[k]):
                self._cover(fixed[starts[k] : stops[k]], color, strength)

    def _fill(self, corners: Points, color: Color, strength: float) -> None:
        if self._touches(*corners.min(axis=0), *corners.max(axis=0)):
            fixed = np.asarray(np.clip(corners, -20000, 20000) * (1 << _SHIFT), np.int32)
            self._cover(fixed, color, strength)

    def _cover(self, fixed: npt.NDArray[np.int32], color: Color, strength: float) -> None:
        if strength >= 1:
            cv2.fillPoly(self.pixels, [fixed], self._full(color), cv2.LINE_AA, _SHIFT)
            return
        height, width = self.pixels.shape[:2]
        left, top = np.maximum(fixed.min(axis=0) // 16 - 1, 0).tolist()
        right, bottom = np.minimum(fixed.max(axis=0) // 16 + 2, (width, height)).tolist()
        if right <= left or bottom <= top:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        shifted = fixed - np.array([left * 16, top * 16], np.int32)
        cv2.fillPoly(mask, [shifted], round(255 * strength), cv2.LINE_AA, _SHIFT)
        self._lay(left, top, mask, color)

    def _full(self, color: Color) -> tuple[int, ...]:
        return color if self.pixels.shape[2] == 3 else (*color, 255)

    def _lay(self, left: int, top: int, mask: Pixels, color: Color) -> None:
        part = self.pixels[top : top + mask.shape[0], left : left + mask.shape[1]]
        share = mask[:, :, None].astype(np.uint16)
        paint = np.array(self._full(color), np.uint16)
        part[:] = (part * (255 - share) + paint * share + 127) // 255

    def haze(self, top: float, bottom: float, color: Color, strengths: tuple[float, float]) -> None:
        """Lay a colour over the whole width, its strength going from the first at `top` to the last at `bottom`."""
        rows = np.arange(self.pixels.shape[0])
        world = (rows - self.matrix[1, 2]) / self.scale
        share = np.interp(world, [top, bottom], strengths)
        share[(world < top) | (world > bottom)] = 0
        mask = np.repeat((share * 255).astype(np.uint8)[:, None], self.pixels.shape[1], axis=1)
        self._lay(0, 0, mask, color)

    def gradient(self, top: float, bottom: float, colors: Sequence[Color]) -> None:
        """Fill the whole width between two heights; the colours follow each other evenly from the top."""
        rows = np.arange(self.pixels.shape[0])
        world = (rows - self.matrix[1, 2]) / self.scale
        stops = np.linspace(top, bottom, len(colors))
        inside = (world >= top) & (world <= bottom)
        if not inside.any():
            return
        first, last = np.flatnonzero(inside)[[0, -1]]
        ramp = np.stack([np.interp(world[inside], stops, [c[k] for c in colors]) for k in range(3)], axis=1)
        noise = np.random.default_rng(0).uniform(0, 1, (len(ramp), 61, 1))  # against bands
        tile = np.clip(ramp[:, None, :] + noise, 0, 255).astype(np.uint8)
        width = self.pixels.shape[1]
        self.pixels[first : last + 1, :, :3] = np.tile(tile, (1, -(-width // 61), 1))[:, :width]
        if self.pixels.shape[2] == 4:
            self.pixels[first : last + 1, :, 3] = 255

    def glow(self, x: float, y: float, radius: float, color: Color, strength: float) -> None:
        """Add light around (x, y); it keeps to what is already painted."""
        cx, cy = self.matrix[:2, :2] @ (x, y) + self.matrix[:2, 2]
        size = max(2, round(2 * radius * self.scale))
        left, top = round(cx - size / 2), round(cy - size / 2)
        height, width = self.pixels.shape[:2]
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size, width), min(top + size, height)
        if x1 <= x0 or y1 <= y0:
            return
        axes = np.float32(size) / 128
        move = np.array([[axes, 0, left - x0], [0, axes, top - y0]], np.float32)
        light = cv2.warpAffine(_falloff(128), move, (x1 - x0, y1 - y0)) * strength
        part = self.pixels[y0:y1, x0:x1, :3]
        whole = part + light[:, :, None] * (np.array(color, np.float32) / 255) * (255.0 - part)
        if self.pixels.shape[2] == 4:
            whole = np.minimum(whole, self.pixels[y0:y1, x0:x1, 3:])
        part[:] = np.clip(whole, 0, 255).astype(np.uint8)
