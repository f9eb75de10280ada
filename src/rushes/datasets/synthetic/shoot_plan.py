"""The plan of generated shoots before a pixel is written: what is taken, how it goes wrong, what is picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from rushes.datasets.synthetic.exif import StatedExif
from rushes.footage.series import SeriesKind

Fault = Literal["none", "focus", "motion", "exposure", "closed", "tilt"]
PICKED_FROM = 0.6  # quality at and above which the photographer picks
DEFAULT_NOISE = 0.05  # share of the picks that they decide otherwise

_FAULTS: tuple[Fault, ...] = ("focus", "motion", "exposure", "closed", "tilt")
_FAULTY = {"single": 0.5, "burst": 0.2, "bracket": 0.2, "focus stack": 0.2, "panorama": 0.2}  # share of each
_SCENES: tuple[tuple[Literal["single"] | SeriesKind, float], ...] = (
    ("single", 0.4),
    ("burst", 0.33),
    ("bracket", 0.09),
    ("focus stack", 0.09),
    ("panorama", 0.09),
)
# What one whole unit of each fault takes from a picture's quality of 1.
_COSTS = {"focus": 1.1, "motion": 1.1, "exposure": 1.0, "closed": 0.8, "tilt": 0.7}
_MOST_EV, _MOST_TILT = 3.0, 9.0  # of one whole unit: EV, degrees
_DAY = datetime(2024, 3, 2, 9, 0)


@dataclass(frozen=True, slots=True)
class Body:
    """A model of camera: how it names its files, and what its EXIF states."""

    maker: str
    model: str
    lens: str
    stem: str
    states_fractions: bool
    states_focus: bool


BODIES = (
    Body("Canon", "Canon EOS R5", "RF24-105mm F4 L IS USM", "IMG_{:04d}", True, True),
    Body("NIKON CORPORATION", "NIKON Z 6_2", "NIKKOR Z 24-120mm f/4 S", "DSC_{:04d}", True, False),
    Body("SONY", "ILCE-7M4", "FE 24-70mm F2.8 GM II", "DSC{:05d}", True, True),
    Body("FUJIFILM", "X-T30", "XF18-55mmF2.8-4 R LM OIS", "DSCF{:04d}", False, False),
)


@dataclass(frozen=True, slots=True)
class ShootLook:
    """What all photographs of a shoot have in common.

    Attributes:
        gains: of red, green and blue, by which its light is tinted.
        contrast: slope in the middle tones.
        color: 0 grey, 1 as it is.
        grain: standard deviation in steps of 8 bits.
    """

    body: Body
    serial: str
    gains: tuple[float, float, float]
    contrast: float
    color: float
    grain: float


@dataclass(frozen=True, slots=True)
class View:
    """What part of its picture a photograph shows: the middle in shares of the free room, -1 to 1, and how near."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0


@dataclass(frozen=True, slots=True)
class Damage:
    """What went wrong with a photograph, 0 (nothing) to 1 and signed where it has a direction."""

    focus: float = 0.0
    motion: float = 0.0
    exposure: float = 0.0
    closed: float = 0.0
    tilt: float = 0.0

    @property
    def quality(self) -> float:
        """1 for a photograph with which nothing is wrong; 0 and less for one that nobody would keep."""
        return 1.0 - sum(cost * abs(float(getattr(self, name))) for name, cost in _COSTS.items())

    @property
    def exposure_ev(self) -> float:
        return self.exposure * _MOST_EV

    @property
    def tilt_degrees(self) -> float:
        return self.tilt * _MOST_TILT


@dataclass(frozen=True, slots=True)
class FramePlan:
    """One photograph of a generated shoot.

    Attributes:
        shoot: its number; `scene` counts within it.
        source: place in the list of pictures that it is made of.
        series: number of its series within the shoot, with `kind`; None where it stands alone.
        stem: of its file's name.
        bracket_ev: by which a bracket departs, beside the damage.
        focus_at: where the sharp band of a focus stack lies, 0 top to 1 bottom; None where all is sharp.
        stated: what its EXIF says.
        quality: by which the photographer picks.
        best: it is the best of its burst, or of no burst.
        wanted: what their taste says; `picked` what they did.
        dice: seed of what is random in its pixels.
    """

    shoot: int
    scene: int
    source: int
    kind: Literal["single"] | SeriesKind
    series: int | None
    stem: str
    view: View
    damage: Damage
    bracket_ev: float
    focus_at: float | None
    stated: StatedExif
    best: bool
    wanted: bool
    picked: bool
    dice: tuple[int, ...]

    @property
    def quality(self) -> float:
        return self.damage.quality

    @property
    def rating(self) -> int:
        """Stars: 3 to 5 for a pick, 1 or reject (-1) for the others."""
        if self.picked:
            return 5 if self.quality >= 0.9 else 4 if self.quality >= 0.75 else 3
        return 1 if self.quality >= 0.4 else -1


@dataclass(frozen=True, slots=True)
class ShootPlan:
    """One generated shoot."""

    name: str
    look: ShootLook
    frames: tuple[FramePlan, ...]


def plan_shoots(
    source_count: int, *, shoots: int, scenes: int, seed: int = 0, noise: float = DEFAULT_NOISE
) -> tuple[ShootPlan, ...]:
    """Return the plan of shoots; the same arguments make the same one.

    The photographer picks what has a quality of PICKED_FROM or more: of a burst the best, and of a bracket, a focus
    stack or a panorama all or none. They decide otherwise in `noise` of the cases, each single photograph, burst or
    series being one.

    Args:
        source_count: pictures that there are; each is of one scene of one shoot.
        shoots: how many.
        scenes: of each; fewer where there are too few pictures.

    Raises:
        ValueError: there is not one picture for each shoot.
    """
    if source_count < shoots:
        raise ValueError(f"{shoots} shoots need a picture each, got {source_count}")
    order = np.random.default_rng([seed, 1]).permutation(source_count).tolist()
    per_shoot = min(scenes, source_count // shoots)
    return tuple(
        _plan_shoot(shoot, order[shoot * per_shoot : (shoot + 1) * per_shoot], seed, noise) for shoot in range(shoots)
    )


def _plan_shoot(shoot: int, sources: Sequence[int], seed: int, noise: float) -> ShootPlan:
    dice = np.random.default_rng([seed, 2, shoot])
    warm = float(dice.uniform(-0.16, 0.16))
    look = ShootLook(
        body=BODIES[(shoot + int(dice.integers(len(BODIES)))) % len(BODIES)],
        serial=f"{dice.integers(10**9, 10**10)}",
        gains=(1 + warm, 1.0, 1 - warm),
        contrast=float(dice.uniform(0.85, 1.2)),
        color=float(dice.choice([0.0, 0.7, 1.0, 1.0, 1.25])),
        grain=float(dice.uniform(0.5, 7)),
    )
    at = _DAY + timedelta(days=9 * shoot, minutes=int(dice.integers(300)))
    counter, series, frames = int(dice.integers(1, 8000)), 0, list[FramePlan]()
    for scene, source in enumerate(sources):
        kind = _drawn_kind(dice)
        at += timedelta(seconds=float(dice.uniform(25, 240)))
        planned, at = _plan_scene(kind, look, at, dice)
        decided = _decide(planned, kind, dice, noise)
        for place, (one, (best, wanted, picked)) in enumerate(zip(planned, decided, strict=True)):
            frames.append(
                FramePlan(
                    shoot, scene, source, kind, None if kind == "single" else series, look.body.stem.format(counter),
                    one.view, one.damage, one.bracket_ev, one.focus_at, one.stated, best, wanted, picked,
                    (seed, shoot, scene, place),
                )
            )  # fmt: skip
            counter += 1
        series += kind != "single"
    return ShootPlan(f"shoot-{shoot + 1:02d}", look, tuple(frames))


def _drawn_kind(dice: np.random.Generator) -> Literal["single"] | SeriesKind:
    kinds, shares = zip(*_SCENES, strict=True)
    chosen: Literal["single"] | SeriesKind = kinds[int(dice.choice(len(kinds), p=shares))]
    return chosen


@dataclass(frozen=True, slots=True)
class _Exposure:
    """What is drawn of one photograph before it is decided on."""

    view: View
    damage: Damage
    bracket_ev: float
    focus_at: float | None
    stated: StatedExif


def _plan_scene(
    kind: Literal["single"] | SeriesKind, look: ShootLook, at: datetime, dice: np.random.Generator
) -> tuple[list[_Exposure], datetime]:
    """Return the photographs of a scene, and when the last was taken."""
    base = StatedExif(
        maker=look.body.maker, model=look.body.model, serial=look.serial, lens=look.body.lens, offset="+02:00",
        exposure=1 / float(dice.choice([60, 125, 250, 500, 1000])), aperture=float(dice.choice([2.8, 4.0, 5.6, 8.0])),
        iso=int(dice.choice([100, 200, 400, 1600])), focal_length=float(dice.choice([24, 35, 50, 70, 105])),
        exposure_bias=0.0,
    )  # fmt: skip
    distance = float(dice.uniform(0.5, 6))
    whole = _drawn_damage(dice, _FAULTY[kind]) if kind != "single" else Damage()
    view = View(float(dice.uniform(-0.4, 0.4)), float(dice.uniform(-0.4, 0.4)), float(dice.uniform(1, 1.15)))
    count, steps = _counted(kind, dice)
    way = 1 if dice.random() < 0.5 else -1
    found = list[_Exposure]()
    for place in range(count):
        share = place / max(1, count - 1)
        at += timedelta(seconds=float(dice.uniform(*steps)))
        ev, focus_at, focused = 0.0, None, distance
        exposure, seen, damage = base.exposure or 1.0, view, whole
        if kind == "single":
            damage = _drawn_damage(dice, _FAULTY[kind])
            seen = View(
                view.x + dice.uniform(-0.5, 0.5), view.y + dice.uniform(-0.5, 0.5), view.zoom * dice.uniform(1, 1.2)
            )
            exposure *= 2 ** float(dice.choice([-1, 0, 0, 1]) / 3)  # the camera meters anew
            focused = distance * float(dice.uniform(0.9, 1.1))
        elif kind == "burst":
            seen = View(view.x + 0.04 * place * way, view.y + float(dice.uniform(-0.03, 0.03)), view.zoom)
            shaken = dice.random() < 0.6
            damage = _worse(whole, dice, float(dice.uniform(0.1, 0.6)) if shaken else float(dice.uniform(0, 0.1)))
            focused = distance * float(dice.uniform(0.98, 1.02))
        elif kind == "bracket":
            ev = _bracket_ev(place, count, way)
            exposure *= 2**ev
        elif kind == "focus stack":
            focus_at, focused = (share if way > 0 else 1 - share), 0.4 * 1.12 ** (place if way > 0 else count - place)
        else:
            seen = View(way * (2 * share - 1), view.y, 2.2)
        stated = _at(base, look.body, at, exposure, ev, focused)
        found.append(_Exposure(seen, damage, ev, focus_at, stated))
        at += timedelta(seconds=exposure)
    return found, at


def _counted(kind: Literal["single"] | SeriesKind, dice: np.random.Generator) -> tuple[int, tuple[float, float]]:
    """Return how many photographs a scene has, and the least and most seconds between them."""
    if kind == "burst":
        return int(dice.integers(3, 8)), (0.08, 0.3)
    if kind == "bracket":
        return int(dice.choice([3, 3, 5])), (0.2, 0.6)
    if kind == "focus stack":
        return int(dice.integers(5, 9)), (0.4, 1.2)
    if kind == "panorama":
        return int(dice.integers(3, 5)), (1.2, 4.0)
    return int(dice.integers(1, 5)), (4.0, 20.0)


def _bracket_ev(place: int, count: int, way: int) -> float:
    """Return the bias of a frame: as metered first, then ever further to both sides."""
    step = 2.0 if count == 3 else 1.0
    return way * step * ((place + 1) // 2) * (1 if place % 2 else -1)


def _drawn_damage(dice: np.random.Generator, faulty: float) -> Damage:
    """Return what is wrong: one fault in `faulty` of the cases, and else next to nothing."""
    little = {name: float(dice.uniform(0, 0.05)) for name in ("focus", "motion")}
    if dice.random() >= faulty:
        return Damage(**little, tilt=float(dice.uniform(-0.06, 0.06)))
    fault = _FAULTS[int(dice.integers(len(_FAULTS)))]
    sign = 1 if fault not in ("exposure", "tilt") or dice.random() < 0.5 else -1
    amount = float(dice.uniform(0.65, 1.0)) if fault == "exposure" else float(dice.uniform(0.3, 1.0))
    return Damage(**{**little, fault: sign * amount})


def _worse(damage: Damage, dice: np.random.Generator, amount: float) -> Damage:
    """Return the same with more blur, of focus or of motion."""
    if dice.random() < 0.5:
        return Damage(min(1.0, damage.focus + amount), damage.motion, damage.exposure, damage.closed, damage.tilt)
    return Damage(damage.focus, min(1.0, damage.motion + amount), damage.exposure, damage.closed, damage.tilt)


def _at(base: StatedExif, body: Body, at: datetime, exposure: float, ev: float, focused: float) -> StatedExif:
    return replace(
        base,
        taken=at.strftime("%Y:%m:%d %H:%M:%S"),
        subsecond=f"{at.microsecond // 10000:02d}" if body.states_fractions else "",
        exposure=exposure,
        exposure_bias=ev,
        focus_distance=round(focused, 3) if body.states_focus else None,
    )


def _decide(
    planned: Sequence[_Exposure], kind: Literal["single"] | SeriesKind, dice: np.random.Generator, noise: float
) -> list[tuple[bool, bool, bool]]:
    """Return of each photograph whether it is the best, whether taste wants it, and whether it was picked."""
    qualities = [one.damage.quality for one in planned]
    if kind == "single":
        wanted = [quality >= PICKED_FROM for quality in qualities]
        return [(True, want, want != bool(dice.random() < noise)) for want in wanted]
    best = max(range(len(planned)), key=qualities.__getitem__)
    otherwise = bool(dice.random() < noise)
    if kind == "burst":
        want = qualities[best] >= PICKED_FROM
        return [(place == best, want and place == best, (want != otherwise) and place == best)
                for place in range(len(planned))]  # fmt: skip
    want = qualities[0] >= PICKED_FROM
    return [(True, want, want != otherwise) for _ in planned]
