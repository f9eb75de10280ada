"""Whether a runtime that computes less exactly answers well enough, judged on pictures training was kept from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.bundles.graph import Graph
from rushes.evaluation.comparison import Pairing, compare_part
from rushes.evaluation.estimate import Estimate
from rushes.learning.calibration import Calibration
from rushes.learning.predictions import Predictions

LEAST_HELD_OUT = 60  # pictures: where none of them is answered otherwise, at most 5 % of others are (95 % confidence)
F1_LOST = 0.01  # of macro-F1, that may be lost at the unfavourable end of the interval
AGREEMENT = 0.97  # of answers, that must be the same
LOG_LOSS_GAINED = 0.02  # at the unfavourable end: whether a calibration and thresholds fitted to the default hold
VERDICTS = 0.98  # of verdicts whether a class's threshold is reached, that must be the same
LEAST_GAIN = 1.1  # times as fast as the default, below which a runtime is not worth other answers
_AT_ONCE = 16
_TURNS = 5


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Pictures of validation with their labels, as the graph takes them.

    Attributes:
        pixels: (pictures, height, width, channels) uint8, prepared.
        measures: (pictures, measures) float32, of a graph that takes them.
        labelled: truth and group of each, row by row.
        of: how many pictures validation has.
    """

    pixels: npt.NDArray[np.uint8]
    measures: npt.NDArray[np.float32] | None
    labelled: Predictions
    of: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the answers of a runtime cost beside those of the default.

    Attributes:
        objections: why it is not taken, in words with figures; empty where it is.
        figures: plain values for JSON.
    """

    objections: tuple[str, ...]
    figures: Mapping[str, Any]


def answer_held_out(graph: Graph, held_out: HeldOut, calibration: Calibration) -> Predictions:
    """Return what a graph answers on validation, calibrated as the bundle does."""
    parts = [
        graph(
            held_out.pixels[at : at + _AT_ONCE],
            None if held_out.measures is None else held_out.measures[at : at + _AT_ONCE],
        )
        for at in range(0, len(held_out.pixels), _AT_ONCE)
    ]
    return replace(held_out.labelled, probabilities=calibration.apply(np.concatenate(parts)))


def weigh_answers(
    default: Predictions, other: Predictions, thresholds: Mapping[str, float] | None, *, seed: int = 0
) -> Weighed:
    """Return what the other's answers cost, with intervals over groups of the paired differences.

    Where one group alone feeds a score, each picture counts as a group: that is narrower than it should be, and the
    figures say so by `groups`.

    Args:
        default, other: calibrated alike, of the same samples, row by row; `LEAST_HELD_OUT` at least.
        thresholds: of the bundle; None of one without.
    """
    count = len(default)
    if count < LEAST_HELD_OUT:
        return Weighed((f"validation has {count} pictures that can be read, and it takes {LEAST_HELD_OUT} to judge",),
                       {"pictures": count})  # fmt: skip
    found = _compare(default, other, seed)
    if found.f1_macro.interval.low is None or found.more["log_loss"].interval.low is None:
        each = tuple(str(row) for row in range(count))
        default, other = replace(default, groups=each), replace(other, groups=each)
        found = _compare(default, other, seed)
    apart = np.abs(default.probabilities.astype(np.float64) - other.probabilities)
    agreement = float((default.predicted == other.predicted).mean())
    verdicts = _alike_verdicts(default, other, thresholds)
    f1, loss = found.f1_macro, found.more["log_loss"]
    figures = {
        "pictures": count,
        "groups": len(set(default.groups)),
        "f1_macro": {"default": found.macros[0].value, "value": found.macros[1].value, **_difference(f1)},
        "accuracy": _difference(found.accuracy),
        "log_loss": _difference(loss),
        "agreement": agreement,
        "verdicts_alike": verdicts,
        "mean_difference": float(apart.max(axis=1).mean()),
        "largest_difference": float(apart.max()),
    }
    f1_low, loss_high = _end(f1, f1.interval.low), _end(loss, loss.interval.high)
    objections = (
        (f1_low < -F1_LOST, f"macro-F1 may fall by {-f1_low:.3f} (allowed {F1_LOST})"),
        (agreement < AGREEMENT, f"{agreement:.1%} of the answers stay (at least {AGREEMENT:.0%})"),
        (loss_high > LOG_LOSS_GAINED,
         f"log loss may rise by {loss_high:.3f} (allowed {LOG_LOSS_GAINED}), so calibration does not hold"),
        (verdicts is not None and verdicts < VERDICTS,
         f"{verdicts or 0:.1%} of the verdicts by thresholds stay (at least {VERDICTS:.0%})"),
    )  # fmt: skip
    return Weighed(tuple(said for raised, said in objections if raised), figures)


def describe_weighed(figures: Mapping[str, Any]) -> str:
    """Return what a runtime's answers cost, in a sentence without its full stop."""
    f1, loss = figures["f1_macro"], figures["log_loss"]
    return (
        f"on {figures['pictures']:,} pictures of validation macro-F1 is {_shown(f1['value'])} "
        f"({_shown(f1['default'])} by the default; {_range(f1)}), {figures['agreement']:.1%} of the answers "
        f"stay, probabilities differ by {figures['mean_difference']:.3f} on average, log loss by {_range(loss)}"
    )


def measure_gains(
    default: Graph, other: Graph, pixels: npt.NDArray[np.uint8], measures: npt.NDArray[np.float32] | None
) -> dict[str, float]:
    """Return pictures at a time -> how many times as fast the other is, in processor time, the two taking turns.

    Args:
        default, other: opened with one thread, which is the one that calls; other threads are not counted.
    """
    gains: dict[str, float] = {}
    for count in sorted({1, min(_AT_ONCE, len(pixels))}):
        shown, measured = pixels[:count], None if measures is None else measures[:count]
        taken = [tuple(_time(graph, shown, measured) for graph in (default, other)) for _ in range(_TURNS + 1)][1:]
        ours, its = (median(pair[index] for pair in taken) for index in (0, 1))
        gains[str(count)] = round(ours / max(its, 1e-9), 2)
    return gains


def describe_gains(gains: Mapping[str, float]) -> str:
    """Return how fast a runtime is beside the default: `3.1 x as fast as the default singly, 3.0 x 16 at a time`."""
    counts = [(gain, "singly" if count == "1" else f"{count} at a time") for count, gain in gains.items()]
    (first, how), *others = counts
    return ", ".join([f"{first:.1f} x as fast as the default {how}", *(f"{gain:.1f} x {how}" for gain, how in others)])


def _time(graph: Graph, pixels: npt.NDArray[np.uint8], measures: npt.NDArray[np.float32] | None) -> float:
    return _timed(lambda: graph(pixels, measures))


def _timed(call: Callable[[], object]) -> float:
    """Return the processor time of one call, from as many as take a tenth of a second at least."""
    calls, spent = 0, 0.0
    before = time.process_time()
    while spent < 0.1 and calls < 200:
        call()
        calls, spent = calls + 1, time.process_time() - before
    return spent / calls


def _compare(default: Predictions, other: Predictions, seed: int) -> Any:
    count = len(default)
    return compare_part("validation", Pairing(default, other, (count, count), relabelled=0), seed=seed)


def _alike_verdicts(default: Predictions, other: Predictions, thresholds: Mapping[str, float] | None) -> float | None:
    if not thresholds:
        return None
    columns = [default.classes.index(name) for name in thresholds]
    limits = np.array([*thresholds.values()])
    reached = [one.probabilities[:, columns].astype(np.float64) >= limits for one in (default, other)]
    return float((reached[0] == reached[1]).mean())


def _difference(found: Estimate) -> dict[str, float | None]:
    return {"difference": found.value, "low": found.interval.low, "high": found.interval.high}


def _end(found: Estimate, end: float | None) -> float:
    """Return an end of an interval; the difference itself where there is none."""
    return end if end is not None else found.value or 0.0


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _range(table: Mapping[str, float | None]) -> str:
    difference, low, high = table["difference"], table["low"], table["high"]
    if difference is None:
        return "undefined"
    return f"{difference:+.3f}" + ("" if low is None or high is None else f", {low:+.3f} to {high:+.3f}")
