"""The pixels of a generated photograph: a part of a picture, in the shoot's light, with what went wrong."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from rushes.datasets.synthetic.shoot_plan import FramePlan, ShootLook

Pixels = npt.NDArray[np.uint8]

ASPECT = 1.5  # of a photograph, width to height; upright pictures make upright ones
_ROOM = 1.25  # by which a picture is larger than the view of it
_FOCUS_BLUR, _MOTION_BLUR = 0.008, 0.03  # of one whole unit: standard deviation and length, shares of the long side
_STACK_BLUR, _STACK_DEPTH = 0.004, 0.22
_CLOSED_ZOOM, _CLOSED_SHIFT = 0.9, 0.95


def draw_frame(plan: FramePlan, look: ShootLook, source: Pixels, *, long_side: int) -> Pixels:
    """Return the pixels of a photograph, (height, width, 3), RGB, both sides even.

    Args:
        source: the picture that it is made of, RGB.
        long_side: pixels, even.
    """
    dice = np.random.default_rng([*plan.dice, 7])
    upright = source.shape[0] > source.shape[1] * 1.1 and plan.kind != "panorama"
    short = round(long_side / ASPECT / 2) * 2
    width, height = (short, long_side) if upright else (long_side, short)
    seen = _view(plan, source, width, height)
    light = _blurred(plan, np.square(seen / np.float32(255)), dice)
    gain = np.asarray(look.gains, np.float32) * np.float32(2 ** (plan.damage.exposure_ev + plan.bracket_ev))
    shown = np.sqrt(np.clip(light * gain, 0, 1))  # a square is near enough to the curve of a screen
    grey = shown @ np.array([0.299, 0.587, 0.114], np.float32)
    shown = grey[:, :, None] + (shown - grey[:, :, None]) * np.float32(look.color)
    shown = (shown - 0.5) * np.float32(look.contrast) + 0.5
    grain = dice.normal(0, look.grain / 255, (height, width, 1)).astype(np.float32)
    return np.asarray(np.clip((shown + grain) * 255 + 0.5, 0, 255), np.uint8)


def _view(plan: FramePlan, source: Pixels, width: int, height: int) -> Pixels:
    """Return the part of the picture that is seen, brought to a size, turned by the tilt."""
    damage, view = plan.damage, plan.view
    zoom = view.zoom * (1 + _CLOSED_ZOOM * damage.closed)
    tall, wide = source.shape[:2]
    room = 1.02 if plan.kind == "panorama" else _ROOM
    scale = min(wide / width, tall / height) / room / zoom  # pixels of the picture per pixel of the photograph
    free_x, free_y = (wide - width * scale) / 2, (tall - height * scale) / 2
    side = 1 if plan.scene % 2 else -1
    x = np.clip(view.x + side * _CLOSED_SHIFT * damage.closed, -1, 1) * free_x * (0.98 if zoom > 2 else 0.8)
    y = np.clip(view.y, -1, 1) * free_y * (0.3 if plan.kind == "panorama" else 0.8)
    turn = np.deg2rad(damage.tilt_degrees)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    middle = np.array([wide / 2 + x, tall / 2 + y])
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0]])
    matrix[:, 2] = middle - matrix[:, :2] @ np.array([width / 2, height / 2])
    if scale > 1.5:  # or fine detail would flicker
        source = cast(Pixels, cv2.GaussianBlur(source, (0, 0), 0.35 * scale))
    flags = (cv2.INTER_LINEAR if scale > 1 else cv2.INTER_CUBIC) | cv2.WARP_INVERSE_MAP
    return cast(Pixels, cv2.warpAffine(source, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT))


def _blurred(plan: FramePlan, light: npt.NDArray[np.float32], dice: np.random.Generator) -> npt.NDArray[np.float32]:
    side = max(light.shape)
    focus, motion = plan.damage.focus * _FOCUS_BLUR * side, plan.damage.motion * _MOTION_BLUR * side
    if focus > 0.3:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), focus), np.float32)
    if motion > 1.5:
        light = np.asarray(cv2.filter2D(light, -1, _line(motion, float(dice.uniform(0, np.pi)))), np.float32)
    if plan.focus_at is not None:
        far = np.asarray(cv2.GaussianBlur(light, (0, 0), max(0.5, _STACK_BLUR * side)), np.float32)
        rows = np.abs(np.linspace(0, 1, light.shape[0], dtype=np.float32) - np.float32(plan.focus_at)) / _STACK_DEPTH
        share = np.clip(rows, 0, 1)[:, None, None].astype(np.float32)
        light = light * (1 - share) + far * share
    return light


def _line(length: float, angle: float) -> npt.NDArray[np.float32]:
    """Return what moves a point along a line, summing to 1."""
    size = int(np.ceil(length)) // 2 * 2 + 3
    kernel = np.zeros((size, size), np.float32)
    middle, reach = (size - 1) / 2, length / 2
    ends = [(round((middle + way * reach * f) * 16) for f in (np.cos(angle), np.sin(angle))) for way in (-1, 1)]
    cv2.line(kernel, tuple(ends[0]), tuple(ends[1]), 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(kernel / kernel.sum(), np.float32)
