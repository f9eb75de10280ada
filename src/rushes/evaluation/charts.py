"""Curves as inline SVG, coloured by the page's style sheet so that they follow light, dark and print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rushes.evaluation.markup import text
from rushes.evaluation.scores import Curve

_MOST_POINTS = 160


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart over epochs.

    Attributes:
        points: (epoch, value) in the order of epochs.
        style: a class of the style sheet: `main`, `second`, `third`, or `c0` to `c7` where lines are of equal rank.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: str


def draw_curve(curve: Curve, *, share: float, answered: tuple[float, float] | None, label: str) -> str:
    """Draw precision over recall for one class, in steps, so that the area is the average precision.

    Args:
        share: of the samples that are of the class, drawn as the line that a random order would give.
        answered: (recall, precision) of the model's own answers, drawn as a dot.
        label: what a reader hears who does not see it.
    """
    left, top, width, height = 36.0, 8.0, 158.0, 130.0

    def place(recall: float, precision: float) -> str:
        return f"{left + recall * width:.1f},{top + (1 - precision) * height:.1f}"

    recall, precision = _steps(curve)
    points = []
    for start, stop, level in zip([0.0, *recall], recall, precision, strict=False):
        points += [place(start, level), place(stop, level)]
    bottom = top + height
    area = f"{left:.1f},{bottom:.1f} {' '.join(points)} {points[-1].split(',')[0]},{bottom:.1f}"
    ticks = "".join(
        f'<text class="tick" x="{left - 5:.0f}" y="{top + (1 - at) * height + 3.5:.1f}" text-anchor="end">{name}</text>'
        f'<text class="tick" x="{left + at * width:.1f}" y="{bottom + 13:.1f}" text-anchor="middle">{name}</text>'
        f'<path class="grid" d="M{place(0, at)}H{left + width:.1f}"/>'
        for at, name in ((0.0, "0"), (0.5, ".5"), (1.0, "1"))
    )
    dot = ""
    if answered is not None:
        x, y = place(*answered).split(",")
        dot = f'<circle class="dot" cx="{x}" cy="{y}" r="4"/>'
    return (
        f'<svg class="chart" viewBox="0 0 200 168" role="img" aria-label="{text(label)}">{ticks}'
        f'<path class="blind" d="M{place(0, share)}H{left + width:.1f}"/>'
        f'<polygon class="area" points="{area}"/><polyline class="main" points="{" ".join(points)}"/>{dot}'
        f'<text class="axis" x="{left + width / 2:.0f}" y="{bottom + 27:.0f}" text-anchor="middle">recall</text>'
        f'<text class="axis" transform="translate(9 {top + height / 2:.0f}) rotate(-90)" text-anchor="middle">'
        "precision</text>"
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
