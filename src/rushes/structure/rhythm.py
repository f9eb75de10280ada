"""How fast a film is cut: the smoothed length of its shots over time, and which of them are long for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.structure.facts import RhythmPoint

Floats = npt.NDArray[np.float64]

MOST_POINTS = 300
_POINTS_PER_WIDTH = 4  # of the curve; more show nothing more
_WIDTH_SHARE = 0.02  # of the film: some two and a half minutes of two hours
_WIDTH_SHOTS = 3  # shots of the average length that the curve looks over at least
_LEAST_SHOTS = 8  # from so many on, a film's own lengths say what is long in it
_LONG_ALONE_SECONDS = 60.0  # what is long in a film of fewer shots
_LONG_LEAST_SECONDS = 10.0
_LONG_DEVIATIONS = 2.0
_NORMAL = 1.4826  # the standard deviation of a normal distribution by its median absolute deviation


@dataclass(frozen=True, slots=True)
class LongTakes:
    """Places of the shots that are long for their film, and from what length they are."""

    places: tuple[int, ...]
    from_seconds: float


def smooth_rhythm(starts: Floats, stops: Floats, *, duration: float) -> tuple[RhythmPoint, ...]:
    """Return how long shots are around each of at most 300 moments; () without a shot.

    The mean of the logarithms of the lengths, in which each shot counts as much as every other, spread over the time
    that it lasts, by a Gaussian of 2 % of the film (at least three average shots). Logarithms, because lengths are
    spread about as a log-normal: a few long shots would else be the curve. It is the local geometric mean, which lies
    near the median. That a film's rhythm is told by its lengths smoothed over time: Cutting, DeLong & Nothelfer,
    "Attention and the Evolution of Hollywood Film", Psychological Science 21 (2010), and the graphs of Cinemetrics.

    Args:
        starts, stops: (shots,) seconds, rising; blank shots are not among them.
        duration: of the film in seconds.
    """
    if not len(starts) or duration <= 0:
        return ()
    lengths = stops - starts
    width = max(_WIDTH_SHARE * duration, _WIDTH_SHOTS * float(lengths.mean()))
    count = min(MOST_POINTS, max(2, round(_POINTS_PER_WIDTH * duration / width) + 1))
    times = np.linspace(0.0, duration, count)
    weights = _share_within(times, starts, stops, width) / lengths
    logs = (weights * np.log(lengths)).sum(axis=1) / weights.sum(axis=1)
    return tuple(RhythmPoint(float(at), float(np.exp(log))) for at, log in zip(times, logs, strict=True))


def find_long_takes(lengths: Floats) -> LongTakes:
    """Return the shots that are long for this film.

    A take is long that is two standard deviations of the logarithms above their median, and at least ten seconds: of a
    log-normal film one shot of forty-four. Median and median absolute deviation stand for mean and deviation, because
    real films are a log-normal only about (for it: DeLong; against it: Redfern; both in Literary and Linguistic
    Computing 30, 2015), and because long takes must not raise the measure that they are held to. In a film of fewer
    than eight shots a minute is long.

    Args:
        lengths: (shots,) seconds.
    """
    if len(lengths) < _LEAST_SHOTS:
        bound = _LONG_ALONE_SECONDS
    else:
        logs = np.log(lengths)
        middle = float(np.median(logs))
        spread = _NORMAL * float(np.median(np.abs(logs - middle)))
        bound = max(_LONG_LEAST_SECONDS, float(np.exp(middle + _LONG_DEVIATIONS * spread)))
    return LongTakes(tuple(int(place) for place in np.flatnonzero(lengths >= bound)), bound)


def _share_within(times: Floats, starts: Floats, stops: Floats, width: float) -> Floats:
    """Return (times, shots): how much of a Gaussian around each time lies within each shot.

    What underflows far from every shot (a film that ends in a long blank) counts as next to nothing, not as nothing.
    """
    ends = np.concatenate([starts, stops])
    below = _normal_below((ends[None] - times[:, None]) / width)
    within = below[:, len(starts) :] - below[:, : len(starts)]
    apart = np.maximum(0.0, np.maximum(starts[None] - times[:, None], times[:, None] - stops[None])) / width
    return np.asarray(np.maximum(within, 1e-9 / (1 + apart) ** 6), np.float64)


def _normal_below(deviations: Floats) -> Floats:
    """Return the share of a normal distribution below so many deviations, to 1e-7.

    Abramowitz & Stegun, "Handbook of Mathematical Functions", 26.2.17: NumPy has no error function.
    """
    away = np.abs(deviations)
    t = 1 / (1 + 0.2316419 * away)
    series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    above = np.exp(-(away**2) / 2) / np.sqrt(2 * np.pi) * series
    return np.asarray(np.where(deviations > 0, 1 - above, above), np.float64)
