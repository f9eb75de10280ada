"""Rooms: the far layer is wall and floor, the mid layer is the furniture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rushes.datasets.synthetic.looks import Look
from rushes.datasets.synthetic.paint import Canvas, Color, circle, mix, shade
from rushes.datasets.synthetic.place import Place

_SKIRTING = -0.34


def _room(c: Canvas, look: Look, rail: float = -1.05) -> None:
    upper, lower = look.palette.walls
    c.gradient(-6, rail, (shade(upper, 0.72), shade(upper, 0.95), upper))
    c.gradient(rail, _SKIRTING, (lower, shade(lower, 0.88)))
    c.box(-9, rail - 0.03, 9, rail + 0.03, mix(look.palette.wood, (255, 255, 255), 0.15))
    c.box(-9, rail + 0.03, 9, rail + 0.05, shade(lower, 0.75))
    c.box(-9, _SKIRTING - 0.08, 9, _SKIRTING, mix(look.palette.wood, (255, 255, 255), 0.1))
    c.gradient(_SKIRTING, 3, (shade(look.palette.floor, 0.72), look.palette.floor, shade(look.palette.floor, 1.1)))
    for k in range(-16, 17):
        c.polygon(
            [(k * 0.34, _SKIRTING), (k * 0.34 + 0.012, _SKIRTING), (k * 0.85 + 0.03, 2), (k * 0.85, 2)],
            shade(look.palette.floor, 0.70),
        )


def _window(c: Canvas, x: float, top: float, wide: float, tall: float, look: Look, *, blinds: bool = False) -> None:
    p = look.palette
    frame = mix(p.wood, (255, 255, 255), 0.25)
    c.box(x - 0.07, top - 0.07, x + wide + 0.07, top + tall + 0.07, frame)
    colors = p.sky if not look.night else (p.sky[0], p.sky[1], p.sky[2])
    rows = 18
    for k in range(rows):
        share = k / (rows - 1) * (len(colors) - 1)
        low = min(int(share), len(colors) - 2)
        c.box(
            x,
            top + tall * k / rows,
            x + wide,
            top + tall * (k + 1) / rows + 0.004,
            mix(colors[low], colors[low + 1], share - low),
        )
    if blinds:
        for k in range(16):
            y = top + tall * k / 16
            c.box(x, y, x + wide, y + tall / 28, mix(p.walls[0], (30, 30, 34), 0.35))
    else:
        c.blob(
            [
                (x, top + tall),
                (x, top + tall * 0.72),
                (x + wide * 0.3, top + tall * 0.62),
                (x + wide * 0.6, top + tall * 0.75),
                (x + wide, top + tall * 0.66),
                (x + wide, top + tall),
            ],
            mix(p.far, p.sky[-1], 0.25),
        )
        c.box(x, top + tall, x + wide, top + tall + 0.07, frame)
        c.box(x - 0.07, top, x, top + tall, frame)
        c.box(x + wide, top, x + wide + 0.07, top + tall, frame)
        c.box(x + wide / 2 - 0.02, top, x + wide / 2 + 0.02, top + tall, frame)
        c.box(x, top + tall * 0.42 - 0.02, x + wide, top + tall * 0.42 + 0.02, frame)
    c.box(x - 0.12, top + tall + 0.05, x + wide + 0.12, top + tall + 0.11, shade(frame, 0.85))


def _curtain(c: Canvas, x: float, top: float, wide: float, tall: float, color: Color) -> None:
    for side in (-1, 1):
        edge = x - 0.08 if side < 0 else x + wide + 0.08
        for k in range(4):
            left = edge + side * (0.10 * k - 0.22)
            c.polygon(
                [
                    (left - 0.07, top - 0.12),
                    (left + 0.07, top - 0.12),
                    (left + 0.08 - side * 0.02, top + tall + 0.25),
                    (left - 0.08 - side * 0.02, top + tall + 0.25),
                ],
                shade(color, 0.86 if k % 2 else 1.06),
            )
    c.limb((x - 0.42, top - 0.13), (x + wide + 0.42, top - 0.13), 0.02, 0.02, (196, 160, 96))


def _picture(c: Canvas, x: float, y: float, wide: float, tall: float, look: Look, kind: int) -> None:
    p = look.palette
    c.box(x + 0.02, y + 0.03, x + wide + 0.03, y + tall + 0.04, shade(p.walls[0], 0.75))
    c.box(x, y, x + wide, y + tall, p.wood if kind % 2 else (206, 168, 96))
    c.box(x + 0.035, y + 0.035, x + wide - 0.035, y + tall - 0.035, (244, 238, 224))
    a, b = p.accents[kind % len(p.accents)], p.accents[(kind + 1) % len(p.accents)]
    c.box(x + 0.07, y + 0.07, x + wide - 0.07, y + tall - 0.07, mix(a, (255, 255, 255), 0.45))
    if kind % 3 == 0:
        c.ellipse(x + wide * 0.6, y + tall * 0.42, tall * 0.14, tall * 0.14, b)
        c.polygon(
            [(x + 0.07, y + tall - 0.07), (x + wide * 0.35, y + tall * 0.45), (x + wide * 0.6, y + tall - 0.07)], a
        )
    elif kind % 3 == 1:
        c.ellipse(x + wide / 2, y + tall * 0.42, wide * 0.14, tall * 0.16, shade(b, 0.8))
        c.polygon(
            [
                (x + wide * 0.2, y + tall - 0.07),
                (x + wide * 0.38, y + tall * 0.62),
                (x + wide * 0.62, y + tall * 0.62),
                (x + wide * 0.8, y + tall - 0.07),
            ],
            b,
        )
    else:
        for k in range(3):
            c.box(
                x + 0.09 + k * wide * 0.24,
                y + tall * (0.3 + 0.12 * k),
                x + 0.09 + k * wide * 0.24 + wide * 0.16,
                y + tall - 0.07,
                (a, b, p.wood)[k],
            )


def _plant(c: Canvas, x: float, foot: float, tall: float, look: Look) -> None:
    p = look.palette
    pot = p.accents[1]
    for k, angle in enumerate(np.linspace(-2.75, -0.4, 8)):
        reach = tall * (0.55 + 0.13 * (k % 3))
        tip = (x + np.cos(angle) * reach * 0.75, foot - 0.26 + np.sin(angle) * reach)
        mid = (x + np.cos(angle) * reach * 0.30, foot - 0.26 + np.sin(angle) * reach * 0.62)
        c.stroke([(x, foot - 0.26), mid, tip], 0.10, shade(p.plant, 0.75 + 0.12 * (k % 3)), taper=0.05)
    c.polygon([(x - 0.15, foot - 0.30), (x + 0.15, foot - 0.30), (x + 0.11, foot), (x - 0.11, foot)], pot)
    c.polygon([(x + 0.04, foot - 0.30), (x + 0.15, foot - 0.30), (x + 0.11, foot), (x + 0.03, foot)], shade(pot, 0.8))
    c.box(x - 0.17, foot - 0.33, x + 0.17, foot - 0.27, shade(pot, 1.15), 0.02)


def _floor_lamp(c: Canvas, x: float, foot: float, look: Look) -> None:
    c.ellipse(x, foot, 0.15, 0.03, (58, 48, 48))
    c.limb((x, foot), (x, foot - 1.3), 0.016, 0.013, (58, 48, 48))
    c.polygon(
        [(x - 0.12, foot - 1.55), (x + 0.12, foot - 1.55), (x + 0.21, foot - 1.25), (x - 0.21, foot - 1.25)],
        mix(look.palette.window, look.palette.accents[1], 0.25),
    )


def _sofa(c: Canvas, x: float, foot: float, color: Color, pillow: Color) -> None:
    c.box(x - 0.95, foot - 0.72, x + 0.95, foot - 0.10, shade(color, 0.86), 0.12)
    for k in (-1, 1):
        c.box(x + k * 0.42 - 0.41, foot - 0.70, x + k * 0.42 + 0.41, foot - 0.34, color, 0.08)
        c.box(x + k * 0.42 - 0.41, foot - 0.40, x + k * 0.42 + 0.41, foot - 0.18, shade(color, 1.10), 0.07)
        c.box(x + k * 0.98 - 0.13, foot - 0.52, x + k * 0.98 + 0.13, foot - 0.06, shade(color, 0.95), 0.10)
    c.blob([(x - 0.72, foot - 0.64), (x - 0.40, foot - 0.60), (x - 0.44, foot - 0.34), (x - 0.74, foot - 0.36)], pillow)
    for leg in (-0.8, 0.8):
        c.box(x + leg - 0.03, foot - 0.08, x + leg + 0.03, foot, (50, 36, 30))


def _shelf(c: Canvas, x: float, foot: float, wide: float, tall: float, look: Look, rng: np.random.Generator) -> None:
    wood = look.palette.wood
    c.box(x, foot - tall, x + wide, foot, wood)
    c.box(x + 0.05, foot - tall + 0.05, x + wide - 0.05, foot - 0.05, shade(wood, 0.55))
    rows = max(2, round(tall / 0.4))
    for row in range(rows):
        y = foot - 0.05 - row * (tall - 0.1) / rows
        c.box(x, y - 0.02, x + wide, y + 0.02, shade(wood, 1.1))
        left = x + 0.08
        while left < x + wide - 0.14:
            thick, high = rng.uniform(0.04, 0.08), rng.uniform(0.18, 0.29)
            color = mix(look.palette.accents[int(rng.integers(len(look.palette.accents)))], wood, rng.uniform(0, 0.5))
            c.box(left, y - 0.02 - high, left + thick, y - 0.02, color)
            c.box(left, y - 0.02 - high * 0.8, left + thick, y - 0.02 - high * 0.72, shade(color, 1.35))
            left += thick + (0.006 if rng.random() < 0.85 else 0.14)


def _light_pool(c: Canvas, x: float, y: float, radius: float, look: Look, strength: float = 0.5) -> None:
    c.glow(x, y, radius, look.palette.window, strength)


def _lounge_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    _room(c, look)
    upper = look.palette.walls[0]
    for k in range(-14, 15):
        c.box(k * 0.46, -6, k * 0.46 + 0.10, -1.08, shade(upper, 1.06))
    for x in (-3.4, 0.1, 3.6):
        _window(c, x, -2.15, 0.9, 0.95, look)
        _curtain(c, x, -2.15, 0.9, 0.95, look.palette.accents[0])
    for k, (x, y, wide, tall) in enumerate(
        (
            (-2.1, -1.9, 0.42, 0.5),
            (-1.5, -1.75, 0.34, 0.36),
            (1.55, -1.95, 0.55, 0.42),
            (2.3, -1.8, 0.36, 0.48),
            (5.1, -1.9, 0.5, 0.5),
            (-4.6, -1.9, 0.5, 0.5),
        )
    ):
        _picture(c, x, y, wide, tall, look, k)
    for x in (-2.75, 1.35, 4.9):
        _light_pool(c, x, -1.75, 1.25, look)


def _lounge_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    foot, p = -0.16, look.palette
    for x in (-1.45, 2.6, -5.3):
        _sofa(c, x, foot, mix(p.accents[1], p.wood, 0.25) if x > 0 else mix(p.accents[2], p.wood, 0.2), p.accents[0])
    for x in (-2.75, 1.35, 4.9):
        _floor_lamp(c, x, foot, look)
    for x in (0.35, 3.9, -3.5):
        _plant(c, x, foot, 1.0, look)
    _shelf(c, -4.2, foot, 0.95, 1.75, look, rng)
    _shelf(c, 5.3, foot, 0.95, 1.75, look, rng)
    _shelf(c, 0.55, foot, 0.72, 0.85, look, rng)


def _kitchen_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    _room(c, look, rail=-0.62)
    p = look.palette
    for row in range(6):
        for k in range(-24, 24):
            tone = mix(p.walls[1], (255, 255, 255), 0.35 if (row + k) % 2 else 0.12)
            c.box(k * 0.25 + 0.008, -1.42 + row * 0.13, k * 0.25 + 0.242, -1.30 + row * 0.13, tone)
    for x in (-3.2, 0.3, 3.8):
        _window(c, x, -2.1, 1.0, 0.9, look)
        _light_pool(c, x + 0.5, -1.6, 1.3, look, 0.35)
    for x in (-1.9, 1.7, 5.2, -5.2):
        c.box(x, -2.28, x + 1.3, -2.22, p.wood)
        c.box(x, -1.86, x + 1.3, -1.80, p.wood)
        left = x + 0.06
        while left < x + 1.15:
            color = p.accents[int(rng.integers(len(p.accents)))]
            kind = int(rng.integers(3))
            if kind == 0:
                c.box(left, -2.04, left + 0.13, -1.86, mix(color, (255, 255, 255), 0.3), 0.03)
                c.box(left + 0.01, -2.08, left + 0.12, -2.03, p.wood, 0.01)
            elif kind == 1:
                c.ellipse(left + 0.09, -1.95, 0.085, 0.085, mix(color, (255, 255, 255), 0.6))
                c.ellipse(left + 0.09, -1.95, 0.05, 0.05, color)
            else:
                c.polygon([(left, -2.0), (left + 0.15, -2.0), (left + 0.12, -1.86), (left + 0.03, -1.86)], color)
            left += 0.2


def _kitchen_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p, foot = look.palette, -0.14
    top = foot - 0.56  # of the counters
    front = mix(p.walls[1], p.accents[2], 0.45)
    c.box(-9, top, 9, foot, shade(p.wood, 0.5))
    for k in range(-9, 10):
        x = k * 0.9
        c.box(x + 0.02, top + 0.02, x + 0.88, foot - 0.07, front)
        c.box(x + 0.07, top + 0.06, x + 0.83, top + 0.17, shade(front, 0.9), 0.02)
        c.box(x + 0.07, top + 0.22, x + 0.83, foot - 0.12, shade(front, 0.9), 0.02)
        c.limb((x + 0.38, top + 0.115), (x + 0.52, top + 0.115), 0.014, 0.014, (226, 200, 140))
    c.box(-9, top - 0.07, 9, top + 0.01, mix(p.wood, (255, 240, 210), 0.35))
    for x in (-1.3, 2.2, -4.9):
        c.box(x, top - 0.30, x + 0.36, top - 0.07, p.accents[0], 0.04)
        c.limb((x + 0.03, top - 0.25), (x - 0.08, top - 0.27), 0.014, 0.014, (50, 44, 48))
        c.box(x - 0.01, top - 0.33, x + 0.37, top - 0.28, shade(p.accents[0], 0.8), 0.02)
        for k in range(3):
            c.veil(
                circle(x + 0.18 + 0.03 * k, top - 0.43 - 0.13 * k, 0.05 + 0.02 * k, 0.05 + 0.01 * k),
                (255, 255, 255),
                0.22,
            )
    for x in (0.6, 4.2, -3.0):
        c.blob(
            [(x - 0.22, top - 0.18), (x + 0.22, top - 0.18), (x + 0.12, top - 0.07), (x - 0.12, top - 0.07)],
            (246, 240, 228),
        )
        for k, color in enumerate((p.accents[0], p.accents[1], p.plant)):
            c.ellipse(x - 0.11 + k * 0.11, top - 0.22, 0.075, 0.075, color)
    for x in (-0.4, 3.2):
        _plant(c, x, top - 0.07, 0.45, look)


def _bar_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    _room(c, look, rail=-0.8)
    p = look.palette
    wood = p.wood
    for x in (-5.4, -1.35, 2.7):
        c.box(x, -2.35, x + 2.7, -0.72, shade(wood, 0.9))
        c.box(x + 0.08, -2.27, x + 2.62, -0.76, shade(p.walls[0], 0.62))
        for row in range(3):
            y = -1.86 + row * 0.46
            c.glow(x + 1.35, y - 0.1, 1.5, p.window, 0.30)
            left = x + 0.16
            while left < x + 2.5:
                color = mix(p.accents[int(rng.integers(len(p.accents)))], shade(p.plant, 0.9), rng.uniform(0, 0.4))
                high = rng.uniform(0.22, 0.32)
                c.box(left, y - high * 0.68, left + 0.095, y, color, 0.02)
                c.box(left + 0.03, y - high, left + 0.065, y - high * 0.6, color)
                c.box(left + 0.028, y - high - 0.02, left + 0.067, y - high + 0.015, (236, 220, 170))
                c.box(left, y - high * 0.45, left + 0.095, y - high * 0.18, (242, 234, 214))
                c.box(left + 0.012, y - high * 0.62, left + 0.028, y - 0.03, shade(color, 1.5))
                left += rng.uniform(0.11, 0.2)
            c.box(x + 0.05, y, x + 2.65, y + 0.05, wood)
        c.box(x - 0.06, -2.46, x + 2.76, -2.33, shade(wood, 1.2))
    for k, x in enumerate((-2.0, 2.05, 5.9)):
        if sum(p.walls[0]) > 300:
            _picture(c, x - 0.25, -2.0, 0.5, 0.56, look, k)
            continue
        color = p.accents[k % len(p.accents)]
        c.glow(x, -1.75, 0.9, color, 0.7 if look.night else 0.3)
        ring = circle(x, -1.75, 0.24, 0.24, count=24)
        c.stroke([*map(tuple, ring.tolist()), tuple(ring[0].tolist())], 0.05, mix(color, (255, 255, 255), 0.3))
        c.stroke(
            [(x - 0.1, -1.66), (x, -1.86), (x + 0.1, -1.66)],
            0.045,
            mix(p.accents[(k + 1) % len(p.accents)], (255, 255, 255), 0.35),
        )


def _bar_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p, foot = look.palette, -0.12
    top = foot - 0.62  # of the counter
    c.box(-9, top + 0.02, 9, foot, p.wood)
    for k in range(-12, 13):
        x = k * 0.75
        c.box(x + 0.06, top + 0.10, x + 0.69, foot - 0.10, shade(p.wood, 0.78), 0.02)
        c.box(x + 0.12, top + 0.15, x + 0.63, foot - 0.16, shade(p.wood, 0.9), 0.02)
    c.box(-9, top - 0.06, 9, top + 0.03, shade(p.wood, 1.45))
    c.box(-9, top - 0.06, 9, top - 0.04, shade(p.wood, 1.9))
    c.limb((-9, foot - 0.06), (9, foot - 0.06), 0.018, 0.018, (214, 176, 96))
    for k in range(-7, 8):
        x = k * 1.15 + 0.45
        c.limb((x, foot + 0.16), (x, foot - 0.32), 0.02, 0.02, (60, 48, 48))
        c.ellipse(x, foot + 0.16, 0.13, 0.03, (60, 48, 48))
        c.box(x - 0.15, foot - 0.39, x + 0.15, foot - 0.32, p.accents[0], 0.035)
        if k % 2:
            c.polygon(
                [(x + 0.3, top - 0.22), (x + 0.46, top - 0.22), (x + 0.43, top - 0.06), (x + 0.33, top - 0.06)],
                mix(p.accents[1], (255, 255, 255), 0.2),
            )
        c.limb((x - 0.3, -6), (x - 0.3, -2.42), 0.008, 0.008, (40, 32, 36))
        c.glow(x - 0.3, -2.2, 0.8, p.window, 0.7)
        c.polygon([(x - 0.36, -2.46), (x - 0.24, -2.46), (x - 0.14, -2.26), (x - 0.46, -2.26)], p.accents[k % 2 + 1])
        c.ellipse(x - 0.3, -2.25, 0.10, 0.035, (255, 248, 224))


def _office_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    _room(c, look, rail=-0.95)
    for x in (-3.6, 0.1, 3.8):
        _window(c, x, -2.2, 1.1, 1.15, look, blinds=True)
        for k in range(9):
            y = -2.0 + k * 0.15
            c.veil(
                [(x + 1.35, y), (x + 2.3, y + 0.22), (x + 2.3, y + 0.29), (x + 1.35, y + 0.07)], (255, 250, 236), 0.26
            )
    for k, x in enumerate((-4.6, -1.7, 2.75, 5.7)):
        _picture(c, x, -1.75, 0.42, 0.5, look, k)
    c.box(-2.35, -1.95, -1.95, -0.36, shade(look.palette.wood, 1.5))
    c.box(-2.29, -1.88, -2.01, -1.2, (196, 200, 200))
    c.ellipse(-2.0, -1.1, 0.025, 0.025, (220, 200, 140))


def _office_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p, foot = look.palette, -0.14
    for x in (-1.1, 2.7, -4.8):
        c.box(x - 0.85, foot - 0.66, x + 0.85, foot - 0.58, shade(p.wood, 1.7))
        c.box(x - 0.80, foot - 0.58, x - 0.25, foot, shade(p.wood, 1.25))
        c.box(x + 0.25, foot - 0.58, x + 0.80, foot, shade(p.wood, 1.25))
        for k in range(3):
            c.box(x + 0.30, foot - 0.54 + k * 0.18, x + 0.75, foot - 0.40 + k * 0.18, shade(p.wood, 1.5), 0.02)
            c.ellipse(x + 0.52, foot - 0.47 + k * 0.18, 0.02, 0.02, (210, 200, 170))
        c.box(x - 0.66, foot - 0.74, x - 0.30, foot - 0.66, (220, 216, 206))
        c.box(x - 0.60, foot - 0.80, x - 0.28, foot - 0.74, (190, 186, 178))
        c.limb((x + 0.42, foot - 0.66), (x + 0.34, foot - 0.96), 0.016, 0.014, (50, 50, 52))
        c.limb((x + 0.34, foot - 0.96), (x + 0.14, foot - 1.02), 0.014, 0.014, (50, 50, 52))
        c.blob(
            [(x + 0.02, foot - 0.92), (x + 0.08, foot - 1.06), (x + 0.22, foot - 1.07), (x + 0.27, foot - 0.93)],
            (70, 96, 80),
        )
        c.glow(x + 0.14, foot - 0.85, 0.6, p.window, 0.8)
    for x in (0.7, 4.6, -3.2):
        c.box(x, foot - 1.2, x + 0.5, foot, mix(p.walls[1], (60, 64, 68), 0.4))
        for k in range(4):
            c.box(
                x + 0.05,
                foot - 1.15 + k * 0.29,
                x + 0.45,
                foot - 0.91 + k * 0.29,
                mix(p.walls[1], (90, 94, 98), 0.4),
                0.01,
            )
            c.box(x + 0.19, foot - 1.06 + k * 0.29, x + 0.31, foot - 1.03 + k * 0.29, (200, 196, 186))
    for x in (-2.9, 1.6):
        c.limb((x, foot), (x, foot - 1.55), 0.02, 0.015, (70, 58, 50))
        c.blob(
            [
                (x - 0.17, foot - 0.5),
                (x - 0.10, foot - 1.42),
                (x, foot - 1.5),
                (x + 0.10, foot - 1.42),
                (x + 0.17, foot - 0.5),
            ],
            shade(p.wood, 0.75),
        )
        c.blob(
            [(x - 0.2, foot - 1.5), (x - 0.1, foot - 1.66), (x + 0.1, foot - 1.66), (x + 0.2, foot - 1.5)], (52, 52, 56)
        )


def _lobby_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    _room(c, look, rail=-0.85)
    p = look.palette
    for k in range(-12, 12):
        c.box(k * 0.5, -6, k * 0.5 + 0.25, -0.88, mix(p.walls[0], (255, 255, 255), 0.18))
    for k in range(-4, 5):
        x = k * 1.6
        if k % 2:
            c.box(x - 0.42, -2.1, x + 0.42, _SKIRTING, (255, 246, 234))
            c.ellipse(x, -2.1, 0.42, 0.42, (255, 246, 234))
            c.box(x - 0.35, -2.1, x + 0.35, _SKIRTING, mix(p.accents[1], p.walls[1], 0.25))
            c.ellipse(x, -2.1, 0.35, 0.35, mix(p.accents[1], (255, 255, 255), 0.3))
            for row in (-1.85, -1.15):
                c.box(x - 0.25, row, x + 0.25, row + 0.55, mix(p.accents[1], p.walls[1], 0.5), 0.03)
            c.ellipse(x + 0.26, -1.2, 0.03, 0.03, p.accents[2])
            c.box(x - 0.12, -2.28, x + 0.12, -2.12, (255, 250, 240), 0.03)
        else:
            ring = circle(x, -1.65, 0.3, 0.38)
            c.polygon(ring, p.accents[2])
            c.ellipse(x, -1.65, 0.26, 0.34, mix(p.sky[0], (255, 255, 255), 0.3))
            c.polygon([(x - 0.16, -1.5), (x + 0.02, -1.92), (x + 0.1, -1.9), (x - 0.08, -1.42)], (250, 254, 254))
            for side in (-1, 1):
                c.box(x + side * 0.52 - 0.03, -1.75, x + side * 0.52 + 0.03, -1.5, p.accents[2], 0.02)
                c.polygon(
                    [
                        (x + side * 0.52 - 0.08, -1.72),
                        (x + side * 0.52 + 0.08, -1.72),
                        (x + side * 0.52 + 0.12, -1.9),
                        (x + side * 0.52 - 0.12, -1.9),
                    ],
                    (255, 246, 220),
                )
                c.glow(x + side * 0.52, -1.85, 0.5, p.window, 0.5)
    for row in range(7):
        y0, y1 = _SKIRTING + 0.045 * (row + 1) ** 1.6, _SKIRTING + 0.045 * (row + 2) ** 1.6
        for k in range(-12, 12):
            if (k + row) % 2:
                w0, w1 = 0.36 + 0.05 * row, 0.36 + 0.05 * (row + 1)
                c.polygon(
                    [(k * w0, y0), ((k + 1) * w0, y0), ((k + 1) * w1, y1), (k * w1, y1)],
                    mix(p.floor, (255, 255, 255), 0.5),
                )


def _lobby_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p, foot = look.palette, -0.12
    for x in (0.0, -4.8, 4.8):
        c.box(x - 0.95, foot - 0.72, x + 0.95, foot, mix(p.accents[3], p.wood, 0.15))
        for k in range(5):
            c.box(
                x - 0.88 + k * 0.36,
                foot - 0.64,
                x - 0.58 + k * 0.36,
                foot - 0.10,
                mix(p.accents[3], (255, 255, 255), 0.2),
                0.03,
            )
        c.box(x - 1.0, foot - 0.79, x + 1.0, foot - 0.71, (255, 244, 226))
        c.ellipse(x - 0.35, foot - 0.82, 0.07, 0.05, p.accents[2])
        c.ellipse(x - 0.35, foot - 0.87, 0.014, 0.014, p.accents[2])
        c.box(x + 0.2, foot - 0.84, x + 0.55, foot - 0.79, p.accents[0])
        c.box(x + 0.24, foot - 0.88, x + 0.52, foot - 0.84, p.accents[1])
    for x in (-2.4, 2.4, -7, 7):
        _sofa(c, x, foot, p.accents[0], p.accents[2])
    for x in (-1.3, 1.3, -3.6, 3.6):
        _plant(c, x, foot, 1.0, look)


def _ship_far(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p = look.palette
    upper, lower = p.walls
    c.gradient(-6, -0.95, (shade(upper, 0.45), shade(upper, 0.7), shade(upper, 0.92)))
    c.gradient(-0.95, _SKIRTING, (lower, shade(lower, 0.75)))
    c.gradient(_SKIRTING, 3, (shade(p.floor, 0.7), p.floor, shade(p.floor, 1.15)))
    for k in range(-9, 10):
        x = k * 0.95
        c.box(x, -2.6, x + 0.90, -0.98, shade(upper, 0.86), 0.06)
        c.box(x + 0.03, -2.57, x + 0.87, -1.01, shade(upper, 0.95), 0.05)
        c.polygon(
            [(k * 0.5, _SKIRTING), (k * 0.5 + 0.012, _SKIRTING), (k * 1.2 + 0.03, 2), (k * 1.2, 2)],
            shade(p.floor, 0.65),
        )
        c.box(x + 0.1, -0.86, x + 0.8, -0.50, shade(lower, 0.8), 0.05)
        for j in range(5):
            color = p.accents[int(rng.integers(4))]
            c.box(x + 0.16 + j * 0.12, -0.80, x + 0.24 + j * 0.12, -0.74, color, 0.015)
            c.box(x + 0.16 + j * 0.12, -0.68, x + 0.24 + j * 0.12, -0.56, mix(color, lower, 0.6), 0.015)
    for y in (0.0, 0.35, 0.8):
        c.box(-9, y, 9, y + 0.015, shade(p.floor, 0.65))
    c.box(-9, -0.99, 9, -0.94, p.accents[0])
    c.box(-9, _SKIRTING - 0.05, 9, _SKIRTING - 0.02, p.window)
    for x, radius in ((-3.3, 0.55), (0.35, 0.66), (4.2, 0.55)):
        c.ellipse(x, -1.75, radius + 0.12, radius + 0.12, shade(lower, 0.8))
        c.ellipse(x, -1.75, radius + 0.06, radius + 0.06, shade(upper, 1.08))
        c.ellipse(x, -1.75, radius, radius, (8, 10, 26))
        for _ in range(26):
            angle, reach = rng.uniform(0, 2 * np.pi), radius * 0.94 * np.sqrt(rng.random())
            size = rng.uniform(0.006, 0.014)
            c.ellipse(x + np.cos(angle) * reach, -1.75 + np.sin(angle) * reach, size, size, (255, 255, 255))
        c.ellipse(x + radius * 0.15, -1.75 + radius * 0.2, radius * 0.5, radius * 0.5, mix(p.accents[0], p.far, 0.3))
        c.ellipse(
            x + radius * 0.07,
            -1.75 + radius * 0.12,
            radius * 0.40,
            radius * 0.40,
            mix(p.accents[0], (255, 220, 170), 0.25),
        )
        c.stroke(
            [
                (x - radius * 0.28, -1.66 + radius * 0.1),
                (x + radius * 0.15, -1.7 + radius * 0.2),
                (x + radius * 0.55, -1.62 + radius * 0.1),
            ],
            0.05,
            p.far,
            taper=0.1,
        )
        for k in range(8):
            c.ellipse(
                x + (radius + 0.09) * np.cos(k * np.pi / 4),
                -1.75 + (radius + 0.09) * np.sin(k * np.pi / 4),
                0.018,
                0.018,
                shade(lower, 0.5),
            )
    for k in range(-5, 6):
        c.box(k * 1.9 - 0.5, -2.72, k * 1.9 + 0.5, -2.66, p.window, 0.02)
        c.glow(k * 1.9, -2.6, 1.0, p.window, 0.45)


def _ship_mid(c: Canvas, look: Look, rng: np.random.Generator) -> None:
    p, foot = look.palette, -0.12
    for x in (-1.7, 2.2, -5.2, 5.6):
        c.polygon(
            [(x - 0.75, foot), (x - 0.65, foot - 0.5), (x + 0.65, foot - 0.5), (x + 0.75, foot)], shade(p.walls[1], 0.9)
        )
        c.polygon(
            [(x - 0.65, foot - 0.5), (x - 0.5, foot - 0.66), (x + 0.5, foot - 0.66), (x + 0.65, foot - 0.5)],
            shade(p.walls[0], 0.85),
        )
        for k in range(7):
            color = p.accents[int(rng.integers(4))]
            c.ellipse(x - 0.42 + k * 0.14, foot - 0.58, 0.03, 0.024, color)
        c.box(x - 0.42, foot - 1.12, x + 0.42, foot - 0.70, (20, 34, 44), 0.05)
        c.stroke(
            [
                (x - 0.36, foot - 0.85),
                (x - 0.2, foot - 1.02),
                (x, foot - 0.80),
                (x + 0.18, foot - 1.0),
                (x + 0.36, foot - 0.88),
            ],
            0.02,
            p.accents[1],
        )
        c.glow(x, foot - 0.9, 0.6, p.accents[1], 0.35)
        c.box(x - 0.5, foot - 0.3, x + 0.5, foot - 0.26, p.accents[0])
    for x in (1.25, -0.75, 5.0, -2.35):
        c.limb((x, 0), (x, -6), 0.07, 0.07, shade(p.walls[0], 0.7))
        c.limb((x + 0.03, 0), (x + 0.03, -6), 0.03, 0.03, shade(p.walls[0], 0.55))
        for k in range(8):
            c.box(x - 0.09, -0.5 - k * 0.42, x + 0.09, -0.43 - k * 0.42, shade(p.walls[1], 0.8), 0.02)
        _plant(c, x + 0.45, foot, 0.6, look)


INDOORS: Mapping[str, Place] = {
    "lounge": Place(_lounge_far, _lounge_mid, 0.66, 0.80, (2.5, 3.2), indoors=True),
    "kitchen": Place(_kitchen_far, _kitchen_mid, 0.66, 0.80, (2.4, 3.0), indoors=True),
    "bar": Place(_bar_far, _bar_mid, 0.66, 0.82, (2.5, 3.2), indoors=True),
    "office": Place(_office_far, _office_mid, 0.66, 0.80, (2.5, 3.2), indoors=True),
    "lobby": Place(_lobby_far, _lobby_mid, 0.66, 0.80, (2.5, 3.2), indoors=True),
    "ship": Place(_ship_far, _ship_mid, 0.66, 0.82, (2.5, 3.2), indoors=True),
}
