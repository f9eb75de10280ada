"""What the camera did in a shot: its motion from measured pair to measured pair, and what is made of that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rushes.footage.cuts import hard_rows, unlike
from rushes.footage.motion import MEAN_RADIUS
from rushes.footage.scanner import SLOW_STEPS, motion_stride
from rushes.footage.signals import MOTION_COLUMNS, Signals

# The motion, and what says that something moves where it cannot be followed: the largest step from frame to frame on
# the way, and how unlike the picture has become to the first one, 0 to 1.
SERIES_COLUMNS = (*MOTION_COLUMNS, "step", "away")
MOVEMENTS = ("static", "motion", "push", "pull")
TRUSTED_SUPPORT = 0.06  # share of the frame's corners that must agree on a motion for it to count
_PAIR = len(MOTION_COLUMNS) // 2  # columns of neighbouring pairs; those over three steps follow
_FADED = 0.5  # of a shot's typical contrast
_LOST = 0.15  # support below which a pair counts as lost
_LOOKED_AT = 2048  # frames at a time: a shot may last for hours
_REST = 0.004  # frame widths or logarithms a second: what measuring itself makes of a camera at rest
_MOST_SECONDS_EACH = 0.6  # between the frames of a pair; farther apart, as in a slide show, nothing is followed

Values = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MotionSeries:
    """The motion in a shot, about eight times a second.

    Attributes:
        seconds: (pairs,), float32: time of each pair's later frame since the shot's first frame.
        seconds_each: (pairs,), float32: time between the two frames of a pair.
        values: (pairs, SERIES_COLUMNS), float32, finite: rates per second as `Motion` has them; zeros where nothing
            was followed.
        trusted: (pairs,), bool: enough of the frame agrees, and no cut lies between the two frames.
        duration_seconds: of the shot, measured pairs or not.
    """

    seconds: Values
    seconds_each: Values
    values: Values
    trusted: npt.NDArray[np.bool_]
    duration_seconds: float

    def __post_init__(self) -> None:
        count = len(self.seconds)
        if self.values.shape != (count, len(SERIES_COLUMNS)) or len(self.trusted) != count:
            raise ValueError(f"a series of {count} pairs has values of ({count}, {len(SERIES_COLUMNS)})")

    @property
    def support(self) -> Values:
        """Share of the frame's corners that agree on each pair's motion, trusted or not, (pairs,)."""
        return np.asarray(self.values[:, SERIES_COLUMNS.index("support")], np.float32)

    def column(self, name: str) -> Numbers:
        """Return one column of the trusted pairs, (trusted pairs,)."""
        return np.asarray(self.values[self.trusted, SERIES_COLUMNS.index(name)], np.float64)


def motion_series(signals: Signals, start: int, stop: int) -> MotionSeries:
    """Return the motion within the frames `[start, stop)`, both ordinals, of a film.

    A pair that reaches out of the shot, or over a cut within it, counts for nothing. A shot beyond the film's end, of
    one frame, or of frames that could not be decoded has no pairs.
    """
    first, last = (int(row) for row in np.searchsorted(signals.ordinal, [start, stop]))
    ordinal, pts = signals.ordinal[first:last], signals.pts[first:last]
    seconds = np.asarray((pts - pts[:1]) * float(signals.time_base), np.float64)
    motion = signals.motion[first:last]
    stride = motion_stride(signals.rate)
    before = np.searchsorted(ordinal, ordinal - stride)
    rows = np.flatnonzero(~np.isnan(motion[:, 0]) & (ordinal - stride >= start))
    rows = rows[ordinal[before[rows]] == ordinal[rows] - stride]
    each = seconds[rows] - seconds[before[rows]]
    cuts = hard_rows(signals, first, last) - first
    step = [
        signals.step[first + low + 1 : first + row + 1].max(initial=0)
        for low, row in zip(before[rows], rows, strict=True)
    ]
    away = _away(signals, first, last, cuts)[rows]
    measured = np.column_stack([motion[rows], np.array(step, np.float32), away])
    values = np.nan_to_num(measured, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    # How many cuts lie between the two frames of a pair; between those three steps apart.
    passed = np.searchsorted(cuts, np.arange(last - first), side="right")
    slow_before = np.searchsorted(ordinal, ordinal[rows] - SLOW_STEPS * stride)
    whole = (ordinal[rows] - SLOW_STEPS * stride >= start) & (passed[rows] == passed[np.minimum(slow_before, rows)])
    values[~whole, _PAIR : 2 * _PAIR] = 0
    support = values[:, SERIES_COLUMNS.index("support")]
    unbroken = passed[rows] == passed[before[rows]]
    trusted = unbroken & (support >= TRUSTED_SUPPORT) & (each > 0) & (each <= _MOST_SECONDS_EACH)
    return MotionSeries(
        seconds[rows].astype(np.float32), each.astype(np.float32), values, trusted, _duration(seconds, signals)
    )


def _away(signals: Signals, first: int, last: int, cuts: npt.NDArray[np.int64]) -> Values:
    """Return how unlike each frame is to the first since the last cut, (frames,); 0 where either is faded."""
    found = np.zeros(last - first, np.float32)
    contrast = signals.contrast[first:last]
    seen = contrast >= _FADED * np.median(contrast) if last > first else np.zeros(0, np.bool_)
    for start, stop in pairwise([0, *cuts.tolist(), last - first]):
        there = np.flatnonzero(seen[start:stop]) + start
        if len(there):
            opening = signals.signature[first + there[:1]].astype(np.float32)
            for part in np.array_split(there, -(-len(there) // _LOOKED_AT)):
                found[part] = unlike(opening, signals.signature[first + part].astype(np.float32))
    return found


def _duration(seconds: Numbers, signals: Signals) -> float:
    """Return how long frames last that are shown at these times; the last one as long as the mean."""
    count = len(seconds)
    return float(seconds[-1] - seconds[0]) * count / (count - 1) if count > 1 else count / float(signals.rate)


# A feature is turned by playing the shot backwards, in one of these ways.
_EVEN, _ODD = 1.0, -1.0


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Features as they are gathered: name, value, and what playing the shot backwards makes of it."""

    names: list[str]
    values: list[float]
    twins: list[tuple[str, float]]

    def even(self, name: str, value: float) -> None:
        """Note what is the same backwards."""
        self._add(name, value, name, _EVEN)

    def odd(self, name: str, value: float) -> None:
        """Note what changes its sign backwards."""
        self._add(name, value, name, _ODD)

    def ends(self, name: str, low: float, high: float) -> None:
        """Note the lower and the upper end of what changes its sign backwards: each becomes minus the other."""
        self._add(f"{name}_low", low, f"{name}_high", _ODD)
        self._add(f"{name}_high", high, f"{name}_low", _ODD)

    def _add(self, name: str, value: float, twin: str, sign: float) -> None:
        self.names.append(name)
        self.values.append(float(value))
        self.twins.append((twin, sign))


_ZOOMS = ("zoom", "ring_zoom", "centre_zoom", "spread_zoom", "zoom_x", "zoom_y")
_VOTES = ("outward", "spread_vote", "focus_vote")


def _gather(series: MotionSeries) -> _Sheet:
    sheet = _Sheet([], [], [])
    pairs = _Part(series, slow=False)
    slow = _Part(series, slow=True)
    sheet.even("seconds", min(series.duration_seconds, 8.0))
    sheet.even("trusted", float(series.trusted.mean()) if len(series.trusted) else 0.0)
    steps = series.values[:, SERIES_COLUMNS.index("step")]
    support = series.values[:, SERIES_COLUMNS.index("support")]
    for name, share in (("step_low", 0.2), ("step", 0.5), ("step_high", 0.8), ("step_top", 1.0)):
        sheet.even(name, float(np.quantile(steps, share)) if len(steps) else 0.0)
    sheet.even("support_least", float(support.min(initial=1.0)))
    away = series.values[:, SERIES_COLUMNS.index("away")]
    sheet.even("away", float(away[np.flatnonzero(away)[-1]]) if away.any() else 0.0)
    # Of a whip pan all that is seen is that nothing can be followed, and that the picture is another one each time.
    sheet.even("lost", float(((support < _LOST) * steps).sum()))
    sheet.even("lost_share", float((support < _LOST).mean()) if len(steps) else 1.0)
    for part in (pairs, slow):
        _gather_steadiness(sheet, part)
        _gather_pan(sheet, part)
        _gather_zoom(sheet, part)
        _gather_votes(sheet, part)
    _gather_agreement(sheet, pairs, slow)
    return sheet


class _Part:
    """The trusted pairs of a series, or those over three steps, with their weights."""

    def __init__(self, series: MotionSeries, *, slow: bool) -> None:
        prefix = "slow_" if slow else ""
        support = series.column(f"{prefix}support")
        kept = support >= TRUSTED_SUPPORT
        self.name = prefix
        self._series, self._kept = series, kept
        self.each = series.seconds_each[series.trusted].astype(np.float64)[kept]
        self.weights = (self.each * support[kept]) if kept.any() else np.zeros(0)
        # What is not followed for a moment goes on as before.
        self.seconds = series.duration_seconds

    def __len__(self) -> int:
        return len(self.each)

    def column(self, name: str) -> Numbers:
        return self._series.column(self.name + name)[self._kept]

    def mean(self, values: Numbers) -> float:
        return float(self.weights @ values / self.weights.sum()) if len(values) else 0.0

    def at(self, values: Numbers, *shares: float) -> list[float]:
        """Return weighted quantiles, a step function that takes no value between two."""
        if not len(values):
            return [0.0] * len(shares)
        order = np.argsort(values)
        reached = np.cumsum(self.weights[order])
        middles = (reached - self.weights[order] / 2) / reached[-1]
        return [float(value) for value in np.interp(shares, middles, values[order])]


def _gather_steadiness(sheet: _Sheet, part: _Part) -> None:
    """Note how much of the frame agrees, how much stays, and how far the rest stands from it."""
    for name in ("support", "still", "found", "rest"):
        values = part.column(name)
        low, middle, high = part.at(values, 0.1, 0.5, 0.9)
        sheet.even(f"{part.name}{name}_low", low)
        sheet.even(f"{part.name}{name}", middle)
        sheet.even(f"{part.name}{name}_high", high)
    sheet.even(f"{part.name}residual", _log(part.at(part.column("residual"), 0.5)[0]))
    roll = part.column("roll")
    sheet.even(f"{part.name}roll", _log(abs(part.mean(roll))))
    sheet.even(f"{part.name}roll_speed", _log(part.mean(np.abs(roll))))
    sheet.even(f"{part.name}roll_way", _log(abs(part.mean(roll)) * part.seconds))
    sheet.even(f"{part.name}roll_straight", abs(part.mean(roll)) / (part.mean(np.abs(roll)) + _REST))
    pan = np.hypot(part.column("pan_x"), part.column("pan_y"))
    turn, growth = MEAN_RADIUS * np.abs(roll), MEAN_RADIUS * np.abs(part.column("zoom"))
    moved = np.sqrt(pan**2 + turn**2 + growth**2)  # of a pixel at the mean distance from the centre
    low, middle, high = part.at(moved, 0.15, 0.5, 0.85)
    sheet.even(f"{part.name}moved_low", _log(low))
    sheet.even(f"{part.name}moved", _log(middle))
    sheet.even(f"{part.name}moved_high", _log(high))
    sheet.even(f"{part.name}roll_over_rest", part.mean(turn) / (part.mean(pan + growth + turn) + _REST / 4))


def _gather_pan(sheet: _Sheet, part: _Part) -> None:
    """Note how fast the picture shifts, how far it comes, and how much of that is shaking."""
    for name, pan in (
        ("pan", part.column("pan_x") + 1j * part.column("pan_y")),
        ("ring_pan", part.column("ring_pan_x") + 1j * part.column("ring_pan_y")),
    ):
        speed = np.abs(pan)
        mean = part.mean(speed)
        net = abs(complex(part.mean(pan.real), part.mean(pan.imag)))
        low, middle, high = part.at(speed, 0.1, 0.5, 0.9)
        sheet.even(f"{part.name}{name}_speed", _log(mean))
        sheet.even(f"{part.name}{name}_speed_low", _log(low))
        sheet.even(f"{part.name}{name}_speed_middle", _log(middle))
        sheet.even(f"{part.name}{name}_speed_high", _log(high))
        sheet.even(f"{part.name}{name}_net", _log(net))
        sheet.even(f"{part.name}{name}_way", _log(net * part.seconds))
        sheet.even(f"{part.name}{name}_straight", net / (mean + _REST))
    pan_x, pan_y = part.column("pan_x"), part.column("pan_y")
    sheet.even(f"{part.name}pan_across", _log(abs(part.mean(pan_x))))
    sheet.even(f"{part.name}pan_down", _log(abs(part.mean(pan_y))))
    sheet.even(f"{part.name}pan_jitter", _log(_jitter(pan_x) + _jitter(pan_y)))
    sheet.even(f"{part.name}farthest", _log(_farthest(part, pan_x, pan_y)))


def _gather_zoom(sheet: _Sheet, part: _Part) -> None:
    """Note how fast the picture grows as a whole, far out, far in, along each axis and between pairs of corners."""
    for name in _ZOOMS:
        zoom = part.column(name)
        mean, speed = part.mean(zoom), part.mean(np.abs(zoom))
        low, middle, high = part.at(zoom, 0.15, 0.5, 0.85)
        sheet.odd(f"{part.name}{name}", _signed_log(mean))
        sheet.odd(f"{part.name}{name}_middle", _signed_log(middle))
        sheet.odd(f"{part.name}{name}_total", _signed_log(mean * part.seconds))
        sheet.odd(f"{part.name}{name}_sign", mean / (speed + _REST))
        if name in ("zoom", "ring_zoom", "spread_zoom"):
            sheet.ends(f"{part.name}{name}", _signed_log(low), _signed_log(high))
            sheet.even(f"{part.name}{name}_speed", _log(speed))
    sheet.even(f"{part.name}zoom_jitter", _log(_jitter(part.column("zoom"))))


def _gather_votes(sheet: _Sheet, part: _Part) -> None:
    """Note whether corners move outwards, how steadily, and from where."""
    for name in _VOTES:
        vote = part.column(name)
        low, high = part.at(vote, 0.2, 0.8)
        mean = part.mean(vote)
        sheet.odd(f"{part.name}{name}", mean)
        sheet.ends(f"{part.name}{name}", low, high)
        sheet.odd(f"{part.name}{name}_sign", mean / (part.mean(np.abs(vote)) + 0.02))
    low, middle = part.at(part.column("focus"), 0.2, 0.5)
    sheet.even(f"{part.name}focus_low", low)
    sheet.even(f"{part.name}focus", middle)


def _gather_agreement(sheet: _Sheet, pairs: _Part, slow: _Part) -> None:
    """Note what several ways of measuring growth agree on, and what growth is beside the shift."""
    rates: list[float] = []
    for part in (pairs, slow):
        pan = np.hypot(part.column("pan_x"), part.column("pan_y"))
        zoom, ring, spread = (part.mean(part.column(name)) for name in ("zoom", "ring_zoom", "spread_zoom"))
        path = part.mean(pan)
        net = abs(complex(part.mean(part.column("pan_x")), part.mean(part.column("pan_y"))))
        for name, rate in (("zoom", zoom), ("ring_zoom", ring), ("spread_zoom", spread)):
            sheet.odd(f"{part.name}{name}_over_pan", MEAN_RADIUS * rate / (path + MEAN_RADIUS * abs(rate) + _REST / 4))
            sheet.odd(f"{part.name}{name}_over_net", MEAN_RADIUS * rate / (net + MEAN_RADIUS * abs(rate) + _REST / 4))
        residual = part.mean(part.column("residual"))
        sheet.odd(
            f"{part.name}zoom_over_residual", MEAN_RADIUS * zoom / (residual + MEAN_RADIUS * abs(zoom) + _REST / 4)
        )
        sheet.even(f"{part.name}pan_over_residual", path / (residual + path + _REST))
        across, down = part.mean(part.column("zoom_x")), part.mean(part.column("zoom_y"))
        sheet.odd(f"{part.name}zoom_both", _signed_log(_agreed([across, down])))
        sheet.even(f"{part.name}stretch", _log(abs(across - down)))
        inner = part.mean(part.column("centre_zoom"))
        sheet.odd(f"{part.name}zoom_agreed", _signed_log(_agreed([zoom, ring, spread])))
        sheet.odd(f"{part.name}zoom_in_and_out", _signed_log(_agreed([inner, ring])))
        if len(part):
            rates += [zoom, ring, spread]
    agreed = _agreed(rates)
    sheet.odd("zoom_all", _signed_log(agreed))
    sheet.odd("zoom_all_total", _signed_log(agreed * pairs.seconds))
    moved = min(
        pairs.mean(np.hypot(pairs.column(f"{name}_x"), pairs.column(f"{name}_y"))) for name in ("pan", "ring_pan")
    )
    sheet.even("pan_least", _log(moved))


def _agreed(rates: list[float]) -> float:
    """Return the smallest of rates that agree in their sign, else 0."""
    if not rates:
        return 0.0
    low, high = min(rates), max(rates)
    return low if low > 0 else high if high < 0 else 0.0


def _jitter(values: Numbers) -> float:
    """Return the mean change of a rate's change."""
    return float(np.abs(np.diff(values, 2)).mean()) if len(values) > 2 else 0.0


def _farthest(part: _Part, pan_x: Numbers, pan_y: Numbers) -> float:
    """Return how far the picture comes from where it began, at most, frame widths."""
    if not len(part):
        return 0.0
    return float(np.hypot(np.cumsum(pan_x * part.each), np.cumsum(pan_y * part.each)).max())


def _log(value: float) -> float:
    """Return how large what is never negative is, on a scale on which a camera at rest is about 0."""
    return float(np.log1p(max(value, 0.0) / _REST))


def _signed_log(value: float) -> float:
    return float(np.copysign(np.log1p(abs(value) / _REST), value))


def _nothing() -> MotionSeries:
    none = np.zeros(0, np.float32)
    return MotionSeries(none, none, np.zeros((0, len(SERIES_COLUMNS)), np.float32), np.zeros(0, np.bool_), 0.0)


_EMPTY = _gather(_nothing())
FEATURES = tuple(_EMPTY.names)
_TWIN = np.array([FEATURES.index(name) for name, _ in _EMPTY.twins])
_TURN = np.array([sign for _, sign in _EMPTY.twins], np.float32)


def motion_features(series: MotionSeries) -> Values:
    """Return what is known of the motion in a shot as a whole, (FEATURES,), float32, finite.

    Mirrored left to right a shot has the same features; of a shot played backwards `backwards` tells them. Rates stand
    on a logarithmic scale, so that a slow move and a fast one are told apart equally well.
    """
    return np.nan_to_num(np.array(_gather(series).values, np.float32), nan=0.0, posinf=20.0, neginf=-20.0)


def are_movements(names: Iterable[str]) -> bool:
    """Return whether the classes of a task are the four movements, in whatever order and case."""
    return sorted(name.casefold() for name in names) == sorted(MOVEMENTS)


def backwards(features: Values) -> Values:
    """Return what the features would be of the same shots played backwards, (…, FEATURES): a push becomes a pull."""
    return np.asarray(features[..., _TWIN] * _TURN, np.float32)
