"""What was measured of the photographs of a shoot that speaks for or against each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.footage.photo_measures import PhotoMeasures
from rushes.inference.verdicts import Reason, Speaks

MOST = 6  # reasons per photograph
LARGE = 20  # photographs in which a measure is known, from which on a shoot is its own yardstick
_TAIL = 0.1  # of a shoot, at either end, that is remarkable

Words = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class _Scale:
    """How sharp something is, as far as that is remarkable.

    Attributes:
        soft, sharp: what is said where it is.
        weight: of the most remarkable value.
    """

    measure: str
    soft: str
    sharp: str
    weight: float


# The first that is remarkable speaks for the others: soft eyes are a soft subject too.
_FOCUS = (
    _Scale("eye_sharpness", "the eyes are soft", "the eyes are sharp", 1.0),
    _Scale("subject_sharpness", "the subject is soft", "the subject is sharp", 0.9),
    _Scale("sharpness", "even its sharpest parts are soft", "it has very sharp parts", 0.8),
)
_SOFT = 0.2  # sharpness below which even a shoot of soft pictures is no excuse
_BELOW, _ABOVE = 0.1, 0.08  # steps from the shoot's median below which nobody would see a difference
_ELSEWHERE = 0.3  # by which other parts must be sharper than the subject for the focus to lie there
_NOTICED = 0.05  # step of sharpness from the next in a series


@dataclass(frozen=True, slots=True)
class _Limit:
    """A fact that speaks for itself, in whatever shoot.

    Attributes:
        start, full: values at which it begins to be remarkable, and is as remarkable as can be; falling where less is.
        words: for a person, given the value.
        weight: at `full`; half of it at `start`.
    """

    measure: str
    speaks: Speaks
    start: float
    full: float
    words: Words
    weight: float

    def reason(self, value: float) -> Reason | None:
        """Return the reason that a value is; None where it is unremarkable or unknown."""
        if not np.isfinite(value):
            return None
        strength = (value - self.start) / (self.full - self.start)
        if strength < 0:
            return None
        weight = self.weight * (0.5 + 0.5 * min(1.0, strength))
        return Reason(self.measure, value, self.speaks, self.words(value), round(weight, 3))


def _percent(share: float) -> str:
    """Return a share in whole percent, 0 % and 100 % only where they are exact."""
    whole = round(100 * share)
    return f"{1 if whole == 0 < share else 99 if whole == 100 and share < 1 else whole} %"


_LIMITS = (
    _Limit("eyes_open", "against", 0.2, 0.02, lambda v: f"the eyes seem shut ({v:.2f} of 1)", 0.9),
    _Limit("motion_blur", "against", 0.25, 0.6, lambda v: f"smeared in one direction, as by motion ({v:.2f})", 0.8),
    _Limit("clipped_bright", "against", 0.05, 0.3, lambda v: f"{_percent(v)} of it is white without detail", 0.75),
    _Limit("clipped_dark", "against", 0.25, 0.7, lambda v: f"{_percent(v)} of it is black without detail", 0.5),
    _Limit("brightness", "against", 0.12, 0.03, lambda v: f"very dark (mean brightness {_percent(v)})", 0.6),
    _Limit("brightness", "against", 0.85, 0.97, lambda v: f"very bright (mean brightness {_percent(v)})", 0.6),
    _Limit("contrast", "against", 0.07, 0.02, lambda v: f"hardly any contrast ({v:.2f})", 0.45),
    _Limit("noise", "against", 8.0, 20.0, lambda v: f"noisy: the grain is {v:.0f} of 255 levels", 0.5),
    _Limit("balance", "against", 0.55, 0.2, lambda v: f"what draws the eye lies to one side (balance {v:.2f})", 0.3),
    _Limit("thirds", "for", 0.9, 1.0, lambda v: f"the subject lies on a crossing of thirds ({v:.2f})", 0.3),
    _Limit("symmetry", "for", 0.9, 1.0, lambda v: f"the left half mirrors the right ({v:.2f})", 0.35),
)
_MANY_SHUT = 0.2  # share of a shoot's eyes that must seem shut for open ones to be remarkable
_SEEM_OPEN = 0.8


def find_reasons(
    measures: Sequence[PhotoMeasures],
    *,
    groups: Sequence[int] | None = None,
    better: Sequence[int | None] | None = None,
    names: Sequence[str] | None = None,
) -> list[tuple[Reason, ...]]:
    """Return what speaks for and against each photograph of one shoot: at most MOST, the weightiest first.

    They are what was measured, and not why a model answered as it did. Focus is held against the shoot where it is
    large enough, light and the like against limits; what is unremarkable is no reason, and many photographs have none.

    Args:
        groups: number of the series that each belongs to, below 0 for none; within one, the sharpest and softest are
            named.
        better: place in `measures` of the photograph that shows the same and has the higher score; None where there is
            none.
        names: of the photographs, as `better` names them; their places from 1 without.

    Raises:
        ValueError: there is not one group, better one or name for each.
    """
    count = len(measures)
    if any(given is not None and len(given) != count for given in (groups, better, names)):
        raise ValueError(f"each of {count} photographs needs its group, its better one and its name, or none does")
    columns = {
        name: np.array([getattr(one, name) for one in measures], float)
        for name in ("eye_sharpness", "subject_sharpness", "sharpness", "eyes_open")
    }
    found: list[tuple[Reason, ...]] = []
    for index, one in enumerate(measures):
        reasons = [*_focus(columns, index, groups), *_limits(one)]
        reasons += _open_eyes(columns["eyes_open"], index)
        over = better[index] if better is not None else None
        if over is not None:
            name = names[over] if names is not None else f"number {over + 1}"
            reasons.append(
                Reason("duplicate", None, "against", f"shows the same as {name}, which has the higher score", 0.95)
            )
        found.append(tuple(sorted(reasons, key=lambda reason: -reason.weight)[:MOST]))
    return found


def _limits(one: PhotoMeasures) -> Iterator[Reason]:
    for limit in _LIMITS:
        reason = limit.reason(getattr(one, limit.measure))
        if reason is not None:
            yield reason


def _open_eyes(values: npt.NDArray[np.float64], index: int) -> list[Reason]:
    """Return that the eyes seem open, where in this shoot that is worth saying."""
    known, value = values[np.isfinite(values)], values[index]
    shut = float(np.mean(known < 0.5)) if len(known) else 0.0
    if not value >= _SEEM_OPEN or len(known) < LARGE or shut < _MANY_SHUT:
        return []
    words = f"the eyes seem open ({value:.2f} of 1; in {_percent(shut)} of this shoot they do not)"
    return [Reason("eyes_open", float(value), "for", words, 0.4)]


def _focus(columns: dict[str, npt.NDArray[np.float64]], index: int, groups: Sequence[int] | None) -> Iterator[Reason]:
    """Yield one reason of sharpness and one of softness at most."""
    said: set[Speaks] = set()
    for scale in _FOCUS:
        values = columns[scale.measure]
        reason = _in_series(scale, values, index, groups) or _in_shoot(scale, values, index)
        if reason is None or reason.speaks in said:
            continue
        said.add(reason.speaks)
        elsewhere = float(columns["sharpness"][index])
        if reason.speaks == "against" and elsewhere - values[index] >= _ELSEWHERE:
            words = f"{reason.words}, and the focus seems to lie elsewhere: other parts have {elsewhere:.2f}"
            reason = Reason(reason.measure, reason.value, reason.speaks, words, reason.weight)
        yield reason


def _in_shoot(scale: _Scale, values: npt.NDArray[np.float64], index: int) -> Reason | None:
    """Return that something is soft or sharp for its shoot, or soft in any; None where it is unremarkable."""
    value = float(values[index])
    if not np.isfinite(value):
        return None
    others = np.delete(values, index)
    others = others[np.isfinite(others)]
    large = len(others) + 1 >= LARGE
    above, below = ((float(np.mean(side)) if large else 0.0) for side in (others > value, others < value))
    middle = float(np.median(others)) if large else value
    among = "the softest of this shoot" if above == 1 else f"{_percent(above)} of this shoot are sharper"
    among = f"; {among}" if large else ""
    if value < _SOFT:
        weight = scale.weight * (0.75 + 0.25 * (1 - value / _SOFT))
        return Reason(scale.measure, value, "against", f"{scale.soft} ({value:.2f}{among})", round(weight, 3))
    if above >= 1 - _TAIL and value <= middle - _BELOW:
        weight = scale.weight * (0.5 + 0.25 * (above - 1 + _TAIL) / _TAIL)
        return Reason(
            scale.measure, value, "against", f"{scale.soft} for this shoot ({value:.2f}{among})", round(weight, 3)
        )
    if below >= 1 - _TAIL and value >= middle + _ABOVE:
        weight = scale.weight * (0.5 + 0.25 * (below - 1 + _TAIL) / _TAIL)
        among = "the sharpest of this shoot" if below == 1 else f"sharper than {_percent(below)} of this shoot"
        words = f"{scale.sharp} ({value:.2f}; {among})"
        return Reason(scale.measure, value, "for", words, round(weight, 3))
    return None


def _in_series(
    scale: _Scale, values: npt.NDArray[np.float64], index: int, groups: Sequence[int] | None
) -> Reason | None:
    """Return that a photograph is the sharpest or the softest of its series, by a step that is seen."""
    if groups is None or groups[index] < 0 or not np.isfinite(values[index]):
        return None
    series = values[np.asarray(groups) == groups[index]]
    series = np.sort(series[np.isfinite(series)])
    if len(series) < 2:
        return None
    value = float(values[index])
    if value >= series[-2] + _NOTICED:
        words = f"{scale.sharp} ({value:.2f}; the sharpest of its series of {len(series)})"
        return Reason(scale.measure, value, "for", words, round(0.7 * scale.weight, 3))
    if value <= series[1] - _NOTICED:
        words = f"{scale.soft} ({value:.2f}; the softest of its series of {len(series)})"
        return Reason(scale.measure, value, "against", words, round(0.7 * scale.weight, 3))
    return None
