"""Where the parts of a histogram stand in a box: bars, the fitted curve, and ticks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

from rushes.datasets.standardised import Distribution

_CURVE_POINTS = 121
_LEAST_SPAN = 2.5  # deviations to both sides that are shown, so that the curve is seen as one
_HEADROOM = 1.06
_MOST_TICKS = 7

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class HistogramPlot:
    """A histogram and a curve in a box.

    Attributes:
        outline: of the bars, closed along the bottom of the box.
        curve: of the normal density, from left to right.
        ticks: (x, label) along the bottom.
        levels: (y, label) along the left.
    """

    outline: tuple[Point, ...]
    curve: tuple[Point, ...]
    ticks: tuple[tuple[float, str], ...]
    levels: tuple[tuple[float, str], ...]


def plan_plot(distribution: Distribution, box: Box) -> HistogramPlot:
    """Return where the parts of a histogram stand; all bars are inside the box, and all of the curve over them."""
    edges, densities, fit = distribution.histogram.edges, distribution.histogram.densities, distribution.fit
    first, last = min(edges[0], -_LEAST_SPAN), max(edges[-1], _LEAST_SPAN)
    highest = max(*densities, fit.density(fit.mean)) * _HEADROOM

    def x(value: float) -> float:
        return box.left + (value - first) / (last - first) * (box.right - box.left)

    def y(density: float) -> float:
        return box.bottom - density / highest * (box.bottom - box.top)

    outline: list[Point] = [(x(edges[0]), box.bottom)]
    for start, stop, density in zip(edges, edges[1:], densities, strict=False):
        outline += [(x(start), y(density)), (x(stop), y(density))]
    outline.append((x(edges[-1]), box.bottom))
    values = [first + (last - first) * step / (_CURVE_POINTS - 1) for step in range(_CURVE_POINTS)]
    wide = ceil((last - first) / _MOST_TICKS)
    whole = range(ceil(first / wide) * wide, floor(last) + 1, wide)
    round_level = _round_below(highest)
    return HistogramPlot(
        outline=tuple(outline),
        curve=tuple((x(value), y(fit.density(value))) for value in values),
        ticks=tuple((x(value), signed(value, digits=0)) for value in whole),
        levels=tuple((y(level), f"{level:g}") for level in (0.0, round_level / 2, round_level)),
    )


def signed(value: float, *, digits: int = 2) -> str:
    """Return a number with a real minus, and without one before a zero: `−1.67`, `0.00`."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:.{digits}f}".replace("-", "−")


def _round_below(value: float) -> float:
    """Return the greatest of 1, 2, 4, 6 and 8, with zeros before or behind, that is not above a value."""
    scale = 10.0 ** floor(log10(value))
    # The logarithm of 99.99999999999999 is 2, rounded.
    return max((lead * scale for lead in (1, 2, 4, 6, 8) if lead * scale <= value), default=0.8 * scale)
