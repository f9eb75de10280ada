"""Photographs that belong together: bursts, brackets, focus stacks and panoramas.

Photographs of one camera are put in the order in which they were taken, and neighbours are compared. Where a photograph
could be of two series, the first of these has it: bracket, focus stack, panorama, burst. A bracket that is shot fast is
also a burst, and a bracket for each part of a panorama is one bracket after the other: what was made on purpose, with
more settings, goes before what may be chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import inf, log2
from typing import TYPE_CHECKING, Literal

from rushes.footage.camera import CameraFacts
from rushes.footage.signature import FLAT

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SeriesKind = Literal["burst", "bracket", "focus stack", "panorama"]
KEPT_WHOLE: tuple[SeriesKind, ...] = ("bracket", "focus stack", "panorama")  # each is one picture in the making

# Bits of 64 in which the signatures of two photographs of one series may differ, and seconds from the end of one
# exposure to the start of the next; measured on generated shoots and on films (docs/decisions/2026-11-26-series.md).
_BURST_BITS, _BURST_SECONDS = 14, 1.0
_QUICK_BITS, _QUICK_SECONDS = 22, 0.35  # nobody composes anew so fast: what moves then is the camera or the subject
_BRACKET_BITS, _BRACKET_SECONDS = 22, 5.0
_STACK_BITS, _STACK_SECONDS = 12, 5.0
_PANORAMA_SECONDS, _PANORAMA_LEAST_SECONDS = 15.0, 0.3  # a camera that follows something in a burst pans too
_BRACKET_SIZES = (9, 7, 5, 3)
_LEAST_BIAS_STEP, _LEAST_EXPOSURE_STEP = 0.3, 0.6  # EV; a camera that meters anew differs by thirds
_UNEVEN = 0.25  # EV by which the steps of a bracket may differ: cameras round exposure times
_LEAST_STACK, _LEAST_PANORAMA = 3, 3
_LEAST_FOCUS = 1.12  # ratio of the furthest to the nearest focus: an autofocus is never quite still
_SHIFTS, _ACROSS, _AGREEMENT = (0.12, 0.8), 0.12, 0.6  # shares of a side, along and across; correlation
_STEADY = 2.5  # by which the steps of a panorama may differ, as a ratio
_SAME_EV = 0.05


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What is known of one photograph when it is asked what it belongs to; None where it is not stated.

    Attributes:
        captured_at: ISO 8601, with the fraction of the second where it is stated.
        camera: maker, model and, where stated, the serial number of the body.
        exposure_bias: of the exposure, in EV.
        exposure, aperture, iso, focal_length: as in `rushes.footage.camera.CameraFacts`.
        focus_distance: metres.
        signature: of its pixels (`rushes.footage.signature`); FLAT where there are none.
        name: of the file, by which cameras count: it orders photographs of one second.
        thumbnail: of its pixels (`rushes.footage.overlap.thumbnail_of`); without, it is of no panorama.
    """

    captured_at: str | None = None
    camera: str | None = None
    exposure_bias: float | None = None
    exposure: float | None = None
    aperture: float | None = None
    iso: float | None = None
    focal_length: float | None = None
    focus_distance: float | None = None
    signature: int = 0
    name: str = ""
    thumbnail: npt.NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Series:
    """Photographs that were taken as one.

    Attributes:
        members: places in the list of photographs, in the order in which they were taken; at least two.
        why: what they were known by, for a person: `3 frames in 0.4 s, exposure -2, 0, +2 EV`.
    """

    kind: SeriesKind
    members: tuple[int, ...]
    why: str

    def __post_init__(self) -> None:
        if len(self.members) < 2 or len(set(self.members)) != len(self.members):
            raise ValueError(f"a series needs two photographs or more, each once, got {self.members}")


def series_facts_of(
    camera: CameraFacts,
    captured_at: str | None,
    *,
    name: str,
    signature: int = FLAT,
    thumbnail: npt.NDArray[np.uint8] | None = None,
) -> SeriesFacts:
    """Return what `find_series` asks, of what was read of a photograph; the body is known by its serial number too."""
    known = " ".join(part for part in (camera.camera, camera.serial) if part)
    return SeriesFacts(
        captured_at=captured_at,
        camera=known or None,
        exposure_bias=camera.exposure_bias,
        exposure=camera.exposure,
        aperture=camera.aperture,
        iso=camera.iso,
        focal_length=camera.focal_length,
        focus_distance=camera.focus_distance,
        signature=signature,
        name=name,
        thumbnail=thumbnail,
    )


def find_series(facts: Sequence[SeriesFacts]) -> tuple[Series, ...]:
    """Return the series that photographs are of, in the order in which they were taken; no photograph is in two.

    What states no camera or no time is of none. The order of the photographs does not matter, as far as their times and
    names tell them apart.

    - bracket: 3, 5, 7 or 9 alike photographs whose exposures make even steps, by the stated bias or, at one bias, by
      exposure time, aperture and sensitivity;
    - focus stack: 3 or more alike ones of one exposure whose focus moves one way;
    - panorama: 3 or more of one exposure and focal length, each shifted against the one before, one way and as far;
    - burst: 2 or more alike ones, less than a second after each other.
    """
    found: list[tuple[float, str, Series]] = []
    for camera, shots in sorted(_by_camera(facts).items()):
        taken = [False] * len(shots)
        for kind, find in _FINDERS:
            for start, stop, why in find(shots, taken):
                taken[start:stop] = [True] * (stop - start)
                members = tuple(shot.place for shot in shots[start:stop])
                found.append((shots[start].at, camera, Series(kind, members, why)))
    return tuple(series for _, _, series in sorted(found, key=lambda one: one[:2]))


@dataclass(frozen=True, slots=True)
class _Shot:
    """A photograph in the order in which its camera took it.

    Attributes:
        at: seconds since some day.
        fine: the camera's clock states fractions of a second.
        place: in the list that was given.
    """

    at: float
    fine: bool
    place: int
    facts: SeriesFacts


def _by_camera(facts: Sequence[SeriesFacts]) -> dict[str, list[_Shot]]:
    times = {place: _parse(one.captured_at) for place, one in enumerate(facts) if one.camera and one.captured_at}
    cameras: dict[str, list[int]] = {}
    for place, at in times.items():
        if at is not None:
            cameras.setdefault(str(facts[place].camera), []).append(place)
    return {camera: _in_order(facts, times, places) for camera, places in cameras.items()}


def _in_order(facts: Sequence[SeriesFacts], times: dict[int, datetime | None], places: list[int]) -> list[_Shot]:
    known = {place: at for place in places if (at := times[place]) is not None}
    # A clock that only sometimes states its offset from UTC is read as it stands, as `capture_time.seconds_apart` does.
    aware = all(at.tzinfo is not None for at in known.values())
    fine = any(at.microsecond for at in known.values())
    shots = [
        _Shot(at.timestamp() if aware else (at.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds(), fine,
              place, facts[place])
        for place, at in known.items()
    ]  # fmt: skip
    return sorted(shots, key=lambda shot: (shot.at, shot.facts.name, shot.facts.signature, _settings(shot.facts)))


def _parse(time: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(time or "")
    except ValueError:
        return None


def _settings(facts: SeriesFacts) -> tuple[float, ...]:
    stated = (facts.exposure_bias, facts.exposure, facts.aperture, facts.iso, facts.focal_length, facts.focus_distance)
    return tuple(-inf if value is None else value for value in stated)


_Found = tuple[int, int, str]  # the first photograph, the one behind the last, why


def _find_brackets(shots: Sequence[_Shot], taken: Sequence[bool]) -> Iterator[_Found]:
    for start, stop in _runs(shots, taken, _may_be_one_bracket):
        at = start
        while at < stop:
            evs = _bracket_at(shots[at : min(stop, at + _BRACKET_SIZES[0])])
            if evs:
                said = ", ".join(f"{ev:+.2g}" if abs(ev) > _SAME_EV else "0" for ev in evs)
                yield at, at + len(evs), f"{_span(shots, at, at + len(evs))}, exposure {said} EV"
            at += max(1, len(evs))


def _bracket_at(shots: Sequence[_Shot]) -> tuple[float, ...]:
    """Return the exposures in EV of the largest bracket with which photographs begin; () where they do not."""
    for size in _BRACKET_SIZES:
        frames = shots[:size]
        evs, least = _exposures(frames)
        if len(evs) == size and _is_even(evs, least):
            middle = frames[sorted(range(size), key=evs.__getitem__)[size // 2]]
            if all(_alike(middle, shot, _BRACKET_BITS, flat=True) for shot in frames):
                return evs
    return ()


def _exposures(shots: Sequence[_Shot]) -> tuple[tuple[float, ...], float]:
    """Return the exposures in EV, by the stated bias where it changes, and how small a step may be; () if unknown."""
    biases = [shot.facts.exposure_bias for shot in shots]
    stated = [bias for bias in biases if bias is not None]
    if 0 < len(stated) < len(biases):
        return (), 0
    if stated and max(stated) - min(stated) > _SAME_EV:
        return tuple(stated), _LEAST_BIAS_STEP
    known = [value for shot in shots if (value := _light(shot.facts)) is not None]
    if len(known) < len(shots) or len({_stated(shot.facts) for shot in shots}) > 1:
        return (), 0
    middle = sorted(known)[len(known) // 2]
    return tuple(round(value - middle, 1) for value in known), _LEAST_EXPOSURE_STEP


def _stated(facts: SeriesFacts) -> tuple[bool, bool]:
    return facts.aperture is None, facts.iso is None


def _light(facts: SeriesFacts) -> float | None:
    """Return how much light a photograph was given, in EV from an agreed point; None without an exposure time."""
    if facts.exposure is None:
        return None
    return log2(facts.exposure) + log2((facts.iso or 100) / 100) - 2 * log2(facts.aperture or 1)


def _is_even(evs: Sequence[float], least: float) -> bool:
    steps = [b - a for a, b in pairwise(sorted(evs))]
    return min(steps) >= least - _SAME_EV and max(steps) - min(steps) <= _UNEVEN


def _may_be_one_bracket(one: _Shot, other: _Shot) -> bool:
    return _gap(one, other) <= _BRACKET_SECONDS and _same(one, other, "focal_length")


def _find_stacks(shots: Sequence[_Shot], taken: Sequence[bool]) -> Iterator[_Found]:
    for start, stop in _runs(shots, taken, _may_be_one_stack):
        at = start
        while at + 1 < stop:
            end = _end_of_stack(shots, at, stop)
            ends = (shots[at].facts.focus_distance or 0, shots[end - 1].facts.focus_distance or 0)
            if end - at >= _LEAST_STACK and max(ends) >= _LEAST_FOCUS * min(ends):
                yield at, end, f"{_span(shots, at, end)}, focus from {ends[0]:.3g} m to {ends[1]:.3g} m"
                at = end
            else:
                at = max(at + 1, end - 1)


def _end_of_stack(shots: Sequence[_Shot], start: int, stop: int) -> int:
    """Return behind which photograph the focus no longer moves on from `start`, or the picture is another."""
    ahead: bool | None = None
    for end in range(start + 1, stop):
        before, now = shots[end - 1].facts.focus_distance, shots[end].facts.focus_distance
        if before is None or now is None or before == now or not _alike(shots[start], shots[end], _STACK_BITS):
            return end
        if ahead is not None and (now > before) != ahead:
            return end
        ahead = now > before
    return stop


def _may_be_one_stack(one: _Shot, other: _Shot) -> bool:
    return _gap(one, other) <= _STACK_SECONDS and one.facts.focus_distance is not None and _same_exposure(one, other)


def _find_panoramas(shots: Sequence[_Shot], taken: Sequence[bool]) -> Iterator[_Found]:
    for start, stop in _runs(shots, taken, _may_be_one_panorama):
        if stop - start < _LEAST_PANORAMA:
            continue
        steps = [_step(one, other) for one, other in pairwise(shots[start:stop])]
        at = 0
        while at < len(steps):
            end = at + 1
            while end < len(steps) and _goes_on(steps[at], steps[end]):
                end += 1
            way = steps[at]
            if way is not None and end - at + 1 >= _LEAST_PANORAMA:
                moved = [abs(step[0]) for step in steps[at:end] if step is not None]
                yield (
                    start + at,
                    start + end + 1,
                    (
                        f"{_span(shots, start + at, start + end + 1)}, each shifted {_way(way)} by some "
                        f"{sum(moved) / len(moved):.0%}"
                    ),
                )
                end += 1  # the last photograph is of this one
            at = end


_Step = tuple[float, bool]  # share of the side, forwards or backwards; upright


def _step(one: _Shot, other: _Shot) -> _Step | None:
    """Return how a photograph is shifted against the one before; None where it is not as in a panorama."""
    from rushes.footage.overlap import find_shift

    if one.facts.thumbnail is None or other.facts.thumbnail is None or _alike(one, other, _STACK_BITS // 2):
        return None
    shift = find_shift(one.facts.thumbnail, other.facts.thumbnail)
    if shift is None or shift.agreement < _AGREEMENT:
        return None
    upright = abs(shift.down) > abs(shift.right)
    along, across = (shift.down, shift.right) if upright else (shift.right, shift.down)
    return (along, upright) if _SHIFTS[0] <= abs(along) <= _SHIFTS[1] and abs(across) <= _ACROSS else None


def _goes_on(one: _Step | None, other: _Step | None) -> bool:
    if one is None or other is None or one[1] != other[1] or (one[0] > 0) != (other[0] > 0):
        return False
    return 1 / _STEADY <= other[0] / one[0] <= _STEADY


def _way(step: _Step) -> str:
    along, upright = step
    return ("down" if along > 0 else "up") if upright else f"to the {'right' if along > 0 else 'left'}"


def _may_be_one_panorama(one: _Shot, other: _Shot) -> bool:
    slow = not one.fine or other.at - one.at >= _PANORAMA_LEAST_SECONDS
    near = slow and _gap(one, other) <= _PANORAMA_SECONDS
    return near and _same_exposure(one, other) and one.facts.thumbnail is not None


def _find_bursts(shots: Sequence[_Shot], taken: Sequence[bool]) -> Iterator[_Found]:
    for start, stop in _runs(shots, taken, _are_one_burst):
        if stop - start > 1:
            yield start, stop, f"{_span(shots, start, stop)}, alike"


def _are_one_burst(one: _Shot, other: _Shot) -> bool:
    apart = other.at - one.at
    near = apart < _BURST_SECONDS if one.fine else apart <= _BURST_SECONDS
    quick = one.fine and apart <= _QUICK_SECONDS
    return near and _alike(one, other, _QUICK_BITS if quick else _BURST_BITS)


# In the order in which they have a photograph that could be of two.
_FINDERS: tuple[tuple[SeriesKind, Callable[[Sequence[_Shot], Sequence[bool]], Iterator[_Found]]], ...] = (
    ("bracket", _find_brackets),
    ("focus stack", _find_stacks),
    ("panorama", _find_panoramas),
    ("burst", _find_bursts),
)


def _runs(
    shots: Sequence[_Shot], taken: Sequence[bool], together: Callable[[_Shot, _Shot], bool]
) -> Iterator[tuple[int, int]]:
    """Yield [start, stop) of photographs that are not taken, each of which goes with the one before."""
    start: int | None = None
    free = list(taken)  # as it is now: what a finder gives is taken while it still looks
    for place in range(len(shots)):
        if free[place]:
            if start is not None:
                yield start, place
            start = None
        elif start is None:
            start = place
        elif not together(shots[place - 1], shots[place]):
            yield start, place
            start = place
    if start is not None:
        yield start, len(shots)


def _gap(one: _Shot, other: _Shot) -> float:
    """Return the seconds from the end of an exposure to the start of the next."""
    return other.at - one.at - (one.facts.exposure or 0)


def _alike(one: _Shot, other: _Shot, bits: int, *, flat: bool = False) -> bool:
    """Return whether two photographs look alike; `flat` is what is said of one with nothing on it."""
    a, b = one.facts.signature, other.facts.signature
    if a == FLAT or b == FLAT:
        return flat
    return (a ^ b).bit_count() <= bits


def _same(one: _Shot, other: _Shot, name: str) -> bool:
    """Return whether two photographs state the same, or one of them nothing."""
    a, b = getattr(one.facts, name), getattr(other.facts, name)
    return a is None or b is None or abs(a - b) <= 0.03 * max(abs(a), abs(b))


def _same_exposure(one: _Shot, other: _Shot) -> bool:
    return all(_same(one, other, name) for name in ("exposure", "aperture", "iso", "focal_length", "exposure_bias"))


def _span(shots: Sequence[_Shot], start: int, stop: int) -> str:
    seconds = shots[stop - 1].at - shots[start].at
    said = f"{seconds:.1f}" if shots[start].fine and seconds < 10 else f"{seconds:.0f}"
    return f"{stop - start} frames in {said} s"
