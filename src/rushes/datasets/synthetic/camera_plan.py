"""What a virtual camera does in a clip, frame by frame, decided before anything is drawn."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from math import exp, log, pi
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

CameraMovement = Literal["static", "motion", "push", "pull"]
CAMERA_MOVEMENTS: tuple[CameraMovement, ...] = get_args(CameraMovement)
MOTION_KINDS = ("pan", "tilt", "diagonal", "truck", "roll", "handheld", "whip", "arc", "crane", "follow", "walk")
STATIC_KINDS = ("locked", "steady hand", "focus pull", "card")
ZOOM_KINDS = ("zoom", "dolly", "rack", "hand-held dolly")
# A push or pull is one from here on: people who label call less than this static.
LEAST_LOG_ZOOM = 0.03
MOST_LOG_ZOOM = 0.75
# A frame's mean distance from its centre, in frame widths: what one unit of log zoom moves, beside a pan.
_MEAN_RADIUS = 0.29
_RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30))
_RATE_SHARES = (0.3, 0.25, 0.2, 0.15, 0.1)
_SHORTEST_SECONDS, _MEDIAN_SECONDS, _LONGEST_SECONDS = 0.6, 1.5, 5.0
_WIDTHS = (320, 384, 426, 480, 640)

Curve = tuple[float, ...]
Dice = np.random.Generator
_Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CameraPath:
    """Where the camera is and looks, one number per frame; lengths in frame widths, at rest all zero.

    Attributes:
        log_zoom: of the lens, natural logarithm; above 0 it is closer.
        pan_x, pan_y: how far the view is turned to the right and downwards.
        roll: radians that the camera is turned clockwise.
        forward, right, down: where the camera stands, in distances to the background; near things move more.
    """

    log_zoom: Curve
    pan_x: Curve
    pan_y: Curve
    roll: Curve
    forward: Curve
    right: Curve
    down: Curve


@dataclass(frozen=True, slots=True)
class PatchPlan:
    """A piece of picture that stands or moves before the background.

    Attributes:
        x, y: its middle at rest, frame widths from the frame's centre; `radius` in frame widths.
        squash: its height over its width.
        nearness: inverse distance; the background's is 1.
        cut_x, cut_y: where in the material it is cut out, 0 to 1; None where it stands: then it is a part of the
            picture that moves by itself.
        mirrored: left and right are exchanged.
        gain: of its light.
        outline: sizes of the waves of its edge.
        moves_x, moves_y, grows, turns: per frame, in frame widths, log scale, and radians.
    """

    x: float
    y: float
    radius: float
    squash: float
    nearness: float
    cut_x: float | None
    cut_y: float | None
    mirrored: bool
    gain: float
    outline: Curve
    moves_x: Curve
    moves_y: Curve
    grows: Curve
    turns: Curve


@dataclass(frozen=True, slots=True)
class LookPlan:
    """How the picture looks.

    Attributes:
        grain: standard deviation in levels of 255; `grain_size` in pixels.
        light: per frame, factor of the luma: exposure, flicker, flashes and fades.
        gamma, contrast: of the luma, 1 leaves it; `lift` is added, in levels.
        saturation: 0 is black and white.
        blur: per frame, standard deviation in frame widths: soft focus.
        behind: standard deviation in frame widths by which the background is out of focus behind what moves.
        mixed: per frame, share of another view: the end of a dissolve from or into another shot.
        white: per frame, share of white, for fades and flashes to white.
        title: words on the picture, "" for none; from frame `title_start` up to `title_stop`.
        title_x, title_y, title_size: its place and height, in frame widths.
    """

    grain: float
    grain_size: float
    light: Curve
    gamma: float
    contrast: float
    lift: float
    saturation: float
    blur: Curve
    behind: float
    mixed: Curve
    white: Curve
    title: str
    title_start: int
    title_stop: int
    title_x: float
    title_y: float
    title_size: float


@dataclass(frozen=True, slots=True)
class CodingPlan:
    """How the clip is encoded: `film` is close to what was drawn, `web` is what sites make of it."""

    name: Literal["film", "web"]
    preset: str
    quality: int  # x264's crf
    keyframe_frames: int


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """All that is drawn in a clip.

    Attributes:
        kind: how the movement is done, one of STATIC_KINDS, MOTION_KINDS or ZOOM_KINDS.
        frame_size, picture_size: (width, height) in pixels, even; the picture stands in the middle, bars around it.
        crop: how much of what fits of the material is seen, 0.5 to 1; `place_x`, `place_y` 0 to 1 where in the rest.
        slope_x, slope_y: how the background's inverse distance grows per frame width to the right and downwards.
        focus_x, focus_y: the point that a zoom or dolly goes to, frame widths from the centre.
        patches: far ones first.
        shown: which drawn frame stands at each place; a frame may be repeated, as in animation and pulldown.
        seed: of grain.
    """

    movement: CameraMovement
    kind: str
    rate: Fraction
    frame_size: tuple[int, int]
    picture_size: tuple[int, int]
    crop: float
    place_x: float
    place_y: float
    slope_x: float
    slope_y: float
    focus_x: float
    focus_y: float
    path: CameraPath
    patches: tuple[PatchPlan, ...]
    look: LookPlan
    coding: CodingPlan
    shown: tuple[int, ...]
    seed: int

    @property
    def frame_count(self) -> int:
        return len(self.shown)

    @property
    def seconds(self) -> float:
        return len(self.shown) / float(self.rate)

    def to_table(self) -> dict[str, Any]:
        """Return the plan as JSON can hold it; equal plans give equal tables."""
        return asdict(self) | {"rate": str(self.rate)}


def plan_clip(
    movement: CameraMovement,
    dice: Dice,
    *,
    width: int | None = None,
    rate: Fraction | None = None,
    longest_seconds: float = _LONGEST_SECONDS,
    moving_material: bool = False,
) -> CameraPlan:
    """Return what a virtual camera does in one clip; the same dice give the same plan.

    Args:
        movement: what a person would call it. A push or pull changes the size of things by at least LEAST_LOG_ZOOM
            as a logarithm; what is static or a motion changes it by far less.
        width: of the frames in pixels, even; drawn where None.
        rate: frames per second; drawn where None.
        longest_seconds: of the clip, for material that ends; at least about half a second.
        moving_material: the material moves by itself, so that fewer subjects are added.

    Raises:
        ValueError: no such movement, or a width that is odd or below 64.
    """
    if movement not in CAMERA_MOVEMENTS:
        raise ValueError(f"'{movement}' is not a movement. Allowed: {', '.join(CAMERA_MOVEMENTS)}")
    if width is not None and (width < 64 or width % 2):
        raise ValueError(f"a clip's width is even and at least 64, got {width}")
    chosen_rate = rate if rate is not None else _RATES[int(dice.choice(len(_RATES), p=_RATE_SHARES))]
    length = float(np.clip(dice.lognormal(log(_MEDIAN_SECONDS), 0.5), _SHORTEST_SECONDS, _LONGEST_SECONDS))
    frames = max(2, int(min(length, longest_seconds) * float(chosen_rate)))
    times = np.arange(frames) / float(chosen_rate)
    frame_size, picture_size = _sizes(dice, width or int(dice.choice(_WIDTHS)))
    tall = picture_size[1] / picture_size[0]
    kind = _kind_of(movement, dice, float(times[-1]))
    focus = (0.12 * dice.normal(), 0.08 * dice.normal())
    drawn = _PATHS[movement](kind, dice, times, focus)
    _weave(drawn, dice, times, kind)
    slopes = (0.12 * dice.normal(), float(dice.uniform(0, 0.7))) if kind in _WALKING else (0.0, 0.0)
    patches = _patches(movement, kind, dice, times, tall, moving_material, drawn)
    return CameraPlan(
        movement=movement,
        kind=kind,
        rate=chosen_rate,
        frame_size=frame_size,
        picture_size=picture_size,
        crop=_short(dice.uniform(0.7, 1)),
        place_x=_short(dice.random()),
        place_y=_short(dice.random()),
        slope_x=_short(slopes[0]),
        slope_y=_short(slopes[1]),
        focus_x=_short(focus[0]),
        focus_y=_short(focus[1]),
        path=CameraPath(**{name: _curve(values) for name, values in drawn.items()}),
        patches=patches,
        look=_look(dice, times, card=kind == "card", before=any(p.nearness < _LOOSE for p in patches)),
        coding=_coding(dice, float(chosen_rate)),
        shown=_shown(dice, frames),
        seed=int(dice.integers(1 << 31)),
    )


# Kinds in which the camera's place changes, not only where it looks: near things pass faster.
_WALKING = frozenset({"dolly", "hand-held dolly", "truck", "arc", "crane", "walk"})
_LOOSE = 1.1  # nearness below which a patch is a subject; what is nearer stands, for parallax
_Paths = dict[str, _Array]


def _still_path(count: int) -> _Paths:
    return {name: np.zeros(count) for name in ("log_zoom", "pan_x", "pan_y", "roll", "forward", "right", "down")}


def _kind_of(movement: CameraMovement, dice: Dice, seconds: float) -> str:
    if movement == "static":
        return str(dice.choice(STATIC_KINDS, p=(0.57, 0.29, 0.09, 0.05)))
    if movement == "motion":
        return str(dice.choice(MOTION_KINDS, p=(0.19, 0.11, 0.09, 0.1, 0.05, 0.11, 0.04, 0.07, 0.07, 0.09, 0.08)))
    return str(dice.choice(ZOOM_KINDS, p=(0.45, 0.33, 0.06, 0.16)))


def _static_path(kind: str, dice: Dice, times: _Array, focus: tuple[float, float]) -> _Paths:
    path = _still_path(len(times))
    if kind == "focus pull":  # a lens breathes: the picture grows by less than anybody sees
        path["log_zoom"] = _signed(dice, dice.uniform(0.001, 0.008)) * _progress(dice, times)
    return path


def _zoom_path(sign: int, kind: str, dice: Dice, times: _Array, focus: tuple[float, float]) -> _Paths:
    """The way of a push (sign 1) or of a pull (-1)."""
    path = _still_path(len(times))
    seconds = float(times[-1])
    total = float(np.clip(_log_uniform(dice, 0.025, 0.45) * seconds, 1.3 * LEAST_LOG_ZOOM, MOST_LOG_ZOOM))
    if kind == "rack":
        total = float(dice.uniform(0.25, MOST_LOG_ZOOM))
        progress = _burst(dice, times, dice.uniform(0.25, 0.5))
    else:
        progress = _progress(dice, times)
    # From the wide end on: a pull is a push seen backwards.
    way = total * (progress if sign > 0 else 1 - progress)
    if kind in ("zoom", "rack"):
        path["log_zoom"] = way
    else:
        path["forward"] = 1 - np.exp(-way)
        path["right"], path["down"] = focus[0] * path["forward"], focus[1] * path["forward"]
    if dice.random() < 1 / 3:  # an operator corrects the framing meanwhile
        angle, reach = dice.uniform(0, 2 * pi), dice.uniform(0.1, 0.6) * _MEAN_RADIUS * total
        drift = _progress(dice, times) if kind != "rack" else progress
        path["pan_x"], path["pan_y"] = reach * np.cos(angle) * drift, 0.6 * reach * np.sin(angle) * drift
    return path


def _push_path(kind: str, dice: Dice, times: _Array, focus: tuple[float, float]) -> _Paths:
    return _zoom_path(1, kind, dice, times, focus)


def _pull_path(kind: str, dice: Dice, times: _Array, focus: tuple[float, float]) -> _Paths:
    return _zoom_path(-1, kind, dice, times, focus)


def _motion_path(kind: str, dice: Dice, times: _Array, focus: tuple[float, float]) -> _Paths:
    path = _still_path(len(times))
    seconds = float(times[-1])
    if kind in ("handheld", "walk"):
        return path | _unsteady(kind, dice, times)
    if kind == "roll":
        path["roll"] = _signed(dice, float(np.clip(_log_uniform(dice, 0.03, 0.4) * seconds, 0.05, 0.6))) * _progress(
            dice, times
        )
        return path
    if kind == "whip":
        angle = float(dice.normal(0, 0.2) + pi * dice.integers(2))
        far = dice.uniform(0.6, 2.5)
        progress = _burst(dice, times, dice.uniform(0.2, 0.5))
        path["pan_x"], path["pan_y"] = far * np.cos(angle) * progress, far * np.sin(angle) * progress
        return path
    # Slow ones too, that a hasty eye takes for static: from a twenty-fifth of the width on, a person sees it.
    reach = float(np.clip(_log_uniform(dice, 0.025, 0.5) * seconds, 0.04, 1.6))
    progress = _progress(dice, times)
    if kind in ("tilt", "crane"):
        angle = pi / 2 + dice.normal(0, 0.06)
    elif kind == "diagonal":
        angle = dice.uniform(pi / 9, 3.5 * pi / 9) + pi / 2 * dice.integers(4)
    else:
        angle = dice.normal(0, 0.06)
    signed = _signed(dice, reach)
    across, along = signed * np.cos(angle) * progress, signed * np.sin(angle) * progress
    if kind in ("truck", "arc", "crane"):
        # The camera keeps looking at what is before it as it goes around or up; what is left is `reach` all the same.
        kept = {"truck": 0.0, "arc": dice.uniform(1.2, 1.6), "crane": dice.uniform(0, 0.5)}[kind]
        path["right"], path["down"] = across / abs(1 - kept), along / abs(1 - kept)
        path["pan_x"], path["pan_y"] = -kept * path["right"], -kept * path["down"]
    else:
        path["pan_x"], path["pan_y"] = across, along
    if dice.random() < 0.2:  # hardly a pan keeps its size to the last per cent
        path["log_zoom"] = _signed(dice, min(0.015, 0.1 * abs(reach))) * progress
    return path


def _unsteady(kind: str, dice: Dice, times: _Array) -> _Paths:
    """The way of a camera on a shoulder, or of one that is carried forward by somebody who walks."""
    size = _log_uniform(dice, 0.009, 0.04)
    shaken = {
        "pan_x": _shake(dice, times, size, 0.4, 3),
        "pan_y": _shake(dice, times, 0.8 * size, 0.4, 4),
        "roll": _shake(dice, times, 0.5 * size, 0.4, 3),
        "log_zoom": _shake(dice, times, 0.08 * size, 0.4, 2),
    }
    if kind == "walk":
        steps = dice.uniform(1.5, 2.2)  # per second
        phase = dice.uniform(0, 2 * pi)
        bob = dice.uniform(0.012, 0.03)
        shaken["pan_y"] = shaken["pan_y"] + bob * np.abs(np.sin(pi * steps * times + phase))
        shaken["pan_x"] = shaken["pan_x"] + 0.6 * bob * np.sin(pi * steps * times + phase)
        # So slowly forward that the steps, and where the head turns, are what one sees.
        shaken["forward"] = min(_log_uniform(dice, 0.005, 0.06), 0.12 / float(times[-1])) * times
        shaken["pan_x"] = shaken["pan_x"] + _signed(dice, dice.uniform(0.05, 0.25)) * times
    return shaken


def _weave(path: _Paths, dice: Dice, times: _Array, kind: str) -> None:
    """Add what no camera is free of: the gate weaves, a hand is steady at best, a head on its tripod gives way."""
    gate = _log_uniform(dice, 0.0002, 0.001) * (dice.random() < 0.6)
    hand = _log_uniform(dice, 0.0004, 0.0014)
    if kind == "steady hand":
        hand = _log_uniform(dice, 0.0012, 0.003)
    elif kind == "hand-held dolly":
        hand = _log_uniform(dice, 0.002, 0.008)
    for axis in ("pan_x", "pan_y"):
        path[axis] = path[axis] + gate * dice.normal(size=len(times)) + _shake(dice, times, hand, 0.5, 5)
    path["roll"] = path["roll"] + _shake(dice, times, 0.4 * hand, 0.5, 4)


_PATHS = {"static": _static_path, "motion": _motion_path, "push": _push_path, "pull": _pull_path}


def _progress(dice: Dice, times: _Array) -> _Array:
    """How far a move is, 0 to 1: one of four easings, now and then with a hold at either end."""
    whole = float(times[-1])
    start = dice.uniform(0, 0.3) * whole if dice.random() < 0.3 else 0.0
    stop = whole - (dice.uniform(0, 0.3) * whole if dice.random() < 0.3 else 0.0)
    share = np.clip((times - start) / (stop - start), 0, 1)
    easing = dice.choice(("linear", "cosine", "in", "out"), p=(0.45, 0.25, 0.15, 0.15))
    if easing == "cosine":
        return np.asarray((1 - np.cos(pi * share)) / 2)
    if easing == "in":
        return np.asarray(share**1.7)
    return np.asarray(1 - (1 - share) ** 1.7) if easing == "out" else share


def _burst(dice: Dice, times: _Array, seconds: float) -> _Array:
    """How far a move is that takes a part of the clip only."""
    whole = float(times[-1])
    length = min(seconds, 0.8 * whole)
    start = dice.uniform(0, whole - length)
    return np.asarray((1 - np.cos(pi * np.clip((times - start) / length, 0, 1))) / 2)


def _shake(dice: Dice, times: _Array, size: float, slowest: float, fastest: float) -> _Array:
    """A wandering of this standard deviation, between two frequencies in hertz, slow parts larger."""
    rates = np.exp(dice.uniform(log(slowest), log(fastest), 6))
    waves = np.sin(2 * pi * np.outer(times, rates) + dice.uniform(0, 2 * pi, 6)) / np.sqrt(rates)
    return np.asarray(size * (waves.sum(axis=1)) / np.sqrt((1 / rates).sum() / 2))


def _sizes(dice: Dice, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The (width, height) of the frame and of the picture in it."""
    aspect = float(dice.choice((1.33, 1.66, 1.78, 1.85, 2.0, 2.39), p=(0.15, 0.07, 0.38, 0.2, 0.05, 0.15)))
    if dice.random() >= 0.3:
        return (width, _even(width / aspect)), (width, _even(width / aspect))
    around = float(dice.choice((1.33, 1.78)))
    height = _even(width / around)
    if aspect > around:
        return (width, height), (width, min(height, _even(width / aspect)))
    return (width, height), (min(width, _even(height * aspect)), height)


# How much of the frame subjects cover at most: a still camera shows something at rest beside them.
_MOST_COVERED = {"static": 0.72, "motion": 0.5, "push": 0.4, "pull": 0.4}


def _patches(
    movement: CameraMovement, kind: str, dice: Dice, times: _Array, tall: float, moving_material: bool, path: _Paths
) -> tuple[PatchPlan, ...]:
    """Near things that stand, for parallax, and subjects that move by themselves."""
    patches: list[PatchPlan] = []
    if kind in _WALKING:
        patches += [_near(dice, times, tall) for _ in range(dice.integers(1, 4))]
    if kind == "follow":
        patches += _followed(dice, times, tall, path)
    elif kind != "card" and dice.random() < (0.2 if moving_material else 0.65):
        patches += (_crowd if dice.random() < 0.2 else _subjects)(movement, dice, times, tall)
    return tuple(sorted(patches, key=lambda patch: patch.nearness))


def _near(dice: Dice, times: _Array, tall: float) -> PatchPlan:
    """Something at rest that is nearer than the background, towards an edge more often than in the middle."""
    nothing = np.zeros(len(times))
    side = _signed(dice, dice.uniform(0.15, 0.5))
    low = float(dice.uniform(-0.2, 0.5)) * tall
    return _patch(
        dice,
        side,
        low,
        dice.uniform(0.06, 0.22),
        dice.uniform(1.1, 1.3),
        nothing,
        nothing,
        nothing,
        nothing,
        whole=True,
    )


def _followed(dice: Dice, times: _Array, tall: float, path: _Paths) -> list[PatchPlan]:
    """A subject that the camera keeps in the frame: it goes where the view goes."""
    radius = dice.uniform(0.08, 0.24)
    sway = [_shake(dice, times, 0.012, 0.4, 2) for _ in range(2)]
    turn = _shake(dice, times, 0.05, 0.5, 2)
    grows = _shake(dice, times, 0.02, 0.4, 1.5)
    x, y = dice.uniform(-0.15, 0.15), dice.uniform(-0.1, 0.2) * tall
    moves_x, moves_y = path["pan_x"] + sway[0], path["pan_y"] + sway[1]
    body = _patch(dice, x, y, radius, 1.05, moves_x, moves_y, grows, turn, whole=True)
    return [body, *_limbs(dice, times, body, (moves_x, moves_y))]


def _subjects(movement: CameraMovement, dice: Dice, times: _Array, tall: float) -> list[PatchPlan]:
    """One subject or some, from specks to what fills the frame, each moving in a way of its own."""
    room = _MOST_COVERED[movement] * tall
    patches: list[PatchPlan] = []
    large = dice.random() < 0.45
    for _ in range(1 if large else int(dice.integers(1, 5))):
        radius = dice.uniform(0.2, 0.36) if large else _log_uniform(dice, 0.02, 0.16)
        squash = dice.uniform(0.7, 1.7)
        radius = min(radius, (room / pi / squash) ** 0.5)
        room -= pi * radius**2 * squash
        if radius < 0.015:
            break
        whole = dice.random() < 0.6
        moves = _own_moves(dice, times, radius, calm=movement in ("push", "pull"), rooted=not whole)
        x = dice.uniform(-0.4, 0.4) * (1 - radius)
        y = dice.uniform(-0.4, 0.45) * tall
        body = _patch(dice, x, y, radius, 1.0 + 0.1 * dice.random(), *moves, whole=whole, squash=squash)
        patches.append(body)
        if radius > 0.07 and dice.random() < 0.6:
            patches += _limbs(dice, times, body, moves[:2])
    return patches


def _crowd(movement: CameraMovement, dice: Dice, times: _Array, tall: float) -> list[PatchPlan]:
    """Many small things that go the same way, or come out of one point: runners, birds, traffic, snow."""
    room = min(0.5, _MOST_COVERED[movement]) * tall
    radius = _log_uniform(dice, 0.012, 0.06)
    count = int(min(float(dice.integers(8, 33)), room / (pi * radius**2)))
    speed = _log_uniform(dice, 0.03, 0.4)
    angle = dice.uniform(0, 2 * pi)
    # Those who come nearer on a street look like a push to whoever sees only them.
    from_point = dice.random() < 0.4 and movement in ("static", "motion")
    middle = dice.uniform(-0.2, 0.2), dice.uniform(-0.5, 0) * tall
    patches = []
    for _ in range(count):
        x, y = dice.uniform(-0.6, 0.6), dice.uniform(-0.3, 0.55) * tall
        sway = [_shake(dice, times, 0.1 * radius, 0.8, 4) for _ in range(4)]
        own = dice.uniform(0.7, 1.3) * speed * (times - times[-1] * dice.uniform(0.3, 0.7))
        if from_point:
            ahead = np.exp(0.6 * own) - 1
            ways, grows = ((x - middle[0]) * ahead, (y - middle[1]) * ahead), 0.6 * own
        else:
            turned = angle + dice.normal(0, 0.15)
            ways, grows = (own * np.cos(turned), own * np.sin(turned)), 0 * times
        moves = ways[0] + sway[0], ways[1] + sway[1], grows + 0.3 * sway[2], 3 * sway[3]
        patches.append(_patch(dice, x, y, dice.uniform(0.7, 1.3) * radius, 1.0, *moves, whole=True))
    return patches


def _own_moves(
    dice: Dice, times: _Array, radius: float, *, calm: bool, rooted: bool
) -> tuple[_Array, _Array, _Array, _Array]:
    """(right, down, growth, turn) of a subject: it crosses, sways, comes nearer, or gesticulates.

    Args:
        rooted: it is a part of the picture, which does not leave its place: as if the picture itself went, otherwise.
    """
    shares = (0.0, 0.7, 0.0, 0.3) if rooted else (0.4, 0.3, 0.12, 0.18)
    how = dice.choice(("cross", "sway", "approach", "gesture"), p=shares)
    x, y = _shake(dice, times, 0.006, 0.4, 2), _shake(dice, times, 0.006, 0.4, 2)
    grows, turns = _shake(dice, times, 0.01, 0.3, 1.5), _shake(dice, times, 0.03, 0.4, 2)
    if how == "cross":
        angle = dice.normal(0, 0.25) + pi * dice.integers(2)
        way = _log_uniform(dice, 0.05, 0.6) * (times - times[-1] * dice.uniform(0.2, 0.8))
        x, y = x + way * np.cos(angle), y + way * np.sin(angle)
        y = y + 0.1 * radius * np.abs(np.sin(2 * pi * dice.uniform(0.7, 1.3) * times))
    elif how == "sway":
        x, y = x + _shake(dice, times, 0.15 * radius, 0.3, 1.5), y + _shake(dice, times, 0.1 * radius, 0.3, 1.5)
    elif how == "approach":
        speed = _signed(dice, dice.uniform(0.03, 0.06 if calm else 0.18))
        grows = grows + speed * (times - times[-1] / 2)
        y = y + 0.08 * radius * np.abs(np.sin(2 * pi * dice.uniform(0.7, 1.3) * times))
    else:
        x, y = x + _shake(dice, times, 0.3 * radius, 0.7, 3), y + _shake(dice, times, 0.3 * radius, 0.7, 3)
        turns = turns + _shake(dice, times, 0.25, 0.5, 2)
    return x, y, grows, turns


def _limbs(dice: Dice, times: _Array, body: PatchPlan, moves: tuple[_Array, _Array]) -> list[PatchPlan]:
    """Parts of a subject that go with it and move by themselves besides: a face, arms, a tail."""
    limbs = []
    for _ in range(int(dice.integers(1, 4))):
        angle, reach = dice.uniform(0, 2 * pi), dice.uniform(0.3, 0.9) * body.radius
        radius = dice.uniform(0.2, 0.55) * body.radius
        x, y = body.x + reach * np.cos(angle), body.y + reach * np.sin(angle) * body.squash
        moves_x = moves[0] + _shake(dice, times, dice.uniform(0.08, 0.4) * radius, 0.6, 3)
        moves_y = moves[1] + _shake(dice, times, dice.uniform(0.08, 0.4) * radius, 0.6, 3)
        turns = _shake(dice, times, dice.uniform(0.05, 0.3), 0.6, 3)
        limbs.append(_patch(dice, x, y, radius, body.nearness + 0.001, moves_x, moves_y, 0 * times, turns, whole=True))
    return limbs


def _patch(
    dice: Dice, x: float, y: float, radius: float, nearness: float,
    moves_x: _Array, moves_y: _Array, grows: _Array, turns: _Array,
    *, whole: bool, squash: float | None = None,
) -> PatchPlan:  # fmt: skip
    """Args: whole: it is cut out elsewhere; else it is the picture's own part that moves where it stands."""
    return PatchPlan(
        x=_short(x),
        y=_short(y),
        radius=_short(radius),
        squash=_short(dice.uniform(0.6, 1.8) if squash is None else squash),
        nearness=_short(nearness),
        cut_x=_short(dice.random()) if whole else None,
        cut_y=_short(dice.random()) if whole else None,
        mirrored=bool(dice.random() < 0.5) and whole,
        gain=_short(np.exp(dice.normal(0, 0.25))) if whole else 1.0,
        outline=_curve(dice.normal(0, 0.11, 6)),
        moves_x=_curve(moves_x),
        moves_y=_curve(moves_y),
        grows=_curve(grows),
        turns=_curve(turns),
    )


_TITLES = (
    "THE END", "Chapter Two", "Paris, 1937", "A FILM BY", "with the kind help of", "COMING SOON", "three years later",
    "DIRECTED BY", "Starring", "BASED ON A TRUE STORY", "- Where are you going?", "- I told you. Nowhere.",
)  # fmt: skip


def _look(dice: Dice, times: _Array, *, card: bool, before: bool) -> LookPlan:
    """Args: before: subjects move before the background, which a lens wide open leaves out of focus."""
    count = len(times)
    light = 1 + dice.normal(0, 0.05) * times + 0.0 * times
    if dice.random() < 0.12:  # old films flicker
        light = light + dice.normal(0, dice.uniform(0.01, 0.05), count)
    dark = dice.random() < 0.18
    light = np.clip(light, 0.6, 1.5) * (dice.uniform(0.25, 0.55) if dark else dice.uniform(0.8, 1.1))
    white = np.zeros(count)
    if dice.random() < 0.12:
        light, white = _faded(dice, times, light, white)
    if dice.random() < 0.06:
        place, length = int(dice.integers(count)), int(dice.integers(1, 4))
        white[place : place + length] = np.maximum(white[place : place + length], dice.uniform(0.3, 0.95))
    soft = dice.uniform(0.002, 0.01) if dice.random() < 0.15 else 0.0
    blur = np.full(count, soft)
    if dice.random() < 0.08:  # focus is pulled
        ramp = _progress(dice, times)
        blur = blur + dice.uniform(0.002, 0.012) * (ramp if dice.random() < 0.5 else 1 - ramp)
    mixed = np.zeros(count)
    if dice.random() < 0.07:
        length = dice.uniform(0.1, 0.3) * times[-1]
        mixed = 1 - np.clip((times if dice.random() < 0.5 else times[-1] - times) / length, 0, 1)
    titled = dice.random() < 0.1 or card
    start = int(dice.integers(count // 2 + 1)) if dice.random() < 0.4 else 0
    if card:  # words on black, or on nearly nothing
        light, white = np.full(count, dice.choice((0.0, 0.06))), 0 * white
    return LookPlan(
        grain=_short(_log_uniform(dice, 0.5, 9) * (dice.random() < 0.8)),
        grain_size=_short(dice.uniform(0.3, 1.2)),
        light=_curve(light),
        gamma=_short(np.exp(dice.normal(0, 0.12))),
        contrast=_short(dice.uniform(0.3, 0.7) if dice.random() < 0.15 else dice.uniform(0.85, 1.15)),
        lift=_short(dice.uniform(0, 24) if dice.random() < 0.15 else 0.0),
        saturation=_short(0.0 if dice.random() < 0.12 else dice.uniform(0.4, 1.2)),
        blur=_curve(blur),
        behind=_short(_log_uniform(dice, 0.003, 0.012) * (dice.random() < 0.35) * before),
        mixed=_curve(0 * mixed if card else mixed),
        white=_curve(white),
        title=str(dice.choice(_TITLES)) if titled else "",
        title_start=start,
        title_stop=count,
        title_x=_short(dice.uniform(-0.4, 0)),
        title_y=_short(dice.choice((-0.1, 0.0, 0.18)) + 0.02 * dice.normal()),
        title_size=_short(dice.uniform(0.025, 0.07)),
    )


def _faded(dice: Dice, times: _Array, light: _Array, white: _Array) -> tuple[_Array, _Array]:
    """Light and white with a fade at either end, to black more often than to white; most of the clip is seen."""
    length = dice.uniform(0.15, 0.4) * times[-1]
    seen = np.clip((times if dice.random() < 0.5 else times[-1] - times) / length, 0, 1)
    return (light * seen, white) if dice.random() < 0.75 else (light, np.maximum(white, 1 - seen))


def _coding(dice: Dice, rate: float) -> CodingPlan:
    keyframe = round(rate * dice.uniform(1, 10))
    if dice.random() < 0.5:
        return CodingPlan("film", "superfast", int(dice.integers(16, 23)), keyframe)
    return CodingPlan("web", "superfast", int(dice.integers(27, 37)), keyframe)


def _shown(dice: Dice, count: int) -> tuple[int, ...]:
    """Which drawn frame is shown when: mostly each once; now and then on twos, or every fifth one twice."""
    way = dice.random()
    if way < 0.04 and count > 12:
        return tuple(k - k % 2 for k in range(count))
    if way < 0.09:
        return tuple(k - 1 if k % 5 == 4 else k for k in range(count))
    return tuple(range(count))


def _log_uniform(dice: Dice, low: float, high: float) -> float:
    return exp(dice.uniform(log(low), log(high)))


def _signed(dice: Dice, size: float) -> float:
    return float(size if dice.random() < 0.5 else -size)


def _even(length: float) -> int:
    return 2 * round(length / 2)


def _short(value: float) -> float:
    return round(float(value), 6)


def _curve(values: _Array) -> Curve:
    return tuple(np.round(values, 6).tolist())
