"""Places in the open air: streets, shores, mountains, woods and a far planet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rushes.datasets.synthetic.looks import Look
from rushes.datasets.synthetic.paint import Canvas, Color, circle, mix, shade
from rushes.datasets.synthetic.place import EYE_LEVEL, Place


def _stars(c: Canvas, rng: np.random.Generator, count: int, low: float) -> None:
    for _ in range(count):
        size = rng.uniform(0.006, 0.016)
        c.ellipse(rng.uniform(-7, 7), rng.uniform(-5.5, low), size, size, shade((255, 250, 240), rng.uniform(0.5, 1)))


def _cloud(c: Canvas, x: float, y: float, size: float, color: Color) -> None:
    lobes = ((-0.9, 0.10, 0.34), (-0.4, -0.10, 0.46), (0.15, -0.22, 0.52), (0.65, -0.04, 0.40), (1.1, 0.12, 0.28))
    for dark in (True, False):
        for dx, dy, radius in lobes:
            tone = mix(color, (120, 120, 150), 0.16) if dark else color
            lift = 0.05 if dark else 0.0
            c.ellipse(x + dx * size, y + (dy + lift) * size, radius * size, radius * size * 0.72, tone)
    c.box(x - 1.15 * size, y + 0.08 * size, x + 1.35 * size, y + 0.34 * size, color, 0.13 * size)


def _ridge(rng: np.random.Generator, base: float, height: float, step: float, jag: float) -> list[tuple[float, float]]:
    xs = np.arange(-9, 9 + step, step)
    ys = base - height * (0.55 + 0.45 * np.sin(xs * rng.uniform(0.5, 1.1) + rng.uniform(0, 6)))
    ys = ys - rng.uniform(-jag, jag, len(xs))
    points = list(zip(xs.tolist(), ys.tolist(), strict=True))
    return [*points, (9, base + 2), (-9, base + 2)]


def _sky(c: Canvas, look: Look, horizon: float = EYE_LEVEL) -> None:
    c.gradient(-9, horizon, (look.palette.sky[0], *look.palette.sky))
    c.gradient(horizon, horizon + 4, (*look.palette.ground, look.palette.ground[-1]))


def _tree(c: Canvas, x: float, foot: float, height: float, trunk: Color, leaf: Color) -> None:
    c.limb((x, foot), (x, foot - height * 0.6), height * 0.045, height * 0.03, trunk)
    c.limb((x, foot - height * 0.35), (x + height * 0.16, foot - height * 0.6), height * 0.022, height * 0.015, trunk)
    for dx, dy, radius, tone in (
        (0.0, 0.62, 0.30, 0.82),
        (-0.19, 0.58, 0.20, 0.82),
        (0.2, 0.62, 0.22, 0.88),
        (-0.05, 0.76, 0.24, 1.0),
        (-0.12, 0.68, 0.14, 1.12),
    ):
        c.ellipse(x + dx * height, foot - dy * height, radius * height, radius * height * 0.9, shade(leaf, tone))


def _pine(c: Canvas, x: float, foot: float, height: float, color: Color, snow: Color | None) -> None:
    c.box(x - height * 0.025, foot - height * 0.15, x + height * 0.025, foot, shade(color, 0.55))
    for k in range(4):
        top, wide = foot - height * (0.42 + 0.19 * k), height * (0.24 - 0.045 * k)
        low = top + height * 0.32
        c.polygon(
            [
                (x, top),
                (x + wide, low),
                (x + wide * 0.4, low - 0.02 * height),
                (x - wide * 0.4, low - 0.02 * height),
                (x - wide, low),
            ],
            shade(color, 0.8 + 0.08 * k),
        )
        c.polygon([(x, top), (x + wide, low), (x + wide * 0.2, low)], shade(color, 0.66 + 0.08 * k))
        if snow is not None:
            c.polygon(
                [
                    (x, top),
                    (x + wide * 0.42, top + height * 0.13),
                    (x + wide * 0.1, top + height * 0.10),
                    (x - wide * 0.15, top + height * 0.14),
                    (x - wide * 0.42, top + height * 0.13),
                ],
                snow,
            )


def _lamp_post(c: Canvas, x: float, foot: float, look: Look) -> None:
    iron = mix(look.palette.near, (20, 20, 26), 0.6)
    c.limb((x, foot), (x, foot - 2.0), 0.03, 0.02, iron)
    c.box(x - 0.05, foot - 0.1, x + 0.05, foot, iron, 0.02)
    c.limb((x, foot - 2.0), (x + 0.22, foot - 2.1), 0.018, 0.014, iron)
    c.polygon(
        [(x + 0.12, foot - 2.06), (x + 0.32, foot - 2.06), (x + 0.27, foot - 2.14), (x + 0.17, foot - 2.14)], iron
    )
    if look.night:
        c.ellipse(x + 0.22, foot - 2.04, 0.07, 0.04, (255, 246, 214))
        c.veil(
            [(x + 0.13, foot - 2.04), (x + 0.31, foot - 2.04), (x + 0.75, foot), (x - 0.31, foot)],
            look.palette.window,
            0.10,
        )


def _city_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    _sky(c, look)
    _stars(c, rng, 70, -2.2)
    c.glow(1.9, -2.6, 1.7, p.sun, 0.35)
    c.ellipse(1.9, -2.6, 0.34, 0.34, mix(p.sun, (255, 255, 255), 0.4))
    c.ellipse(2.0, -2.66, 0.07, 0.07, mix(p.sun, p.sky[0], 0.25))
    for depth in range(3):
        tone = mix(p.sky[-1], p.far, 0.35 + 0.3 * depth)
        x = -8.0
        while x < 8:
            wide, tall = rng.uniform(0.35, 0.8), rng.uniform(0.5, 1.9) * (1.15 - 0.22 * depth)
            top = EYE_LEVEL - tall
            c.box(x, top, x + wide, EYE_LEVEL + 0.05, tone)
            if rng.random() < 0.3:
                c.limb((x + wide / 2, top), (x + wide / 2, top - 0.3), 0.012, 0.006, tone)
            if rng.random() < 0.25:
                c.box(x + wide * 0.2, top - 0.12, x + wide * 0.8, top, tone)
            for row in np.arange(top + 0.1, EYE_LEVEL - 0.1, 0.13):
                for column in np.arange(x + 0.06, x + wide - 0.07, 0.11):
                    if rng.random() < 0.16 + 0.09 * depth:
                        c.box(column, row, column + 0.05, row + 0.06, mix(tone, p.window, rng.uniform(0.35, 0.95)))
            x += wide + rng.uniform(-0.05, 0.12)
    c.haze(-2.2, EYE_LEVEL, p.sky[-1], (0.0, 0.40))
    for k in range(-9, 10):
        c.polygon(
            [(k * 0.10, EYE_LEVEL + 0.02), (k * 0.10 + 0.006, EYE_LEVEL + 0.02), (k * 1.5 + 0.12, 2.4), (k * 1.5, 2.4)],
            mix(p.ground[0], p.ground[-1], 0.35),
        )
    for k in range(14):
        color = p.accents[k % len(p.accents)]
        x = rng.uniform(-4, 4)
        c.veil(
            [(x - 0.05, EYE_LEVEL + 0.1), (x + 0.05, EYE_LEVEL + 0.1), (x * 1.25 + 0.14, 0.5), (x * 1.25 - 0.14, 0.5)],
            color,
            0.10,
        )


def _city_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    foot = -0.42
    x = -8.5
    while x < 8.5:
        wide, tall = rng.uniform(1.2, 1.9), rng.uniform(1.9, 3.4)
        if rng.random() < 0.28:
            x += wide * 0.9  # a gap through which the skyline shows
            continue
        wall = mix(p.near, p.accents[int(rng.integers(len(p.accents)))], rng.uniform(0.05, 0.22))
        c.box(x, foot - tall, x + wide, foot, wall)
        c.box(x + wide * 0.82, foot - tall, x + wide, foot, shade(wall, 0.78))
        c.box(x - 0.05, foot - tall - 0.08, x + wide + 0.05, foot - tall + 0.02, shade(wall, 1.3))
        for row in np.arange(foot - tall + 0.22, foot - 0.95, 0.42):
            for column in np.arange(x + 0.14, x + wide - 0.28, 0.34):
                lit = rng.random() < 0.45
                glass = mix(p.window, wall, rng.uniform(0.0, 0.4)) if lit else mix(wall, (30, 40, 70), 0.5)
                c.box(column - 0.015, row - 0.015, column + 0.195, row + 0.275, shade(wall, 0.7))
                c.box(column, row, column + 0.18, row + 0.26, glass)
                c.box(column + 0.083, row, column + 0.097, row + 0.26, shade(wall, 0.7))
                if lit and rng.random() < 0.4:
                    c.box(column, row, column + 0.18, row + 0.08, mix(glass, p.accents[0], 0.5))
        sign = p.accents[int(rng.integers(len(p.accents)))]
        c.box(x + 0.12, foot - 0.60, x + wide - 0.12, foot - 0.02, mix(p.window, wall, 0.25))
        glow = mix(p.window, wall, 0.25)
        c.box(x + 0.12, foot - 0.14, x + wide - 0.12, foot, shade(wall, 0.8))
        for k in np.arange(x + 0.20, x + wide - 0.25, 0.13):
            goods = mix(p.accents[int(rng.integers(len(p.accents)))], glow, rng.uniform(0.2, 0.6))
            high = rng.uniform(0.08, 0.26)
            c.box(k, foot - 0.14 - high, k + 0.09, foot - 0.14, goods, 0.02)
        for k in np.arange(x + 0.12, x + wide - 0.15, 0.36):
            c.box(k, foot - 0.60, k + 0.025, foot, shade(wall, 0.55))
        stripes = np.arange(x + 0.06, x + wide - 0.06, 0.12)
        for k, left in enumerate(stripes):
            c.polygon(
                [
                    (left, foot - 0.76),
                    (left + 0.12, foot - 0.76),
                    (left + 0.13, foot - 0.58),
                    (left - 0.01, foot - 0.58),
                ],
                sign if k % 2 else mix(sign, (255, 255, 255), 0.75),
            )
        if look.night:
            c.box(x + wide * 0.25, foot - 1.0, x + wide * 0.75, foot - 0.84, mix(sign, (255, 255, 255), 0.25), 0.05)
            c.glow(x + wide * 0.5, foot - 0.9, 0.8, sign, 0.55)
        x += wide
    for k in range(-4, 5):
        _lamp_post(c, k * 2.1 + 0.7, foot + 0.12, look)
    c.box(-9, foot + 0.02, 9, foot + 0.10, mix(p.ground[0], (255, 255, 255), 0.18))
    c.box(-9, foot + 0.10, 9, foot + 0.14, shade(p.ground[0], 0.6))


def _water(c: Canvas, look: Look, rng: np.random.Generator, top: float, bottom: float, shine_at: float) -> None:
    p = look.palette
    c.gradient(top, bottom, (mix(p.ground[0], p.sky[-1], 0.45), p.ground[0], p.ground[1]))
    for _ in range(150):
        near = rng.random() ** 0.7
        y = top + 0.02 + near * (bottom - top)
        wide = 0.05 + 0.4 * near * rng.random()
        x = rng.uniform(-7, 7)
        tone = mix(p.ground[0], (255, 255, 255), 0.20) if rng.random() < 0.6 else shade(p.ground[1], 0.85)
        c.stroke([(x - wide, y), (x + wide, y)], 0.008 + 0.014 * near, tone, taper=0.0)
    for _ in range(60):
        near = rng.random()
        y = top + 0.01 + near * (bottom - top) * 0.9
        x = shine_at + rng.normal(0, 0.06 + 0.22 * near)
        wide = 0.03 + 0.16 * near * rng.random()
        c.stroke(
            [(x - wide, y), (x + wide, y)], 0.012 + 0.012 * near, mix(p.sun, p.ground[0], 0.2 * rng.random()), taper=0.0
        )


def _boat(c: Canvas, x: float, y: float, size: float, hull: Color, sail: Color | None, side: int) -> None:
    b = c.moved(x, y, scale=size, mirror=side < 0)
    b.polygon([(-0.5, -0.14), (0.55, -0.18), (0.38, 0.05), (-0.38, 0.05)], hull)
    b.polygon([(-0.5, -0.14), (0.55, -0.18), (0.53, -0.14), (-0.49, -0.10)], mix(hull, (255, 255, 255), 0.6))
    b.veil([(-0.38, 0.05), (0.38, 0.05), (0.3, 0.16), (-0.3, 0.16)], shade(hull, 0.4), 0.4)
    b.limb((0, -0.14), (0, -1.05), 0.018, 0.012, (92, 66, 50))
    if sail is not None:
        b.blob([(0.04, -1.0), (0.28, -0.55), (0.46, -0.26), (0.04, -0.24)], sail)
        b.polygon([(-0.04, -0.9), (-0.04, -0.26), (-0.36, -0.26)], shade(sail, 0.86))
    else:
        b.box(-0.3, -0.36, 0.05, -0.14, (240, 236, 226))
        b.box(-0.24, -0.31, -0.12, -0.22, (90, 130, 150))


def _harbour_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    _sky(c, look)
    c.glow(-1.4, -1.25, 2.2, p.sun, 0.75)
    c.ellipse(-1.4, -1.25, 0.30, 0.30, mix(p.sun, (255, 255, 255), 0.3))
    for x, y, size in (
        (-3.6, -2.7, 0.5),
        (0.9, -3.1, 0.62),
        (3.4, -2.35, 0.42),
        (-0.6, -2.2, 0.26),
        (-5.5, -2.2, 0.5),
        (5.6, -3.0, 0.5),
    ):
        _cloud(c, x, y, size, mix(p.sky[-1], (255, 255, 255), 0.45))
    c.polygon(
        [*_ridge(rng, EYE_LEVEL + 0.01, 0.28, 0.25, 0.015)[:-2], (9, EYE_LEVEL + 0.01), (-9, EYE_LEVEL + 0.01)],
        mix(p.far, p.sky[-1], 0.45),
    )
    _water(c, look, rng, EYE_LEVEL, -0.05, -1.4)
    for x, y, size, side in (
        (-2.9, -0.78, 0.34, 1),
        (0.2, -0.82, 0.24, -1),
        (2.0, -0.72, 0.46, 1),
        (4.4, -0.78, 0.36, -1),
        (-5.0, -0.7, 0.5, 1),
    ):
        _boat(
            c,
            x,
            y,
            size,
            p.accents[round(abs(x)) % len(p.accents)],
            (250, 242, 226) if round(abs(x)) % 2 else None,
            side,
        )
    c.gradient(-0.22, 3, p.ground[2:])
    c.box(-9, -0.26, 9, -0.20, shade(p.ground[2], 1.15))
    for k in range(12):
        y = -0.2 + 0.035 * (k + 1) ** 1.5
        c.box(-9, y, 9, y + 0.012 + 0.002 * k, shade(p.ground[3], 0.86))
    for _ in range(70):
        k = int(rng.integers(0, 11))
        x, y = rng.uniform(-7, 7), -0.2 + 0.035 * (k + 1) ** 1.5
        c.box(x, y, x + 0.02, -0.2 + 0.035 * (k + 2) ** 1.5, shade(p.ground[3], 0.86))


def _harbour_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    rock = mix(p.near, p.ground[2], 0.3)
    c.blob([(1.3, -0.30), (1.7, -0.62), (2.3, -0.80), (3.1, -0.78), (3.8, -0.55), (4.4, -0.30), (2.8, -0.22)], rock)
    c.blob([(2.3, -0.30), (2.6, -0.55), (3.2, -0.64), (3.9, -0.42), (4.4, -0.30), (3.2, -0.24)], shade(rock, 0.8))
    c.polygon([(2.28, -0.75), (2.40, -2.35), (2.84, -2.35), (2.96, -0.75)], (246, 240, 228))
    for low, high in ((0.12, 0.34), (0.56, 0.78)):
        y0, y1 = -0.75 - 1.6 * low, -0.75 - 1.6 * high
        c.polygon(
            [(2.28 + 0.12 * low, y0), (2.28 + 0.12 * high, y1), (2.96 - 0.12 * high, y1), (2.96 - 0.12 * low, y0)],
            p.accents[0],
        )
    c.polygon([(2.70, -0.75), (2.70, -2.35), (2.84, -2.35), (2.96, -0.75)], shade((246, 240, 228), 0.82))
    for low, high in ((0.12, 0.34), (0.56, 0.78)):
        y0, y1 = -0.75 - 1.6 * low, -0.75 - 1.6 * high
        c.polygon([(2.70, y0), (2.70, y1), (2.96 - 0.12 * high, y1), (2.96 - 0.12 * low, y0)], shade(p.accents[0], 0.8))
    c.box(2.32, -2.42, 2.92, -2.34, (60, 50, 56))
    c.box(2.44, -2.66, 2.80, -2.42, p.window)
    c.box(2.60, -2.66, 2.64, -2.42, (60, 50, 56))
    c.blob([(2.40, -2.64), (2.62, -2.90), (2.84, -2.64)], p.accents[0])
    c.glow(2.62, -2.54, 0.7, p.window, 0.8)
    for k in range(-9, 10):
        x = k * 0.92 + 0.3
        c.limb((x, -0.10), (x, -0.52), 0.045, 0.045, shade(p.wood, 0.8))
        c.ellipse(x, -0.52, 0.052, 0.022, shade(p.wood, 1.25))
        c.stroke([(x, -0.42), (x + 0.46, -0.28), (x + 0.92, -0.42)], 0.03, (214, 196, 150))
    for x in (-4.2, -1.9, 0.9, 5.0):
        c.box(x, -0.40, x + 0.34, -0.08, p.wood, 0.02)
        for k in range(3):
            c.box(x, -0.36 + k * 0.1, x + 0.34, -0.345 + k * 0.1, shade(p.wood, 0.7))
        c.ellipse(x + 0.55, -0.10, 0.14, 0.05, p.accents[1])
        c.ellipse(x + 0.55, -0.12, 0.09, 0.03, shade(p.accents[1], 0.7))


def _mountains_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    _sky(c, look)
    c.glow(2.4, -2.9, 2.0, p.sun, 0.6)
    for x, y, size in ((-4.2, -3.3, 0.5), (0.4, -3.5, 0.4), (4.8, -3.0, 0.55)):
        _cloud(c, x, y, size, (255, 255, 255))
    for depth, (height, share) in enumerate(((1.5, 0.25), (1.1, 0.6), (0.55, 1.0))):
        tone = mix(p.sky[-1], p.far if depth < 2 else p.near, share)
        x = -8.0
        while x < 8:
            tall, wide = height * rng.uniform(0.65, 1.25), rng.uniform(0.9, 1.6) * (1.2 - 0.2 * depth)
            top, base = EYE_LEVEL - tall, EYE_LEVEL + 0.05
            lean = rng.uniform(-0.2, 0.2) * wide
            c.polygon([(x - wide, base), (x + lean, top), (x + wide, base)], tone)
            c.polygon(
                [
                    (x + lean, top),
                    (x + wide, base),
                    (x + 0.15 * wide, base),
                    (x + lean + 0.12 * wide, top + 0.45 * tall),
                ],
                shade(tone, 0.86),
            )
            cap = 0.34
            c.polygon(
                [
                    (x + lean, top),
                    (x + lean + (wide - lean) * cap, top + tall * cap),
                    (x + lean + 0.14 * wide, top + tall * cap * 0.7),
                    (x + lean + 0.02 * wide, top + tall * cap * 1.05),
                    (x + lean - 0.12 * wide, top + tall * cap * 0.72),
                    (x + lean - (wide + lean) * cap, top + tall * cap),
                ],
                mix((255, 255, 255), tone, 0.12),
            )
            x += wide * rng.uniform(0.8, 1.2)
    c.haze(-2.0, EYE_LEVEL, (255, 255, 255), (0.0, 0.30))
    for k in range(8):
        y = EYE_LEVEL + 0.05 + 0.1 * k
        c.blob(
            [(-8, y + 1.5), (-8, y), (-4 + k, y - 0.05), (0, y + 0.03), (3 - k * 0.5, y - 0.05), (8, y), (8, y + 1.5)],
            mix(p.ground[0], p.ground[-1], 0.1 + 0.1 * k),
        )
    for k in range(26):
        x, y = 0.5 * np.sin(k * 0.5) * (0.2 + k * 0.06) + 0.3, EYE_LEVEL + 0.75 + 0.05 * k
        c.ellipse(x + 0.03 * (k % 2), y, 0.03 + 0.002 * k, 0.012, shade(p.ground[-1], 0.86))


def _mountains_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    for k in range(34):
        x, y = rng.uniform(-8, 8), rng.uniform(-0.62, -0.30)
        if abs(x + 1.9) > 0.8:
            _pine(c, x, y, rng.uniform(0.7, 1.9), mix(p.plant, p.near, 0.3 if k % 2 else 0.05), (248, 252, 255))
    x, foot = -1.9, -0.36
    c.box(x - 0.62, foot - 0.62, x + 0.62, foot, p.wood)
    for k in range(5):
        c.box(x - 0.62, foot - 0.62 + k * 0.125, x + 0.62, foot - 0.60 + k * 0.125, shade(p.wood, 0.7))
    c.polygon([(x - 0.80, foot - 0.58), (x, foot - 1.18), (x + 0.80, foot - 0.58)], shade(p.wood, 0.8))
    c.polygon(
        [
            (x - 0.90, foot - 0.55),
            (x, foot - 1.26),
            (x + 0.90, foot - 0.55),
            (x + 0.76, foot - 0.52),
            (x, foot - 1.08),
            (x - 0.76, foot - 0.52),
        ],
        (250, 253, 255),
    )
    c.box(x + 0.34, foot - 1.36, x + 0.50, foot - 0.86, shade(p.wood, 0.6))
    c.box(x + 0.31, foot - 1.40, x + 0.53, foot - 1.32, (250, 253, 255), 0.03)
    for k in range(5):
        c.veil(
            circle(x + 0.46 + 0.06 * k * k * 0.5, foot - 1.5 - 0.17 * k, 0.08 + 0.035 * k, 0.07 + 0.03 * k),
            (255, 255, 255),
            0.5 - 0.08 * k,
        )
    c.box(x - 0.12, foot - 0.42, x + 0.14, foot, shade(p.wood, 0.5))
    for left in (-0.48, 0.28):
        c.box(x + left, foot - 0.42, x + left + 0.22, foot - 0.2, p.window)
        c.box(x + left + 0.1, foot - 0.42, x + left + 0.12, foot - 0.2, shade(p.wood, 0.5))
        c.glow(x + left + 0.11, foot - 0.3, 0.3, p.window, 0.4)
    c.blob(
        [
            (x - 1.2, foot + 0.06),
            (x - 0.7, foot - 0.05),
            (x, foot - 0.02),
            (x + 0.8, foot - 0.05),
            (x + 1.3, foot + 0.06),
        ],
        p.ground[0],
    )


def _desert_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    _sky(c, look)
    planet = look.weather == "dust"
    if planet:
        _stars(c, rng, 90, -1.9)
        c.ellipse(-1.7, -2.5, 0.75, 0.75, mix(p.accents[1], p.sky[0], 0.45))
        c.veil(circle(-1.5, -2.6, 0.62, 0.62), p.accents[1], 0.25)
        c.stroke([(-2.9, -2.15), (-1.7, -2.42), (-0.5, -2.85)], 0.07, mix(p.accents[2], p.sky[0], 0.3), taper=0.1)
        c.ellipse(2.6, -2.2, 0.16, 0.16, p.accents[2])
    else:
        c.glow(1.6, -2.3, 2.2, p.sun, 0.6)
        c.ellipse(1.6, -2.3, 0.26, 0.26, p.sun)
        for x, y, size in ((-3.2, -2.9, 0.34), (4.4, -3.1, 0.4), (-0.7, -3.4, 0.26)):
            _cloud(c, x, y, size, (255, 248, 232))
    for depth, (tall, share) in enumerate(((0.75, 0.4), (0.95, 0.75))):
        x = -8.0 + rng.uniform(0, 1)
        while x < 8:
            wide, height = rng.uniform(0.35, 1.0), tall * rng.uniform(0.6, 1.2)
            tone = mix(p.sky[-1], p.far if depth == 0 else mix(p.far, p.near, 0.5), share)
            top, base = EYE_LEVEL - height, EYE_LEVEL + 0.03
            if planet:
                c.polygon(
                    [
                        (x - wide * 0.9, base),
                        (x - wide * 0.3, top + height * 0.3),
                        (x, top),
                        (x + wide * 0.4, top + height * 0.45),
                        (x + wide, base),
                    ],
                    tone,
                )
                c.polygon(
                    [(x, top), (x + wide * 0.4, top + height * 0.45), (x + wide, base), (x + wide * 0.2, base)],
                    shade(tone, 0.8),
                )
            else:
                c.polygon(
                    [
                        (x - wide * 0.75, base),
                        (x - wide * 0.48, top + height * 0.4),
                        (x - wide * 0.44, top),
                        (x + wide * 0.42, top),
                        (x + wide * 0.48, top + height * 0.4),
                        (x + wide * 0.75, base),
                    ],
                    tone,
                )
                c.polygon(
                    [
                        (x + wide * 0.12, top),
                        (x + wide * 0.42, top),
                        (x + wide * 0.48, top + height * 0.4),
                        (x + wide * 0.75, base),
                        (x + wide * 0.22, base),
                    ],
                    shade(tone, 0.82),
                )
                for k in range(3):
                    y = top + height * (0.12 + 0.13 * k)
                    c.box(x - wide * 0.44, y, x + wide * 0.44, y + 0.018, shade(tone, 1.12))
            x += wide * 1.5 + rng.uniform(0.3, 1.5)
    c.haze(-1.9, EYE_LEVEL, p.sky[-1], (0.0, 0.35))
    for k in range(7):
        y = EYE_LEVEL + 0.06 + 0.13 * k
        c.blob(
            [
                (-8, y + 1.6),
                (-8, y),
                (-3.5 + k, y - 0.05),
                (0.5 - k * 0.3, y + 0.04),
                (3.5, y - 0.05),
                (8, y),
                (8, y + 1.6),
            ],
            mix(p.ground[0], p.ground[-1], 0.14 * k),
        )
    for _ in range(60):
        near = rng.random()
        x, y, size = rng.uniform(-6, 6), EYE_LEVEL + 0.2 + near * 1.3, 0.012 + 0.03 * near
        c.ellipse(x, y, size * 1.6, size, shade(p.ground[-1], 0.8))
        c.ellipse(x - size * 0.3, y - size * 0.3, size, size * 0.6, shade(p.ground[1], 1.1))


def _desert_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    for k in range(11):
        x, y, s = -8 + k * 1.5 + rng.uniform(-0.5, 0.5), rng.uniform(-0.5, -0.28), rng.uniform(0.6, 1.25)
        if k % 3 == 2:
            c.blob(
                [
                    (x - 0.5 * s, y),
                    (x - 0.3 * s, y - 0.24 * s),
                    (x, y - 0.32 * s),
                    (x + 0.32 * s, y - 0.2 * s),
                    (x + 0.55 * s, y),
                ],
                p.near,
            )
            c.blob(
                [(x, y), (x + 0.06 * s, y - 0.26 * s), (x + 0.32 * s, y - 0.2 * s), (x + 0.55 * s, y)],
                shade(p.near, 0.78),
            )
            continue
        green, dark = p.plant, shade(p.plant, 0.75)
        for dx, arm in ((-0.24, 0.62), (0.25, 0.48)):
            c.limb((x, y - arm * 0.72 * s), (x + dx * s, y - arm * 0.78 * s), 0.06 * s, 0.06 * s, dark)
            c.limb(
                (x + dx * s, y - arm * 0.78 * s),
                (x + dx * s, y - (arm + 0.35) * s),
                0.06 * s,
                0.055 * s,
                green if dx < 0 else dark,
            )
        c.limb((x, y), (x, y - 1.15 * s), 0.085 * s, 0.08 * s, green)
        c.limb((x + 0.045 * s, y), (x + 0.045 * s, y - 1.15 * s), 0.04 * s, 0.035 * s, dark)
        for row in range(6):
            c.stroke(
                [(x - 0.035 * s, y - (0.15 + row * 0.17) * s), (x - 0.035 * s, y - (0.23 + row * 0.17) * s)],
                0.012 * s,
                shade(green, 1.3),
            )
        c.ellipse(x, y - 1.22 * s, 0.035 * s, 0.03 * s, p.accents[0])
    for k in range(-12, 13):
        x = k * 0.72 + 0.1
        c.limb((x, -0.16), (x + 0.02, -0.62), 0.028, 0.024, shade(p.wood, 1.2))
        c.stroke([(x, -0.54), (x + 0.36, -0.51), (x + 0.72, -0.54)], 0.034, shade(p.wood, 1.35))
        c.stroke([(x, -0.36), (x + 0.36, -0.34), (x + 0.72, -0.36)], 0.034, shade(p.wood, 1.05))


def _planet_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    for k in range(9):
        x, y, s = -7 + k * 1.7 + rng.uniform(-0.5, 0.5), rng.uniform(-0.5, -0.25), rng.uniform(0.5, 1.1)
        c.blob(
            [
                (x - 0.6 * s, y),
                (x - 0.42 * s, y - 0.42 * s),
                (x - 0.1 * s, y - 0.6 * s),
                (x + 0.3 * s, y - 0.3 * s),
                (x + 0.65 * s, y),
            ],
            p.near,
        )
        c.blob(
            [(x, y), (x + 0.02 * s, y - 0.45 * s), (x + 0.3 * s, y - 0.3 * s), (x + 0.65 * s, y)], shade(p.near, 0.7)
        )
    for x, s in ((-1.7, 1.0), (2.2, 0.8), (-5.2, 0.9), (5.4, 1.0)):
        y = -0.32
        c.polygon(
            [*[(x + s * 0.75 * np.cos(a), y - s * 0.75 * np.sin(a)) for a in np.linspace(0, np.pi, 24)]],
            (226, 230, 232),
        )
        c.polygon(
            [
                *[(x + s * 0.75 * np.cos(a), y - s * 0.75 * np.sin(a)) for a in np.linspace(0, np.pi * 0.42, 12)],
                (x + s * 0.1, y),
            ],
            (176, 186, 194),
        )
        for a in (-0.5, 0.0, 0.5):
            c.stroke([(x + a * 1.35 * s, y), (x + a * 0.9 * s, y - 0.5 * s), (x, y - 0.75 * s)], 0.02, (150, 160, 170))
        c.box(x - 0.16 * s, y - 0.40 * s, x + 0.16 * s, y, (90, 104, 116), 0.06)
        c.box(x - 0.11 * s, y - 0.34 * s, x + 0.11 * s, y - 0.2 * s, p.window, 0.03)
        c.glow(x, y - 0.27 * s, 0.4, p.window, 0.4)
        c.limb((x + 0.9 * s, y), (x + 0.9 * s, y - 1.3 * s), 0.018, 0.01, (200, 206, 210))
        c.ellipse(x + 0.9 * s, y - 1.3 * s, 0.12 * s, 0.06 * s, (220, 226, 230))
        c.ellipse(x + 0.9 * s, y - 1.42 * s, 0.018, 0.018, p.accents[3])


def _forest_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    _sky(c, look)
    c.glow(0.8, -2.0, 2.6, p.sun, 0.6)
    for depth in range(4):
        tone = mix(p.sky[-1], p.near, 0.12 + 0.15 * depth)
        leaf = mix(p.sky[-1], p.accents[depth % 2], 0.22 + 0.14 * depth)
        for _ in range(24):
            x, wide = rng.uniform(-8, 8), rng.uniform(0.04, 0.09) * (1 + 0.35 * depth)
            lean = rng.uniform(-0.2, 0.2)
            c.polygon(
                [
                    (x - wide, EYE_LEVEL + 0.1 + 0.08 * depth),
                    (x + lean - wide * 0.6, -6),
                    (x + lean + wide * 0.6, -6),
                    (x + wide, EYE_LEVEL + 0.1 + 0.08 * depth),
                ],
                tone,
            )
        for _ in range(34):
            x, y, size = rng.uniform(-8, 8), rng.uniform(-5.2, -2.2 - 0.12 * depth), rng.uniform(0.25, 0.6)
            c.ellipse(x, y, size, size * 0.62, shade(leaf, rng.uniform(0.88, 1.1)))
        c.haze(-6, EYE_LEVEL + 0.2, p.sky[-1], (0.06, 0.14))
    for k in range(4):
        x = -2.6 + k * 1.5
        c.veil([(x + 1.2, -6), (x + 1.6, -6), (x + 0.2, -0.2), (x - 0.7, -0.2)], p.sun, 0.13)
    for k in range(6):
        y = EYE_LEVEL + 0.12 + 0.14 * k
        c.blob(
            [
                (-8, y + 1.6),
                (-8, y),
                (-3.5 + k, y - 0.06),
                (0.5 - k * 0.3, y + 0.04),
                (3.5, y - 0.06),
                (8, y),
                (8, y + 1.6),
            ],
            mix(p.ground[0], p.ground[-1], 0.18 * k),
        )
    for _ in range(260):
        near = rng.random()
        x, y, size = rng.uniform(-6, 6), EYE_LEVEL + 0.2 + near * 1.5, 0.012 + 0.022 * near
        c.ellipse(x, y, size * 1.5, size * 0.7, shade(p.accents[int(rng.integers(3))], rng.uniform(0.75, 1.1)))


def _forest_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    for k in range(12):
        x, wide, foot = -8 + k * 1.45 + rng.uniform(-0.4, 0.4), rng.uniform(0.10, 0.22), rng.uniform(-0.52, -0.26)
        bark = mix(p.near, p.wood, rng.uniform(0.2, 0.8))
        lean = rng.uniform(-0.25, 0.25)
        c.polygon(
            [
                (x - wide * 1.7, foot),
                (x - wide, foot - 0.35),
                (x + lean - wide * 0.7, -7),
                (x + lean + wide * 0.7, -7),
                (x + wide, foot - 0.35),
                (x + wide * 1.7, foot),
            ],
            bark,
        )
        c.polygon(
            [
                (x + wide * 0.2, foot),
                (x + wide * 0.2, foot - 0.35),
                (x + lean + wide * 0.1, -7),
                (x + lean + wide * 0.7, -7),
                (x + wide, foot - 0.35),
                (x + wide * 1.7, foot),
            ],
            shade(bark, 0.76),
        )
        for row in range(7):
            y = foot - 0.5 - row * 0.42
            c.stroke([(x - wide * 0.6, y), (x - wide * 0.5, y - 0.2)], 0.02, shade(bark, 1.25), taper=0.1)
        if k % 3 == 0:
            for j in range(3):
                c.limb(
                    (x + wide * 2 + j * 0.1, foot + 0.02),
                    (x + wide * 2 + j * 0.1, foot - 0.08),
                    0.014,
                    0.014,
                    (240, 230, 210),
                )
                c.blob(
                    [
                        (x + wide * 2 + j * 0.1 - 0.06, foot - 0.07),
                        (x + wide * 2 + j * 0.1, foot - 0.14),
                        (x + wide * 2 + j * 0.1 + 0.06, foot - 0.07),
                    ],
                    p.accents[2],
                )
        for _ in range(9):
            fx, fy = x + rng.uniform(-0.6, 0.6), foot + rng.uniform(-0.04, 0.06)
            c.stroke(
                [(fx, fy), (fx + rng.uniform(-0.1, 0.1), fy - 0.16), (fx + rng.uniform(-0.22, 0.22), fy - 0.24)],
                0.025,
                shade(p.plant, rng.uniform(0.7, 1.1)),
                taper=0.15,
            )
        for _ in range(7):
            size = rng.uniform(0.25, 0.5)
            c.ellipse(
                x + lean + rng.uniform(-0.8, 0.8),
                rng.uniform(-5, -3.1),
                size,
                size * 0.6,
                shade(p.accents[int(rng.integers(2))], rng.uniform(0.8, 1.05)),
            )


def _fields_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    _sky(c, look)
    c.glow(-2.2, -2.9, 1.8, p.sun, 0.6)
    c.ellipse(-2.2, -2.9, 0.27, 0.27, p.sun)
    for x, y, size in ((-4.4, -2.3, 0.5), (0.3, -2.9, 0.66), (3.1, -2.2, 0.42), (5.4, -3.1, 0.5), (-0.8, -1.95, 0.26)):
        _cloud(c, x, y, size, (255, 255, 255))
    for depth, share in enumerate((0.35, 0.65, 0.95)):
        tone = mix(p.sky[-1], p.far, share)
        base = EYE_LEVEL + 0.04 + 0.07 * depth
        ridge = _ridge(rng, base, 0.38 - 0.1 * depth, 0.3, 0.0)
        c.blob(ridge[::3] + ridge[-2:], tone)
        for _ in range(12):
            x = rng.uniform(-7, 7)
            size = rng.uniform(0.05, 0.09) * (1 + depth * 0.4)
            c.ellipse(x, base - 0.10, size, size * 1.1, shade(tone, 0.78))
    c.gradient(EYE_LEVEL + 0.22, 4, (*p.ground, p.ground[-1]))
    for k in range(-14, 15):
        c.polygon(
            [(k * 0.16, EYE_LEVEL + 0.22), (k * 0.16 + 0.06, EYE_LEVEL + 0.22), (k * 1.0 + 0.4, 2.2), (k * 1.0, 2.2)],
            shade(p.ground[1], 1.07),
        )
    for _ in range(150):
        near = rng.random()
        x, y, size = rng.uniform(-6, 6), EYE_LEVEL + 0.28 + near * 1.4, 0.012 + 0.02 * near
        color = p.accents[int(rng.integers(4))]
        c.stroke([(x, y), (x, y - size * 3)], 0.008 + 0.008 * near, shade(p.plant, 0.85))
        c.ellipse(x, y - size * 3, size, size, color)


def _fields_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    for k in range(9):
        _tree(
            c,
            -8 + k * 1.9 + rng.uniform(-0.5, 0.5),
            rng.uniform(-0.62, -0.45),
            rng.uniform(1.1, 1.9),
            p.wood,
            shade(p.plant, rng.uniform(0.9, 1.15)),
        )
    x, foot, red = 1.9, -0.42, p.accents[0]
    c.polygon(
        [
            (x - 0.7, foot),
            (x - 0.7, foot - 0.72),
            (x - 0.5, foot - 1.1),
            (x, foot - 1.36),
            (x + 0.5, foot - 1.1),
            (x + 0.7, foot - 0.72),
            (x + 0.7, foot),
        ],
        red,
    )
    c.polygon([(x + 0.7, foot), (x + 0.7, foot - 0.72), (x + 1.5, foot - 0.72), (x + 1.5, foot)], shade(red, 0.74))
    c.polygon(
        [
            (x, foot - 1.40),
            (x + 0.54, foot - 1.12),
            (x + 0.76, foot - 0.70),
            (x + 1.56, foot - 0.70),
            (x + 1.34, foot - 1.12),
            (x + 0.8, foot - 1.40),
        ],
        (96, 92, 100),
    )
    c.stroke(
        [
            (x - 0.74, foot - 0.70),
            (x - 0.52, foot - 1.12),
            (x, foot - 1.40),
            (x + 0.52, foot - 1.12),
            (x + 0.74, foot - 0.70),
        ],
        0.06,
        (250, 248, 240),
    )
    c.box(x - 0.3, foot - 0.56, x + 0.3, foot, shade(red, 0.8))
    for a, b in (((-0.3, -0.56), (0.3, 0.0)), ((0.3, -0.56), (-0.3, 0.0))):
        c.stroke([(x + a[0], foot + a[1]), (x + b[0], foot + b[1])], 0.045, (250, 248, 240))
    c.box(x - 0.12, foot - 1.05, x + 0.12, foot - 0.82, (250, 248, 240))
    c.box(x - 0.09, foot - 1.02, x + 0.09, foot - 0.85, (70, 60, 66))
    for k in range(-14, 15):
        x = k * 0.6
        c.box(x - 0.03, -0.62, x + 0.03, -0.16, (250, 248, 240))
        c.polygon([(x - 0.03, -0.62), (x, -0.67), (x + 0.03, -0.62)], (250, 248, 240))
        c.box(x, -0.54, x + 0.6, -0.49, (246, 242, 232))
        c.box(x, -0.34, x + 0.6, -0.29, (236, 232, 222))
    goat = c.moved(-1.6, -0.30, scale=0.5)
    for leg in (-0.26, -0.16, 0.18, 0.28):
        goat.limb((leg, -0.3), (leg, 0), 0.04, 0.03, (226, 220, 210))
    goat.blob([(-0.42, -0.55), (-0.3, -0.68), (0.2, -0.66), (0.38, -0.5), (0.3, -0.28), (-0.3, -0.26)], (250, 246, 238))
    goat.blob(
        [(0.28, -0.6), (0.46, -0.98), (0.66, -0.88), (0.76, -0.72), (0.62, -0.66), (0.42, -0.42)], (250, 246, 238)
    )
    goat.stroke([(0.46, -0.95), (0.38, -1.12), (0.26, -1.16)], 0.06, (120, 100, 84), taper=0.3)
    goat.stroke([(0.66, -0.66), (0.66, -0.52)], 0.07, (226, 220, 210), taper=0.3)
    goat.ellipse(0.57, -0.85, 0.025, 0.025, (30, 24, 28))


def _palm(c: Canvas, x: float, foot: float, tall: float, look: Look, lean: float) -> None:
    p = look.palette
    bark, leaf = mix(p.wood, p.near, 0.5), mix(p.plant, p.near, 0.35)
    top = (x + lean, foot - tall)
    c.stroke([(x, foot), (x + lean * 0.25, foot - tall * 0.5), top], 0.10, bark, taper=0.75)
    for k in range(9):
        y = foot - tall * (0.1 + 0.09 * k)
        shift = lean * (0.1 + 0.09 * k) ** 1.7
        c.stroke([(x + shift - 0.045, y), (x + shift + 0.045, y - 0.02)], 0.015, shade(bark, 1.3))
    for k, angle in enumerate((-2.9, -2.4, -1.9, -1.3, -0.8, -0.3, 0.15, 3.2)):
        reach = tall * 0.36
        mid = (top[0] + np.cos(angle) * reach * 0.6, top[1] + np.sin(angle) * reach * 0.5 - 0.08)
        tip = (top[0] + np.cos(angle) * reach, top[1] + np.sin(angle) * reach * 0.5 + 0.22)
        c.stroke([top, mid, tip], 0.13, shade(leaf, 0.8 if k % 2 else 1.0), taper=0.05)
        c.stroke([top, mid, tip], 0.02, shade(leaf, 1.4), taper=0.1)
    for dx in (-0.06, 0.05, 0.0):
        c.ellipse(top[0] + dx, top[1] + 0.06, 0.045, 0.045, shade(bark, 0.7))


def _palms_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    _sky(c, look)
    _stars(c, rng, 30, -3.2)
    c.glow(0.5, -1.2, 2.6, p.sun, 0.8)
    c.ellipse(0.5, -1.12, 0.55, 0.55, p.sun)
    for k in range(4):
        c.veil(
            [(-0.3, -1.0 - 0.13 * k), (1.3, -1.0 - 0.13 * k), (1.3, -0.975 - 0.13 * k), (-0.3, -0.975 - 0.13 * k)],
            p.sky[-2],
            0.6 - 0.12 * k,
        )
    for x, y, size in ((-3.4, -2.1, 0.34), (3.2, -2.5, 0.46), (-0.9, -3.0, 0.4), (5.6, -1.9, 0.4), (-5.6, -2.9, 0.4)):
        _cloud(c, x, y, size, mix(p.sky[-2], p.sun, 0.35))
    c.blob(
        [(-8, -0.88), (-6, -1.15), (-4.2, -1.28), (-2.8, -1.05), (-1.8, -0.88), (-4, -0.86)], mix(p.far, p.sky[-1], 0.3)
    )
    c.blob([(2.6, -0.88), (3.9, -1.12), (5.2, -1.2), (7.0, -1.0), (8, -0.88), (5, -0.86)], mix(p.far, p.sky[-1], 0.3))
    _water(c, look, rng, EYE_LEVEL, -0.28, 0.5)
    c.gradient(-0.34, 3, p.ground[2:])
    c.blob([(-9, -0.40), (-5, -0.30), (-1, -0.38), (3, -0.28), (9, -0.38), (9, -0.2), (-9, -0.2)], p.ground[2])
    c.stroke(
        [(-9, -0.40), (-5, -0.30), (-1, -0.38), (3, -0.28), (9, -0.38)], 0.03, mix((255, 255, 255), p.ground[2], 0.35)
    )
    for _ in range(70):
        x, y = rng.uniform(-6, 6), rng.uniform(-0.15, 1.0)
        c.stroke([(x - 0.12, y), (x, y - 0.02), (x + 0.12, y)], 0.012, shade(p.ground[3], 0.86), taper=0.1)


def _palms_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    for k in range(7):
        _palm(
            c,
            -7.4 + k * 2.3 + rng.uniform(-0.4, 0.4),
            rng.uniform(-0.34, -0.2),
            rng.uniform(2.2, 3.2),
            look,
            rng.uniform(-0.5, 0.5),
        )
    xs = np.linspace(-8, 8, 60)
    sag = -2.0 + 0.22 * np.abs(np.sin(xs * 0.9))
    c.stroke(list(zip(xs.tolist(), sag.tolist(), strict=True)), 0.012, (40, 30, 50))
    for k, (x, y) in enumerate(zip(xs.tolist(), sag.tolist(), strict=True)):
        color = mix(p.accents[k % 3], (255, 255, 255), 0.3)
        c.glow(x, y + 0.05, 0.16, color, 0.5)
        c.ellipse(x, y + 0.05, 0.036, 0.045, color)
    for x in (-2.7, 1.9, 5.2):
        c.limb((x, -0.12), (x + 0.06, -1.30), 0.02, 0.02, (240, 226, 210))
        for k in range(6):
            left, right = x - 0.66 + k * 0.22, x - 0.44 + k * 0.22
            c.polygon(
                [(x + 0.06, -1.58), (left + 0.06, -1.12), (right + 0.06, -1.12)],
                p.accents[0] if k % 2 else (250, 236, 220),
            )
        c.blob([(x + 0.2, -0.18), (x + 0.5, -0.30), (x + 0.95, -0.42), (x + 1.0, -0.36), (x + 0.6, -0.2)], p.accents[2])


def _promenade_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    _sky(c, look)
    for x, y, size in ((-3.9, -2.7, 0.5), (0.7, -3.1, 0.55), (3.6, -2.4, 0.42), (-1.3, -2.1, 0.25), (5.9, -3.2, 0.5)):
        _cloud(c, x, y, size, (255, 253, 248))
    _water(c, look, rng, EYE_LEVEL, -0.4, -5.0)
    for x, y, size, side in ((-2.4, -0.8, 0.26, 1), (1.4, -0.76, 0.32, -1), (4.2, -0.82, 0.24, 1)):
        _boat(c, x, y, size, p.accents[3], (255, 252, 244), side)
    c.gradient(-0.52, 3, p.ground[2:])
    for row in range(8):
        y = -0.5 + 0.05 * (row + 1) ** 1.5
        for k in range(-14, 14):
            wide = 0.35 + 0.06 * row
            if (k + row) % 2:
                c.box(k * wide, y, (k + 1) * wide, -0.5 + 0.05 * (row + 2) ** 1.5, mix(p.ground[3], p.accents[0], 0.14))


def _promenade_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    for k in range(-1, 2):
        x, foot = k * 4.2, -0.46
        c.box(x - 1.5, foot - 2.3, x + 1.5, foot, p.far)
        c.polygon(
            [(x - 1.5, foot - 2.3), (x - 1.3, foot - 2.75), (x + 1.3, foot - 2.75), (x + 1.5, foot - 2.3)], p.accents[0]
        )
        c.polygon([(x - 0.45, foot - 2.3), (x, foot - 2.95), (x + 0.45, foot - 2.3)], mix(p.far, (255, 255, 255), 0.45))
        c.ellipse(x, foot - 2.5, 0.13, 0.13, p.accents[2])
        c.box(x - 1.56, foot - 2.34, x + 1.56, foot - 2.25, (255, 250, 242))
        c.box(x - 1.5, foot - 1.28, x + 1.5, foot - 1.22, (255, 250, 242))
        for j in range(5):
            left = x - 1.32 + j * 0.56
            for top in (foot - 2.08, foot - 1.08):
                if j == 2 and top > foot - 1.2:
                    continue
                c.box(left - 0.03, top - 0.03, left + 0.37, top + 0.60, (255, 250, 242), 0.05)
                c.box(left, top, left + 0.34, top + 0.57, mix(p.sky[0], (90, 130, 150), 0.4), 0.04)
                c.polygon(
                    [(left, top), (left + 0.15, top), (left + 0.04, top + 0.57), (left, top + 0.57)], (255, 246, 236)
                )
                c.box(left - 0.04, top + 0.57, left + 0.38, top + 0.66, p.accents[1 + j % 3], 0.03)
        c.box(x - 0.24, foot - 0.85, x + 0.24, foot, p.accents[3])
        c.box(x - 0.02, foot - 0.85, x + 0.02, foot, shade(p.accents[3], 0.7))
        for j in range(6):
            c.polygon(
                [
                    (x - 0.45 + j * 0.15, foot - 1.12),
                    (x - 0.30 + j * 0.15, foot - 1.12),
                    (x - 0.32 + j * 0.18 - 0.06, foot - 0.84),
                    (x - 0.50 + j * 0.18 - 0.06, foot - 0.84),
                ],
                p.accents[0] if j % 2 else (255, 250, 242),
            )
    for k in range(-6, 7):
        x = k * 1.3 + 0.5
        c.box(x - 0.13, -0.42, x + 0.13, -0.20, p.accents[1], 0.03)
        c.ellipse(x, -0.56, 0.19, 0.19, shade(p.plant, 0.9))
        c.ellipse(x - 0.05, -0.61, 0.10, 0.10, shade(p.plant, 1.15))
        for j in range(4):
            c.ellipse(x - 0.1 + j * 0.07, -0.52 - (j % 2) * 0.1, 0.022, 0.022, p.accents[0])


OUTDOORS: Mapping[str, Place] = {
    "city": Place(_city_far, _city_mid, 0.28, 0.62, (3.2, 4.6)),
    "harbour": Place(_harbour_far, _harbour_mid, 0.30, 0.66, (3.0, 4.4)),
    "mountains": Place(_mountains_far, _mountains_mid, 0.26, 0.62, (3.4, 5.0)),
    "desert": Place(_desert_far, _desert_mid, 0.26, 0.64, (3.2, 4.8)),
    "planet": Place(_desert_far, _planet_mid, 0.26, 0.62, (3.2, 4.8)),
    "forest": Place(_forest_far, _forest_mid, 0.32, 0.66, (3.0, 4.2)),
    "fields": Place(_fields_far, _fields_mid, 0.28, 0.64, (3.2, 4.6)),
    "palms": Place(_palms_far, _palms_mid, 0.30, 0.66, (3.0, 4.4)),
    "promenade": Place(_promenade_far, _promenade_mid, 0.30, 0.62, (3.2, 4.6)),
}
