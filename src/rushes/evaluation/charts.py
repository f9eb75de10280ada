"""Curves as inline SVG, coloured by the page's style sheet so that they follow light, dark and print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rushes.evaluation.markup import text
from rushes.evaluation.scores import Curve
from rushes.evaluation.steps import Steps

_MOST_POINTS = 160
_LEFT, _TOP, _WIDTH, _HEIGHT = 36.0, 8.0, 158.0, 130.0  # of the square between two axes from 0 to 1


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart over epochs.

    Attributes:
        points: (epoch, value) in the order of epochs.
        style: a class of the style sheet: `main`, `second`, `third`, or where lines are of equal rank `k0` to `k11`,
            the colours of a task's classes, or `c0` to `c7`.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: str


def draw_curve(
    curve: Curve,
    *,
    share: float,
    answered: tuple[float, float] | None,
    label: str,
    chosen: tuple[float, float] | None = None,
) -> str:
    """Draw precision over recall for one class, in steps, so that the area is the average precision.

    Args:
        share: of the samples that are of the class, drawn as the line that a random order would give.
        answered: (recall, precision) of the model's own answers, drawn as a ring.
        chosen: (recall, precision) at a threshold, drawn as a dot.
        label: what a reader hears who does not see it.
    """
    recall, precision = _steps(curve)
    points = []
    for start, stop, level in zip([0.0, *recall], recall, precision, strict=False):
        points += [_place(start, level), _place(stop, level)]
    bottom = _TOP + _HEIGHT
    area = f"{_LEFT:.1f},{bottom:.1f} {' '.join(points)} {points[-1].split(',')[0]},{bottom:.1f}"
    drawn = (
        f'<path class="blind" d="M{_place(0, share)}H{_LEFT + _WIDTH:.1f}"/>'
        f'<polygon class="area" points="{area}"/><polyline class="main" points="{" ".join(points)}"/>'
    )
    return _square(drawn, across="recall", up="precision", answered=answered, chosen=chosen, label=label)


def draw_roc(
    steps: Steps, *, answered: tuple[float, float] | None, label: str, chosen: tuple[float, float] | None = None
) -> str:
    """Draw recall over the false positive rate for one class, with the diagonal that a random order would give.

    Args:
        steps: of the class; samples of it and others are there.
        answered, chosen, label: as for `draw_curve`, but (FPR, recall).
    """
    corners = np.stack([np.append(0, steps.fp) / steps.negatives, np.append(0, steps.tp) / steps.positives], axis=1)
    kept = np.unique(np.linspace(0, len(corners) - 1, min(len(corners), _MOST_POINTS)).round().astype(int))
    points = " ".join(_place(float(x), float(y)) for x, y in corners[kept])
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    drawn = (
        f'<path class="blind" d="M{_LEFT:.1f},{bottom:.1f}L{right:.1f},{_TOP:.1f}"/>'
        f'<polygon class="area" points="{points} {right:.1f},{bottom:.1f}"/><polyline class="main" points="{points}"/>'
    )
    return _square(
        drawn,
        across="false positive rate",
        up="recall",
        answered=answered,
        chosen=chosen,
        label=label,
        keys="fpr recall",
    )


def _place(across: float, up: float) -> str:
    return f"{_LEFT + across * _WIDTH:.1f},{_TOP + (1 - up) * _HEIGHT:.1f}"


def _square(
    drawn: str,
    *,
    across: str,
    up: str,
    answered: tuple[float, float] | None,
    chosen: tuple[float, float] | None,
    label: str,
    keys: str = "recall precision",
) -> str:
    """Return what was drawn between two axes from 0 to 1, with its points.

    Args:
        keys: the measures on the axes, for a script that moves the chosen point.
    """
    bottom = _TOP + _HEIGHT
    ticks = "".join(
        f'<text class="tick" x="{_LEFT - 5:.0f}" y="{_TOP + (1 - at) * _HEIGHT + 3.5:.1f}" text-anchor="end">'
        f"{name}</text>"
        f'<text class="tick" x="{_LEFT + at * _WIDTH:.1f}" y="{bottom + 13:.1f}" text-anchor="middle">{name}</text>'
        f'<path class="grid" d="M{_place(0, at)}H{_LEFT + _WIDTH:.1f}"/>'
        for at, name in ((0.0, "0"), (0.5, ".5"), (1.0, "1"))
    )
    dots = ""
    if answered is not None:
        x, y = _place(*answered).split(",")
        dots = f'<circle class="dot" cx="{x}" cy="{y}" r="4"/>'
    if chosen is not None:
        x, y = _place(*chosen).split(",")
        frame = f"{_LEFT:g} {_TOP:g} {_WIDTH:g} {_HEIGHT:g}"
        dots += f'<circle class="pick" cx="{x}" cy="{y}" r="4.5" data-axes="{keys}" data-frame="{frame}"/>'
    return (
        f'<svg class="chart" viewBox="0 0 200 168" role="img" aria-label="{text(label)}">{ticks}{drawn}{dots}'
        f'<text class="axis" x="{_LEFT + _WIDTH / 2:.0f}" y="{bottom + 27:.0f}" text-anchor="middle">{across}</text>'
        f'<text class="axis" transform="translate(9 {_TOP + _HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f"{up}</text>"
        "</svg>"
    )


def draw_epochs(lines: Sequence[Line], *, best_epoch: float | None, share: bool, label: str) -> str:
    """Draw lines over epochs, each named at its end.

    Args:
        best_epoch: where the weights were kept, drawn as an upright line.
        share: the values are shares, so that the axis runs from 0 to 1; otherwise from 0 to their largest.
    """
    left, top, width, height = 34.0, 10.0, 250.0, 140.0
    epochs = [epoch for line in lines for epoch, _ in line.points]
    first, last = min(epochs), max(epochs)
    most = 1.0 if share else max(value for line in lines for _, value in line.points) * 1.05 or 1.0

    def x(epoch: float) -> float:
        return left + (epoch - first) / ((last - first) or 1) * width

    def y(value: float) -> float:
        return top + (1 - min(value, most) / most) * height

    parts = [
        f'<path class="grid" d="M{left:.0f},{y(most * at):.1f}H{left + width:.0f}"/>'
        f'<text class="tick" x="{left - 6:.0f}" y="{y(most * at) + 3.5:.1f}" text-anchor="end">{most * at:.2g}</text>'
        for at in (0.0, 0.5, 1.0)
    ]
    parts += [
        f'<text class="tick" x="{x(epoch):.1f}" y="{top + height + 15:.0f}" text-anchor="middle">{epoch:g}</text>'
        for epoch in dict.fromkeys((first, last))
    ]
    if best_epoch is not None and first <= best_epoch <= last:
        side = "end" if x(best_epoch) > left + width * 0.7 else "start"
        shift = -5 if side == "end" else 5
        parts.append(
            f'<path class="mark" d="M{x(best_epoch):.1f},{top:.0f}V{top + height:.0f}"/><text class="axis" '
            f'x="{x(best_epoch) + shift:.1f}" y="{top + height - 6:.0f}" text-anchor="{side}">'
            f"kept: {best_epoch:g}</text>"
        )
    for line in lines:
        points = " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in line.points)
        parts.append(f'<polyline class="{line.style}" points="{points}"/>')
    heights = _apart([y(line.points[-1][1]) for line in lines], lowest=top + height + 12)
    for line, height_of_name in zip(lines, heights, strict=True):
        parts.append(
            f'<text class="name {line.style}" x="{left + width + 7:.0f}" y="{height_of_name + 4:.1f}">'
            f"{text(line.name)}</text>"
        )
    parts.append(
        f'<text class="axis" x="{left + width / 2:.0f}" y="{top + height + 30:.0f}" text-anchor="middle">epoch</text>'
    )
    return f'<svg class="chart" viewBox="0 0 370 184" role="img" aria-label="{text(label)}">{"".join(parts)}</svg>'


def _steps(curve: Curve) -> tuple[list[float], list[float]]:
    """Return where recall rises and the precision there, thinned to what the eye can tell apart."""
    rises = np.flatnonzero(np.diff(curve.recall, prepend=0.0) > 0)
    kept = rises[np.unique(np.linspace(0, len(rises) - 1, min(len(rises), _MOST_POINTS)).round().astype(int))]
    return [float(value) for value in curve.recall[kept]], [float(value) for value in curve.precision[kept]]


def _apart(heights: Sequence[float], *, lowest: float, least: float = 15.0) -> list[float]:
    """Move names apart so that none overlaps, keeping their order from top to bottom and none below `lowest`."""
    moved = list(heights)
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    for above, below in pairwise(order):
        moved[below] = max(moved[below], moved[above] + least)
    if order and moved[order[-1]] > lowest:
        moved[order[-1]] = lowest
        for below, above in pairwise(reversed(order)):
            moved[above] = min(moved[above], moved[below] - least)
    return moved
