"""Heads: face, hair, beard and hat. Features lie on a ball: a turn moves them aside and narrows the far ones."""

from __future__ import annotations

import numpy as np

from rushes.datasets.synthetic.paint import Brush, Color, Dots, Points, circle, filtered, mix, shade, smooth
from rushes.datasets.synthetic.person import EYE_LINE, MOUTH_LINE, Person, Pose

_INK: Color = (38, 26, 30)


def _turned(points: Dots | Points, turn: float) -> Points:
    flat = np.asarray(points, np.float64).copy()
    flat[:, 0] = 0.95 * np.sin(np.arcsin(np.clip(flat[:, 0] / 0.95, -1, 1)) + turn * 0.55)
    return flat


def _outline(person: Person, turn: float) -> Points:
    j = person.jaw
    right = [
        (0.40, -0.96),
        (0.70, -0.66),
        (0.795, -0.2),
        (0.775, 0.2),
        (0.66 * j, 0.60),
        (0.40 * j, 0.90),
        (0.14, 1.02),
    ]
    ring = np.array(right + [(-x, y) for x, y in reversed(right)])
    ring[:, 0] += turn * 0.10 * np.clip(ring[:, 1], -0.2, 1)
    return smooth(ring)


def draw_back_hair(c: Brush, person: Person, pose: Pose) -> None:
    """Paint the hair that hangs behind the body, in the head's frame."""
    t, dark = pose.turn, shade(person.hair, 0.74)
    style = person.hair_style
    if style == "long":
        drop = 2.05
        c.blob(
            [
                (-0.5, -1.05),
                (0.5, -1.05),
                (0.98 - 0.1 * t, -0.3),
                (1.02 - 0.1 * t, 0.9),
                (1.1 - 0.1 * t, drop),
                (0.3, drop + 0.15),
                (-0.3, drop + 0.15),
                (-1.1 - 0.1 * t, drop),
                (-1.02 - 0.1 * t, 0.9),
                (-0.98 - 0.1 * t, -0.3),
            ],
            dark,
        )
        for side in (-1, 1):
            c.stroke(
                [(side * 0.92 - 0.1 * t, 0.3), (side * 0.97 - 0.1 * t, 1.1), (side * 0.9, 1.95)],
                0.06,
                person.hair,
                taper=0.2,
            )
    elif style == "bob":
        c.blob(
            [
                (-0.5, -1.08),
                (0.5, -1.08),
                (1.0 - 0.12 * t, -0.4),
                (1.05 - 0.12 * t, 0.4),
                (0.86 - 0.1 * t, 0.92),
                (0.3, 0.98),
                (-0.3, 0.98),
                (-0.86 - 0.1 * t, 0.92),
                (-1.05 - 0.12 * t, 0.4),
                (-1.0 - 0.12 * t, -0.4),
            ],
            dark,
        )
    elif style == "curls":
        for k in range(13):
            angle = np.pi * (0.93 + 1.14 * k / 12)
            c.ellipse(np.cos(angle) * 0.98 - 0.1 * t, np.sin(angle) * 0.98 - 0.08, 0.36, 0.36, dark)
    elif style == "tail":
        c.blob(
            [
                (-0.75 * np.sign(t + 0.01), -0.5),
                (-1.25 * np.sign(t + 0.01), -0.35),
                (-1.45 * np.sign(t + 0.01), 0.5),
                (-1.15 * np.sign(t + 0.01), 1.3),
                (-1.0 * np.sign(t + 0.01), 0.5),
                (-0.6 * np.sign(t + 0.01), -0.1),
            ],
            dark,
        )
    elif style == "bun":
        c.ellipse(-0.25 * t, -1.18, 0.42, 0.38, dark)
        c.ellipse(-0.25 * t - 0.06, -1.22, 0.30, 0.27, person.hair)


def draw_head(c: Brush, person: Person, pose: Pose, light_from: int) -> None:
    """Paint a head with its face, in its own frame."""
    t = pose.turn
    skin, dark = person.skin, shade(person.skin, 0.85)
    for side in (-1, 1):
        if side * t < 0.5:
            x = side * (0.81 - 0.05 * abs(t)) - t * 0.10
            c.ellipse(x, 0.10, 0.13, 0.21, skin if side == light_from else dark)
            c.ellipse(x - side * 0.01, 0.11, 0.07, 0.13, shade(person.skin, 0.72))
    outline = _outline(person, t)
    c.polygon(outline, skin)
    edge = outline.copy()
    inner = (0.50 - 0.20 * np.clip(outline[:, 1], -0.3, 1) ** 2) - t * light_from * -0.10
    edge[:, 0] = -light_from * np.maximum(edge[:, 0] * -light_from, inner)
    c.polygon(edge, dark)
    if c.scale > 25:
        blush = mix(person.skin, (228, 84, 84), 0.5)
        for side in (-1, 1):
            if side * t > 0.35:
                continue
            c.veil(_turned(circle(side * 0.46, 0.40, 0.17, 0.11), t), blush, 0.35)
    if person.freckles and c.scale > 40:
        for k in range(14):
            place = _turned([((k % 7 - 3) * 0.13, 0.33 + (k * 5 % 4) * 0.045)], t)[0]
            c.ellipse(place[0], place[1], 0.018, 0.018, shade(person.skin, 0.78))
    _beard(c, person, pose)
    _nose(c, person, t, light_from)
    _mouth(c, person, pose)
    for side in (-1, 1):
        _eye(c, person, pose, side)
    if person.glasses:
        _glasses(c, pose)
    _front_hair(c, person, pose, light_from)
    _hat(c, person, t)


def _eye(c: Brush, person: Person, pose: Pose, side: int) -> None:
    t = pose.turn
    wide, up, low = 0.19, 0.125 * pose.lids, 0.085 * min(pose.lids, 1)
    centre = side * 0.345
    across = np.linspace(-1, 1, 17)
    arc = 1 - np.abs(across) ** 2.2
    slant = -0.02 * side * across
    upper = np.stack([centre + across * wide, EYE_LINE - up * arc + slant], axis=1)
    lower = np.stack([centre + across * wide, EYE_LINE + low * arc + slant], axis=1)
    socket = shade(person.skin, 0.90)
    crease = np.stack([centre + across * wide * 1.06, EYE_LINE - 0.165 * arc + slant - 0.012], axis=1)
    c.polygon(_turned(np.concatenate([crease, lower[::-1]]), t), socket)
    white = filtered((246, 243, 238), mix((255, 255, 255), person.skin, 0.18))
    if pose.lids > 0.15:
        c.polygon(_turned(np.concatenate([upper, lower[::-1]]), t), white)
        look = (centre + pose.gaze[0] * 0.085, EYE_LINE - 0.012 + pose.gaze[1] * 0.05)

        def within(x: float, y: float, radius: float) -> Points:
            ring = circle(x, y, radius, radius, count=36 if c.scale > 120 else 20)
            ring[:, 1] = np.clip(
                ring[:, 1],
                np.interp(ring[:, 0], upper[:, 0], upper[:, 1]),
                np.interp(ring[:, 0], lower[:, 0], lower[:, 1]),
            )
            return _turned(ring, t)

        c.polygon(within(*look, 0.108), shade(person.iris, 0.55))
        c.polygon(within(*look, 0.094), person.iris)
        if c.scale > 200:
            c.polygon(within(look[0], look[1] + 0.02, 0.066), shade(person.iris, 1.3))
            for k in range(24):
                angle = k * np.pi / 12
                spoke = np.array([[np.cos(angle), np.sin(angle)]]) * np.array([[0.055], [0.088]]) + look
                if abs(spoke[1, 1] - EYE_LINE) < min(up, low) * 0.8:
                    c.stroke(_turned(spoke, t), 0.006, shade(person.iris, 0.75 if k % 2 else 1.5))
        c.polygon(within(*look, 0.050), (18, 14, 18))
        if pose.lids > 0.5:
            c.polygon(_turned(circle(look[0] - 0.035, look[1] - 0.038, 0.026, 0.026, count=16), t), (255, 255, 255))
            if c.scale > 120:
                c.polygon(_turned(circle(look[0] + 0.035, look[1] + 0.035, 0.012, 0.012, count=12), t), (235, 235, 240))
        if c.scale > 120:
            shadow = upper + np.array([0.0, 0.022 * pose.lids])
            shadow[:, 1] = np.minimum(shadow[:, 1], lower[:, 1])
            c.veil(_turned(np.concatenate([upper, shadow[::-1]]), t), (60, 40, 60), 0.28)
    c.stroke(_turned(upper[::4], t), 0.052, _INK, taper=0.45)
    if c.scale > 60:
        outer = upper[-1 if side > 0 else 0]
        c.stroke(_turned([tuple(outer), (outer[0] + side * 0.045, outer[1] - 0.045)], t), 0.03, _INK, taper=0.5)
        if pose.lids > 0.15:
            c.stroke(_turned(lower[2:-2:4], t), 0.014, shade(person.skin, 0.62), taper=0.3)
        c.stroke(_turned(crease[2:-2:4], t), 0.014, shade(person.skin, 0.70), taper=0.3)
    if c.scale > 200:
        for k in range(2, 16, 2):
            root = upper[k]
            lean = (root[0] - centre) * 0.25
            tip = (root[0] + lean, root[1] + (-0.05 * max(pose.lids, 0.3) if pose.lids > 0.15 else 0.045))
            c.stroke(_turned([tuple(root), tip], t), 0.014, _INK, taper=0.4)
        corner = upper[0 if side > 0 else -1]
        tear = circle(corner[0] + side * 0.012, corner[1], 0.017, 0.013, count=20)
        c.polygon(_turned(tear, t), mix(person.skin, (210, 90, 90), 0.5))
    lift = -0.08 * pose.brow
    pinch = 0.07 * min(pose.brow, 0)
    brow = [
        (centre - side * 0.20, -0.205 + lift - pinch),
        (centre - side * 0.02, -0.275 + lift),
        (centre + side * 0.22, -0.20 + lift * 0.7),
    ]
    color = shade(mix(person.hair, _INK, 0.35), 0.9)
    c.stroke(_turned(brow, t), 0.075 * person.brows, color, taper=0.5)
    if c.scale > 200:
        line = smooth(brow, closed=False)
        for k in range(0, len(line), 1):
            x, y = line[k]
            reach = person.brows * (0.4 + 0.6 * np.sin(np.pi * k / len(line)))
            hair = [(x - side * 0.03, y + 0.030 * reach), (x + side * 0.03, y - 0.040 * reach)]
            c.stroke(_turned(hair, t), 0.014, shade(color, 0.75 if k % 2 else 1.3), taper=0.15)


def _nose(c: Brush, person: Person, t: float, light_from: int) -> None:
    dark = shade(person.skin, 0.80)
    away = 1 if t > 0.12 else -1 if t < -0.12 else -light_from
    tip = 0.06 * t
    bridge = _turned(
        [(0.02 * away, -0.02), (0.06 * away + tip, 0.22), (0.115 * away + tip, 0.345), (0.05 * away + tip, 0.385)], t
    )
    c.stroke(bridge, 0.036, dark, taper=0.4)
    if c.scale > 40:
        for side in (-1, 1):
            c.polygon(_turned(circle(side * 0.07 + tip, 0.372, 0.028, 0.016, count=16), t), shade(person.skin, 0.62))
    if c.scale > 60:
        c.polygon(
            _turned(circle(-away * 0.02 + tip, 0.285, 0.022, 0.035, count=16), t),
            mix(person.skin, (255, 250, 240), 0.45),
        )


def _mouth(c: Brush, person: Person, pose: Pose) -> None:
    t, gape = pose.turn, pose.mouth
    wide = 0.25 + 0.05 * pose.smile - 0.05 * gape
    lift = -0.07 * pose.smile
    drop = 0.22 * gape
    lip, low_lip = shade(person.lips, 0.86), person.lips
    left, right = (-wide, MOUTH_LINE + lift), (wide, MOUTH_LINE + lift)
    seam_up = [left, (-0.1, MOUTH_LINE - 0.02 * gape), (0, MOUTH_LINE + 0.012), (0.1, MOUTH_LINE - 0.02 * gape), right]
    seam_low = [left, (-0.11, MOUTH_LINE + drop), (0, MOUTH_LINE + drop + 0.02), (0.11, MOUTH_LINE + drop), right]
    rim_up = [left, (-0.07, MOUTH_LINE - 0.078), (0, MOUTH_LINE - 0.055), (0.07, MOUTH_LINE - 0.078), right]
    rim_low = [
        left,
        (-0.12, MOUTH_LINE + drop + 0.085),
        (0, MOUTH_LINE + drop + 0.105),
        (0.12, MOUTH_LINE + drop + 0.085),
        right,
    ]
    up, low = smooth(seam_up, closed=False), smooth(seam_low, closed=False)
    top, bottom = smooth(rim_up, closed=False), smooth(rim_low, closed=False)
    c.polygon(_turned(np.concatenate([top, bottom[::-1]]), t), low_lip)
    c.polygon(_turned(np.concatenate([top, up[::-1]]), t), lip)
    if gape > 0.06:
        c.polygon(_turned(np.concatenate([up, low[::-1]]), t), (70, 18, 26))
        teeth = up + np.array([0.0, 1.0]) * np.minimum(0.06, 0.45 * (low - up)[:, 1:])
        c.polygon(
            _turned(np.concatenate([up, teeth[::-1]]), t),
            filtered((244, 240, 232), mix((255, 255, 255), person.skin, 0.2)),
        )
        if gape > 0.35:
            tongue = circle(0, MOUTH_LINE + drop * 0.92, 0.10, drop * 0.28, count=20)
            c.polygon(_turned(tongue, t), (176, 72, 80))
    else:
        c.stroke(_turned(seam_up, t), 0.024, shade(person.lips, 0.5), taper=0.4)
    if c.scale > 60:
        c.veil(_turned(circle(0, MOUTH_LINE + drop + 0.155, 0.10, 0.025), t), shade(person.skin, 0.6), 0.5)
        shine = circle(-0.05, MOUTH_LINE + drop + 0.055, 0.05, 0.014, count=20)
        c.veil(_turned(shine, t), (255, 235, 230), 0.5)
    if c.scale > 200:
        for side in (-1, 1):
            crease = [
                (side * (wide + 0.015), MOUTH_LINE + lift - 0.02),
                (side * (wide + 0.03), MOUTH_LINE + lift + 0.03),
            ]
            c.stroke(_turned(crease, t), 0.016, shade(person.skin, 0.72), taper=0.3)
            c.stroke(_turned([(side * 0.035, 0.43), (side * 0.03, 0.50)], t), 0.02, shade(person.skin, 0.9), taper=0.3)
        for k in range(-3, 4):
            fold = [(k * 0.03, MOUTH_LINE + drop + 0.028), (k * 0.032, MOUTH_LINE + drop + 0.080 - abs(k) * 0.008)]
            c.stroke(_turned(fold, t), 0.006, shade(person.lips, 0.82), taper=0.2)


def _beard(c: Brush, person: Person, pose: Pose) -> None:
    t = pose.turn
    color = shade(person.hair, 0.92)
    drop = 0.16 * pose.mouth
    if person.beard == "full":
        rim = [
            (-0.80, 0.05),
            (-0.79, 0.45),
            (-0.62, 0.88),
            (-0.28, 1.16 + drop),
            (0.28, 1.16 + drop),
            (0.62, 0.88),
            (0.79, 0.45),
            (0.80, 0.05),
            (0.64, 0.30),
            (0.40, 0.44),
            (0.0, 0.46),
            (-0.40, 0.44),
            (-0.64, 0.30),
        ]
        moved = smooth(rim)
        moved[:, 0] += t * 0.12 * np.clip(moved[:, 1], -0.2, 1)
        c.polygon(moved, color)
        if c.scale > 60:
            for k in range(-5, 6):
                c.stroke(
                    _turned([(k * 0.1, 0.82 - abs(k) * 0.03), (k * 0.095, 1.05 - abs(k) * 0.05 + drop)], t),
                    0.02,
                    shade(person.hair, 0.75),
                    taper=0.2,
                )
    elif person.beard == "moustache":
        c.blob(
            _turned(
                [
                    (-0.34, 0.57),
                    (-0.18, 0.46),
                    (0, 0.47),
                    (0.18, 0.46),
                    (0.34, 0.57),
                    (0.14, 0.55),
                    (0, 0.54),
                    (-0.14, 0.55),
                ],
                t,
            ),
            color,
        )
    elif person.beard == "stubble":
        shadow = smooth(
            [
                (-0.74, 0.25),
                (-0.62, 0.66),
                (-0.38, 0.92),
                (0, 1.0),
                (0.38, 0.92),
                (0.62, 0.66),
                (0.74, 0.25),
                (0.45, 0.42),
                (0, 0.44),
                (-0.45, 0.42),
            ]
        )
        shadow[:, 0] = shadow[:, 0] * 0.98 + t * 0.10 * np.clip(shadow[:, 1], -0.2, 1)
        c.veil(shadow, shade(person.hair, 0.8), 0.28)


def _glasses(c: Brush, pose: Pose) -> None:
    t = pose.turn
    for side in (-1, 1):
        ring = _turned(circle(side * 0.35, EYE_LINE + 0.01, 0.27, 0.235), t)
        c.stroke(np.concatenate([ring[::5], ring[:1]]), 0.042, (44, 34, 40))
        if c.scale > 40:
            c.veil(
                _turned(
                    [
                        (side * 0.35 - 0.12, -0.08),
                        (side * 0.35 - 0.04, -0.1),
                        (side * 0.35 - 0.13, 0.2),
                        (side * 0.35 - 0.18, 0.15),
                    ],
                    t,
                ),
                (255, 255, 255),
                0.25,
            )
        c.stroke(_turned([(side * 0.61, 0.02), (side * 0.80, 0.0)], t), 0.042, (44, 34, 40))
    c.stroke(_turned([(-0.09, 0.03), (0, 0.0), (0.09, 0.03)], t), 0.042, (44, 34, 40))


def _front_hair(c: Brush, person: Person, pose: Pose, light_from: int) -> None:
    t, hair, light = pose.turn, person.hair, shade(mix(person.hair, (255, 240, 220), 0.14), 1.12)
    style = person.hair_style
    shift = -0.05 * t
    part = 0.25 * light_from + 0.35 * t
    if style == "bald":
        c.veil(circle(light_from * 0.3 + shift, -0.72, 0.22, 0.10), (255, 250, 240), 0.25)
        return
    crown = 1.10 if style not in ("short", "swept") else 1.06
    side_drop = {"short": -0.02, "swept": 0.05, "bob": 0.55, "long": 0.70, "curls": 0.0, "bun": -0.05, "tail": -0.02}[
        style
    ]
    wide = 0.86 if style not in ("bob", "long") else 0.94
    temple = 0.68 if style not in ("bob", "long") else 0.71
    cap = [
        (-wide + shift, side_drop),
        (-wide - 0.03 + shift, -0.42),
        (-0.62 + shift, -0.92),
        (0 + shift, -crown),
        (0.62 + shift, -0.92),
        (wide + 0.03 + shift, -0.42),
        (wide + shift, side_drop),
        (temple + shift * 0.2, side_drop - 0.05),
        (temple - 0.04 + t * 0.1, -0.30),
    ]
    fringe = {
        "short": [(0.45 + t * 0.3, -0.60), (0.0 + t * 0.3, -0.58), (-0.45 + t * 0.3, -0.60)],
        "swept": [(0.40 + t * 0.3, -0.50), (part, -0.72), (-0.40 + t * 0.3, -0.46)],
        "bob": [(0.50 + t * 0.25, -0.34), (0.0 + t * 0.3, -0.37), (-0.50 + t * 0.25, -0.34)],
        "long": [(0.48 + t * 0.25, -0.42), (part, -0.80), (-0.48 + t * 0.25, -0.40)],
        "curls": [(0.45 + t * 0.25, -0.50), (0.0 + t * 0.3, -0.60), (-0.45 + t * 0.25, -0.50)],
        "bun": [(0.45 + t * 0.25, -0.58), (0.0 + t * 0.3, -0.70), (-0.45 + t * 0.25, -0.58)],
        "tail": [(0.45 + t * 0.25, -0.52), (part, -0.68), (-0.45 + t * 0.25, -0.50)],
    }[style]
    cap += [*fringe, (-temple + 0.04 + t * 0.1, -0.30), (-temple + shift * 0.2, side_drop - 0.05)]
    c.blob(cap, hair)
    if style == "curls":
        for k in range(9):
            angle = np.pi * (1.08 + 0.84 * k / 8)
            x, y = np.cos(angle) * 0.74 - 0.06 * t, np.sin(angle) * 0.62 - 0.22
            c.ellipse(x, y, 0.24, 0.22, hair if k % 2 else shade(hair, 0.9))
            c.ellipse(x - 0.05, y - 0.06, 0.09, 0.08, light)
    elif c.scale > 12:
        c.stroke(
            [
                (light_from * 0.62 + shift, -0.62),
                (light_from * 0.42 + shift, -0.86),
                (light_from * 0.10 + shift, -0.95),
            ],
            0.07,
            light,
            taper=0.1,
        )
        if c.scale > 60:
            for k in range(5):
                x = light_from * (0.5 - k * 0.2)
                c.stroke(
                    [(part * 0.6 + shift, -0.98), (x * 0.8 + shift, -0.86), (x * 1.25 + shift, -0.62)],
                    0.022,
                    shade(hair, 0.8),
                    taper=0.1,
                )


def _hat(c: Brush, person: Person, t: float) -> None:
    felt = person.accent if person.hat in ("beanie", "cap", "beret") else mix(person.top, (90, 62, 44), 0.55)
    dark, light = shade(felt, 0.74), shade(felt, 1.15)
    s = -0.05 * t
    if person.hat in ("cowboy", "fedora"):
        brim, rise = (1.55, -0.16) if person.hat == "cowboy" else (1.22, -0.02)
        c.blob(
            [
                (-0.72 + s, -0.55),
                (-0.66 + s, -1.15),
                (-0.36 + s, -1.48),
                (0 + s, -1.36),
                (0.36 + s, -1.48),
                (0.66 + s, -1.15),
                (0.72 + s, -0.55),
            ],
            felt,
        )
        c.blob([(-0.73 + s, -0.80), (0.73 + s, -0.80), (0.75 + s, -0.58), (-0.75 + s, -0.58)], dark)
        c.blob(
            [
                (-brim + s, -0.60 + rise),
                (-0.7 + s, -0.68),
                (0 + s, -0.62),
                (0.7 + s, -0.68),
                (brim + s, -0.60 + rise),
                (0.85 + s, -0.44),
                (0 + s, -0.36),
                (-0.85 + s, -0.44),
            ],
            light if person.hat == "cowboy" else felt,
        )
        c.stroke([(-0.9 + s, -0.44), (0 + s, -0.37), (0.9 + s, -0.44)], 0.05, dark, taper=0.2)
    elif person.hat == "beanie":
        c.blob(
            [
                (-0.88 + s, -0.45),
                (-0.82 + s, -0.95),
                (-0.4 + s, -1.30),
                (0.4 + s, -1.30),
                (0.82 + s, -0.95),
                (0.88 + s, -0.45),
            ],
            felt,
        )
        c.box(-0.93 + s, -0.66, 0.93 + s, -0.38, light, 0.13)
        for k in range(-4, 5):
            c.stroke([(k * 0.2 + s, -0.62), (k * 0.2 + s, -0.42)], 0.02, felt)
        c.ellipse(s, -1.36, 0.24, 0.22, light)
    elif person.hat == "cap":
        c.blob([(-0.86 + s, -0.48), (-0.76 + s, -0.98), (0 + s, -1.24), (0.76 + s, -0.98), (0.86 + s, -0.48)], felt)
        c.blob(
            [
                (-0.80 + s + t * 0.4, -0.56),
                (0 + t * 0.5, -0.62),
                (0.80 + s + t * 0.4, -0.56),
                (0.74 + t * 0.6, -0.38),
                (0 + t * 0.7, -0.30),
                (-0.74 + t * 0.6, -0.38),
            ],
            dark,
        )
        c.ellipse(s + t * 0.3, -0.82, 0.16, 0.14, light)
    elif person.hat == "beret":
        c.blob(
            [
                (-0.86 + s, -0.62),
                (-1.12 + s, -0.92),
                (-0.5 + s, -1.30),
                (0.5 + s, -1.20),
                (0.95 + s, -0.82),
                (0.80 + s, -0.60),
                (0 + s, -0.72),
            ],
            felt,
        )
        c.stroke([(-0.82 + s, -0.64), (0 + s, -0.76), (0.8 + s, -0.62)], 0.07, dark)
        c.stroke([(-0.2 + s, -1.28), (-0.16 + s, -1.42)], 0.06, felt)
