"""What the camera did over the time of a shot, drawn under its frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.evaluation.markup import text
from rushes.footage.movement import SERIES_COLUMNS, MotionSeries
from rushes.footage.movement_words import growth_rates

Floats = npt.NDArray[np.float64]
Scale = Callable[[float], float]

LINES = (("zoom", "main"), ("pan", "second"), ("tilt", "third"))
_LEAST_SCALE = 5.0  # percent to either side, so that a camera at rest is drawn at rest
_LEAST_APART = 14.0  # between two ticks
_LEAST_GAP = 0.04  # of a shot, at its ends: what is shorter is the way to the first frame, or from the last
_ROOMY = 26.0  # between two ticks where letters are large, as on a phone
_WIDTH, _TOP, _HEIGHT, _WHOLE = 900.0, 6.0, 86.0, 112.0


@dataclass(frozen=True, slots=True, eq=False)
class MotionCurve:
    """How far the camera has come at each moment of a shot.

    Attributes:
        seconds: (points,), since the first frame of the shot.
        zoom: (points,), growth of the picture since the first point, in percent: above 0 it has pushed in.
        pan, tilt: (points,), way of the camera to the right and upwards, in percent of the frame's width.
        broken: (points,), bool: nothing was followed on the way to this point, so that the line breaks there.
        duration_seconds: of the shot.
        cuts: seconds at which a cut was found inside the shot.
    """

    seconds: Floats
    zoom: Floats
    pan: Floats
    tilt: Floats
    broken: npt.NDArray[np.bool_]
    duration_seconds: float
    cuts: tuple[float, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was followed: a shot of a frame or two, or black."""
        return bool(self.broken.all())

    @property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """From which second to which nothing was followed; () where that is the whole shot."""
        if self.is_empty:
            return ()
        ends = [0.0, *self.seconds.tolist(), self.duration_seconds]
        untold = [True, *self.broken[1:].tolist(), True]  # before the first point, between points, behind the last
        found: list[tuple[float, float]] = []
        for first, last, gone in zip(ends[:-1], ends[1:], untold, strict=True):
            if gone and last > first:
                joins = bool(found) and found[-1][1] == first
                found.append((found.pop()[0] if joins else first, last))
        least = _LEAST_GAP * self.duration_seconds
        return tuple(gap for gap in found if gap[1] - gap[0] > least or (gap[0] > 0 and gap[1] < self.duration_seconds))


def curve_of(series: MotionSeries, *, cuts: Sequence[float] = ()) -> MotionCurve:
    """Return the way of the camera from the motion between pairs of frames.

    What is not trusted moves the camera by nothing, and breaks the line.

    Args:
        cuts: seconds since the shot's first frame.
    """
    each = series.seconds_each.astype(np.float64) * series.trusted

    def way(rates: Floats) -> Floats:
        return np.concatenate([[0.0], np.cumsum(rates * each)])

    seconds = series.seconds.astype(np.float64)
    start = max(0.0, float(seconds[0] - series.seconds_each[0])) if len(seconds) else 0.0
    return MotionCurve(
        seconds=np.concatenate([[start], seconds]),
        zoom=100 * np.expm1(way(growth_rates(series))),
        pan=-100 * way(_column(series, "pan_x")),
        tilt=100 * way(_column(series, "pan_y")),
        broken=np.concatenate([[True], ~series.trusted]),
        duration_seconds=max(series.duration_seconds, float(seconds[-1]) if len(seconds) else 0.0),
        cuts=tuple(cuts),
    )


def _column(series: MotionSeries, name: str) -> Floats:
    return series.values[:, SERIES_COLUMNS.index(name)].astype(np.float64)


def draw_motion(curve: MotionCurve, *, label: str) -> str:
    """Draw zoom, pan and tilt over the time of a shot, and the cuts inside it, as wide as the strip above it.

    Args:
        label: what a reader hears who does not see it.
    """
    low, high = _scale(curve)

    def x(second: float) -> float:
        return min(max(second / (curve.duration_seconds or 1.0), 0.0), 1.0) * _WIDTH

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * _HEIGHT

    parts = [_gap(x(first), x(last)) for first, last in curve.gaps]
    ticks = [0.0, *(at for at in (_round(high), -_round(-low)) if abs(y(at) - y(0)) >= _LEAST_APART)]
    parts += [
        f'<path class="grid{"" if at else " zero"}" d="M0,{y(at):.1f}H{_WIDTH:.0f}"/>'
        f'<text class="tick{" crowded" if at and abs(y(at) - y(0)) < _ROOMY else ""}" x="2" y="{y(at) - 3:.1f}">'
        f"{signed(at)}{' %' if at else ''}</text>"
        for at in ticks
    ]
    bottom = _TOP + _HEIGHT + 15
    parts.append(
        f'<text class="tick" x="2" y="{bottom:.0f}">0 s</text><text class="tick" x="{_WIDTH - 2:.0f}" '
        f'y="{bottom:.0f}" text-anchor="end">{curve.duration_seconds:.1f} s</text>'
    )
    parts += [_cut(x(second)) for second in curve.cuts]
    if curve.is_empty:
        parts.append(f'<text class="tick" x="{_WIDTH / 2:.0f}" y="{y(0) - 6:.0f}" text-anchor="middle">no motion could '
                     "be measured</text>")  # fmt: skip
    else:
        parts += [_line(curve, name, style, x, y) for name, style in reversed(LINES)]
    return (
        f'<svg class="chart way" viewBox="0 0 {_WIDTH:.0f} {_WHOLE:.0f}" role="img" aria-label="{text(label)}">'
        f"{''.join(parts)}</svg>"
    )


def name_lines(curve: MotionCurve) -> str:
    """Return the names of the lines with where each ends, as a list in their colours; nothing without lines."""
    if curve.is_empty:
        return ""
    items = "".join(
        f'<li class="{style}"><i></i>{name} <b>{signed(float(getattr(curve, name)[-1]))} %</b></li>'
        for name, style in LINES
    )
    gap = '<li class="gap"><i></i>not measured here</li>' if curve.gaps else ""
    return f'<ul class="lines">{items}{gap}</ul>'


def signed(value: float) -> str:
    """Return a whole number with its sign; what rounds to nothing has none."""
    whole = round(value)
    return f"{whole:+d}".replace("-", "\u2212") if whole else "0"


def _line(curve: MotionCurve, name: str, style: str, x: Scale, y: Scale) -> str:
    path = "".join(
        f"{'M' if broken else 'L'}{x(second):.1f},{y(value):.1f}"
        for second, value, broken in zip(curve.seconds, getattr(curve, name), curve.broken, strict=True)
    )
    return f'<path class="line {style}" d="{path}"/>'


def _gap(first: float, last: float) -> str:
    return (
        f'<rect class="gap" x="{first:.1f}" y="{_TOP:.0f}" width="{max(last - first, 1.0):.1f}" height="{_HEIGHT:.0f}">'
        "<title>not measured here</title></rect>"
    )


def _cut(at: float) -> str:
    side, shift = ("end", -4) if at > _WIDTH * 0.9 else ("start", 4)
    return (
        f'<path class="cut" d="M{at:.1f},0V{_TOP + _HEIGHT:.0f}"/>'
        f'<text class="cut" x="{at + shift:.1f}" y="{_TOP + 8:.0f}" text-anchor="{side}">cut</text>'
    )


def _scale(curve: MotionCurve) -> tuple[float, float]:
    """Return the lowest and the highest value drawn, so that what is small is drawn small and 0 is never at an edge."""
    values = np.concatenate([getattr(curve, name) for name, _ in LINES])
    low, high = min(-_LEAST_SCALE, float(values.min())), max(_LEAST_SCALE, float(values.max()))
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _round(most: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, 50 and so on that is not above."""
    step = 10.0 ** np.floor(np.log10(most))
    return float(step * max(one for one in (1, 2, 5) if one * step <= most))
