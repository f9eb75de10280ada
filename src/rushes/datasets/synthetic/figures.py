"""People who stand, walk, talk and look, drawn from flat shapes."""

from __future__ import annotations

import numpy as np

from rushes.datasets.synthetic.heads import draw_back_hair, draw_head
from rushes.datasets.synthetic.paint import Brush, Points, circle, filtered, mix, shade, smooth
from rushes.datasets.synthetic.person import HEAD, Person, Pose, head_place


def draw_figure(brush: Brush, person: Person, pose: Pose, *, light_from: int = -1, shadow: float = 0.3) -> None:
    """Paint a figure whose feet stand at the brush's origin.

    Args:
        person: in the colours of the light it stands in.
        light_from: -1 for light from the left, 1 from the right.
        shadow: how dark the ground under the feet gets, 0 for none.
    """
    here = brush.moved(0, 0, scale=person.height)
    if shadow > 0:
        here.veil(circle(-light_from * 0.05, 0.005, 0.2, 0.024), (16, 14, 28), shadow)
        here.veil(circle(-light_from * 0.02, 0.003, 0.11, 0.014), (16, 14, 28), shadow)
    x, y = head_place(pose)
    head = here.moved(x, y + pose.nod * HEAD, scale=HEAD, angle=pose.tilt)
    draw_back_hair(head, person, pose)
    if here.sees(-0.25, -0.47, 0.25, 0.01):
        _legs(here, person, pose)
    lift = (0.0 if pose.stride is None else -0.012 * abs(np.sin(pose.stride))) - pose.breath * 0.004
    if here.sees(-0.5, -0.86, 0.5, -0.27):
        _body(here.moved(0, lift), person, pose, light_from)
    draw_head(head, person, pose, light_from)


def _legs(c: Brush, person: Person, pose: Pose) -> None:
    dark = shade(person.bottom, 0.78)
    bare = person.outfit == "dress"
    for side in (1, -1):
        near = side == -1
        if pose.stride is None:
            hip, knee, foot = (side * 0.042, -0.46), (side * 0.050, -0.24), (side * 0.056, -0.028)
        else:
            swing = np.sin(pose.stride + (0 if near else np.pi))
            lift = max(0.0, float(np.cos(pose.stride + (0 if near else np.pi))))
            ahead = 1 if pose.turn >= 0 else -1
            hip = (side * 0.02, -0.46)
            knee = (hip[0] + ahead * (0.075 * swing + 0.02 * lift), -0.245 - 0.012 * lift)
            foot = (hip[0] + ahead * (0.135 * swing - 0.04 * lift), -0.028 - 0.055 * lift)
        cloth = person.skin if bare else (person.bottom if near else dark)
        c.limb(hip, knee, 0.050, 0.037, cloth)
        c.limb(knee, foot, 0.037, 0.023 if bare else 0.028, cloth)
        toe = 0.045 * (pose.turn if pose.stride is None else (1 if pose.turn >= 0 else -1))
        toe = toe if abs(toe) > 0.018 else side * 0.022
        c.limb((foot[0], foot[1] + 0.012), (foot[0] + toe, foot[1] + 0.016), 0.020, 0.015, person.shoes)
        c.box(
            foot[0] - 0.02 + min(toe, 0),
            foot[1] + 0.023,
            foot[0] + 0.02 + max(toe, 0),
            foot[1] + 0.031,
            shade(person.shoes, 0.6),
        )


def _arm(c: Brush, person: Person, pose: Pose, side: int, light_from: int) -> None:
    shoulder, elbow = pose.arms[0 if side < 0 else 1]
    start = (side * 0.103 + pose.turn * 0.006, -0.738)
    bend = start[0] + side * np.sin(shoulder) * 0.168, start[1] + np.cos(shoulder) * 0.168
    total = shoulder + elbow
    hand = bend[0] + side * np.sin(total) * 0.150, bend[1] + np.cos(total) * 0.150
    cloth = person.top if side == light_from else shade(person.top, 0.84)
    if person.outfit == "overall":
        cloth = person.accent if side == light_from else shade(person.accent, 0.84)
    bare = person.outfit in ("tee", "dress")
    skin = person.skin if side == light_from else shade(person.skin, 0.88)
    palm = hand[0] + (hand[0] - bend[0]) * 0.12, hand[1] + (hand[1] - bend[1]) * 0.12
    c.limb(hand, palm, 0.018, 0.021, skin)
    across = np.array([-(hand[1] - bend[1]), hand[0] - bend[0]]) / 0.15 * side
    thumb = palm[0] - across[0] * 0.026, palm[1] - across[1] * 0.026
    c.limb(palm, thumb, 0.011, 0.008, skin)
    for finger in () if c.scale < 150 else (-0.012, -0.004, 0.004, 0.012):
        tip = (
            palm[0] + (hand[0] - bend[0]) * 0.17 + across[0] * finger * 1.1,
            palm[1] + (hand[1] - bend[1]) * 0.17 + across[1] * finger * 1.1,
        )
        c.limb((palm[0] + across[0] * finger, palm[1] + across[1] * finger), tip, 0.0075, 0.006, skin)
    c.limb(bend, hand, 0.027, 0.018 if bare else 0.024, skin if bare else cloth)
    if bare:
        cut = start[0] + (bend[0] - start[0]) * 0.55, start[1] + (bend[1] - start[1]) * 0.55
        c.limb(start, bend, 0.036, 0.027, skin)
        c.limb(start, cut, 0.041, 0.037, cloth)
    else:
        c.limb(start, bend, 0.041, 0.030, cloth)
        cuff = hand[0] - (hand[0] - bend[0]) * 0.12, hand[1] - (hand[1] - bend[1]) * 0.12
        band = (240, 236, 228) if person.outfit in ("suit", "coat") else shade(cloth, 0.85)
        c.limb(cuff, hand, 0.0245, 0.0235, band if person.outfit != "suit" else filtered(band, (225, 225, 225)))
        c.limb(bend, cuff, 0.028, 0.0255, cloth)


def _body(c: Brush, person: Person, pose: Pose, light_from: int) -> None:
    t = pose.turn
    raised = [side for side in (-1, 1) if pose.arms[0 if side < 0 else 1][0] + pose.arms[0 if side < 0 else 1][1] > 1.0]
    for side in (-1, 1):
        if side not in raised:
            _arm(c, person, pose, side, light_from)
    wide = 1 - 0.10 * abs(t)
    top = person.accent if person.outfit == "overall" else person.top
    dark = shade(top, 0.84)
    neck, neck_dark = shade(person.skin, 0.86), shade(person.skin, 0.74)
    c.limb((t * 0.010, -0.84), (t * 0.003, -0.765), 0.033, 0.040, neck)
    c.blob(
        [
            (t * 0.01 - 0.032, -0.838),
            (t * 0.01 + 0.032, -0.838),
            (t * 0.012 + 0.02, -0.812),
            (t * 0.012 - 0.02, -0.812),
        ],
        neck_dark,
    )
    long_top = person.outfit in ("coat", "dress", "suit")
    hem = {"coat": -0.30, "dress": -0.27, "suit": -0.415}.get(person.outfit, -0.445)
    flare = {"coat": 0.118, "dress": 0.150}.get(person.outfit, 0.098)
    sway = 0.0 if pose.stride is None else 0.012 * np.sin(pose.stride)
    shape = [
        (-0.044, -0.806),
        (-0.090, -0.789),
        (-0.126, -0.764),
        (-0.140, -0.725),
        (-0.116 * wide, -0.65),
        (-0.095 * wide, -0.545),
        (-flare + sway, hem),
        (flare + sway, hem),
        (0.095 * wide, -0.545),
        (0.116 * wide, -0.65),
        (0.140, -0.725),
        (0.126, -0.764),
        (0.090, -0.789),
        (0.044, -0.806),
    ]
    outline = smooth(shape[:7], closed=False), smooth(shape[7:], closed=False)
    whole = np.concatenate(outline)
    if not long_top:
        c.box(-0.088, -0.50, 0.088, -0.42, person.bottom, 0.03)
    c.polygon(whole, top)
    c.polygon(_side(whole, -light_from, 0.052), dark)
    _clothes(c, person, t, hem)
    for side in raised:
        _arm(c, person, pose, side, light_from)


def _side(outline: Points, side: int, inner: float) -> Points:
    """The part of an outline on one side of an upright line, as a polygon."""
    cut = outline.copy()
    cut[:, 0] = side * np.maximum(cut[:, 0] * side, inner - 0.15 * np.clip(outline[:, 1] + 0.62, -0.2, 0.2) ** 2)
    return cut


def _clothes(c: Brush, person: Person, t: float, hem: float) -> None:
    x = t * 0.012
    top, accent = person.top, person.accent
    line = shade(top, 0.7)
    neck = shade(person.skin, 0.86)
    if person.outfit == "tee":
        c.blob([(x - 0.046, -0.803), (x + 0.046, -0.803), (x + 0.03, -0.772), (x, -0.760), (x - 0.03, -0.772)], neck)
        c.stroke([(x - 0.047, -0.80), (x, -0.758), (x + 0.047, -0.80)], 0.008, accent)
        c.box(x - 0.05, -0.69, x + 0.05, -0.675, accent, 0.004)
        c.ellipse(x, -0.625, 0.034, 0.034, accent)
        c.ellipse(x, -0.625, 0.022, 0.022, top)
    elif person.outfit == "shirt":
        c.polygon([(x - 0.03, -0.803), (x + 0.03, -0.803), (x, -0.755)], neck)
        for side in (-1, 1):
            c.polygon(
                [
                    (x + side * 0.048, -0.812),
                    (x + side * 0.056, -0.775),
                    (x + side * 0.022, -0.742),
                    (x, -0.765),
                    (x + side * 0.030, -0.800),
                ],
                shade(top, 1.12),
            )
        c.stroke([(x, -0.76), (x * 0.8, -0.60), (x * 0.5, hem)], 0.005, line)
        for k in range(6):
            c.ellipse(x * (1 - k * 0.1) + 0.006, -0.735 + k * 0.05, 0.0045, 0.0045, accent)
        c.box(x + 0.035, -0.70, x + 0.075, -0.655, shade(top, 0.92), 0.006)
    elif person.outfit in ("suit", "coat"):
        inner = (236, 232, 224) if person.outfit == "suit" else accent
        inner = filtered(inner, mix((255, 255, 255), person.skin, 0.25))
        c.polygon([(x - 0.040, -0.81), (x + 0.040, -0.81), (x + 0.028, -0.70), (x, -0.60), (x - 0.028, -0.70)], inner)
        c.polygon([(x - 0.024, -0.812), (x + 0.024, -0.812), (x, -0.775)], neck)
        if person.outfit == "suit":
            c.polygon([(x - 0.012, -0.778), (x + 0.012, -0.778), (x + 0.008, -0.760), (x - 0.008, -0.760)], accent)
            c.polygon(
                [(x - 0.008, -0.760), (x + 0.008, -0.760), (x + 0.014, -0.65), (x, -0.615), (x - 0.014, -0.65)],
                shade(accent, 0.88),
            )
        for side in (-1, 1):
            c.polygon(
                [
                    (x + side * 0.042, -0.818),
                    (x + side * 0.075, -0.745),
                    (x + side * 0.052, -0.722),
                    (x + side * 0.058, -0.700),
                    (x, -0.585),
                    (x + side * 0.022, -0.70),
                ],
                shade(top, 1.18 if side < 0 else 1.05),
            )
        c.stroke([(x, -0.59), (x * 0.6, -0.5), (x * 0.4 + 0.006, hem)], 0.005, line)
        for k in range(2 if person.outfit == "suit" else 4):
            c.ellipse(x * 0.8 + 0.016, -0.57 + k * 0.055, 0.0065, 0.0065, line)
        for side in (-1, 1):
            c.stroke([(side * 0.045, -0.49), (side * 0.082, -0.497)], 0.006, line)
    elif person.outfit == "sweater":
        c.limb((x - 0.022, -0.803), (x + 0.022, -0.803), 0.022, 0.022, shade(top, 1.12))
        c.stroke([(x - 0.036, -0.795), (x, -0.785), (x + 0.036, -0.795)], 0.005, line)
        for k, row in enumerate((-0.70, -0.665, -0.63)):
            edge = 0.108 - k * 0.006
            c.stroke([(-edge, row), (0, row + 0.008), (edge, row)], 0.013, accent)
        c.stroke([(-0.095, hem - 0.012), (0, hem - 0.008), (0.095, hem - 0.012)], 0.016, shade(top, 0.9))
    elif person.outfit == "dress":
        c.blob([(x - 0.05, -0.806), (x + 0.05, -0.806), (x + 0.032, -0.765), (x, -0.735), (x - 0.032, -0.765)], neck)
        c.stroke([(-0.088, -0.55), (0, -0.535), (0.088, -0.55)], 0.018, accent)
        for k in range(10):
            c.ellipse(((k * 7) % 5 - 2) * 0.042, -0.50 + (k * 3 % 7) * 0.033, 0.008, 0.008, accent)
        for k in range(5):
            c.ellipse(((k * 3) % 5 - 2) * 0.032, -0.70 + (k * 2 % 4) * 0.035, 0.007, 0.007, accent)
        c.ellipse(x, -0.748, 0.009, 0.009, (244, 226, 160))
    elif person.outfit == "overall":
        c.polygon([(-0.101, -0.575), (0.101, -0.575), (0.099, hem), (-0.099, hem)], top)
        c.polygon([(0.052, -0.575), (0.101, -0.575), (0.099, hem), (0.052, hem)], shade(top, 0.84))
        c.limb((x - 0.02, -0.803), (x + 0.02, -0.803), 0.018, 0.018, shade(accent, 1.1))
        for side in (-1, 1):
            c.limb((side * 0.066, -0.79), (side * 0.058, -0.65), 0.014, 0.014, top)
            c.ellipse(side * 0.058, -0.66, 0.010, 0.010, (232, 208, 130))
        c.box(-0.075, -0.68, 0.075, -0.55, top, 0.01)
        c.box(-0.04, -0.64, 0.04, -0.585, shade(top, 0.85), 0.012)
    elif person.outfit == "uniform":
        c.limb((x - 0.026, -0.80), (x + 0.026, -0.80), 0.022, 0.022, accent)
        c.stroke([(x - 0.04, -0.79), (x, -0.775), (x + 0.04, -0.79)], 0.006, shade(accent, 0.75))
        c.polygon([(-0.135, -0.74), (-0.10, -0.776), (x, -0.70), (0.10, -0.776), (0.135, -0.74), (x, -0.655)], accent)
        c.stroke([(x, -0.66), (0, -0.5), (0, hem)], 0.006, line)
        c.box(x + 0.035, -0.655, x + 0.075, -0.625, (240, 230, 190), 0.006)
        c.ellipse(x + 0.047, -0.64, 0.006, 0.006, (220, 70, 60))
        c.stroke([(-0.092, -0.50), (0, -0.492), (0.092, -0.50)], 0.02, shade(top, 0.6))
        c.box(-0.016, -0.505, 0.016, -0.482, accent, 0.004)


def draw_shoulder(brush: Brush, person: Person) -> None:
    """Paint the back of a figure's head and its shoulder: whom the camera looks past. Origin and size are a head's."""
    dark = shade(person.hair if person.hair_style != "bald" else person.skin, 0.55)
    brush.blob([(-2.2, 3.4), (-1.7, 1.75), (-0.6, 1.25), (0.6, 1.25), (1.7, 1.75), (2.2, 3.4)], shade(person.top, 0.5))
    brush.limb((0, 0.6), (0, 1.3), 0.42, 0.5, shade(person.skin, 0.5))
    brush.ellipse(0, 0, 0.88, 1.08, dark)
    if person.hair_style in ("bob", "long"):
        brush.blob([(-0.9, -0.3), (0.9, -0.3), (1.05, 1.0), (0, 1.5), (-1.05, 1.0)], dark)
