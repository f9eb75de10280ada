"""When to stop trying: the target is reached, or nothing has gained beyond the noise for some rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95  # how sure one must be, one-sided, that a difference is no accident of the seeds
UNMEASURED_NOISE = 0.01  # what stands for the noise where no round was repeated
_MANY = 200  # degrees of freedom above which Student's distribution is the normal one, for our purpose


@dataclass(frozen=True, slots=True)
class Round:
    """One thing that was tried.

    Attributes:
        score: mean over the repeats; higher is better.
        spread: standard deviation between the repeats (n - 1 below the line); None where there was one.
        repeats: how often it was trained, each time from another seed.
    """

    score: float
    spread: float | None
    repeats: int

    def __post_init__(self) -> None:
        if not math.isfinite(self.score):
            raise ValueError(f"a round needs a finite score, got {self.score=}; leave out what failed")
        if self.repeats < 1 or (self.spread is not None and not (self.repeats > 1 and self.spread >= 0)):
            raise ValueError(f"a spread takes two repeats or more, got {self.repeats=}, {self.spread=}")


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to stop.

    Attributes:
        reason: a sentence for a person.
        best: position of the round with the highest score, the earliest of equals; None where there is no round.
        gain: by how much the best of the last `patience` rounds beats the best before them; None before there are
            as many.
        noise: how large a gain must be to be none of chance; None where there is no `gain`.
    """

    stop: bool
    reason: str
    best: int | None
    gain: float | None
    noise: float | None


def decide(rounds: Sequence[Round], *, target: float | None, patience: int) -> Decision:
    """Say whether to stop: the target is reached, or the last `patience` rounds gained nothing beyond the noise.

    The window is looked at as a whole, so that a slow climb counts as soon as it has left the noise.

    Args:
        rounds: in the order in which they were tried; what failed is left out.
        target: the score that is enough; None goes on to the plateau.
        patience: rounds without a gain before it stops, 1 or more.
    """
    if patience < 1:
        raise ValueError(f"patience must be 1 or more, got {patience}")
    if not rounds:
        return Decision(False, "nothing has been tried yet", None, None, None)
    best = best_of(rounds)
    reached = target is not None and rounds[best].score >= target
    if len(rounds) <= patience:
        gain = noise = None
    else:
        before = rounds[best_of(rounds[:-patience])]
        recent = rounds[len(rounds) - patience + best_of(rounds[-patience:])]
        gain = recent.score - before.score
        noise = noise_between(recent, before, rounds)
    if reached:
        return Decision(
            True, f"the target is reached: {rounds[best].score:.3f}, wanted {target:.3f}", best, gain, noise
        )
    if gain is None or noise is None:
        return Decision(
            False, f"{len(rounds)} of {patience} rounds that a plateau takes, and one more", best, None, None
        )
    compared = f"the last {patience} gained {gain:+.3f}, and {noise:.3f} is {_source_of_noise(rounds)}"
    if gain > noise:
        return Decision(False, f"still gaining: {compared}", best, gain, noise)
    return Decision(True, f"no gain beyond the noise: {compared}", best, gain, noise)


def best_of(rounds: Sequence[Round]) -> int:
    """Return the position of the highest score, the earliest of equals.

    Raises:
        ValueError: there are no rounds.
    """
    return max(range(len(rounds)), key=lambda index: (rounds[index].score, -index))


def noise_between(one: Round, other: Round, rounds: Sequence[Round], *, among: int = 1) -> float:
    """Return how far two scores may lie apart by the accident of their seeds alone.

    It is Student's quantile times the standard error of the difference, with the spread pooled over all rounds, since
    two or three seeds say little about the spread of one. Where no round was repeated it is `UNMEASURED_NOISE`.

    Args:
        among: how many were compared before these two were picked: the more, the higher the best of them by chance
            (Bonferroni's correction).
    """
    spread, freedom = pool_spread(rounds)
    if spread is None:
        return UNMEASURED_NOISE
    return student_quantile(1 - (1 - LEVEL) / among, freedom) * spread * math.sqrt(1 / one.repeats + 1 / other.repeats)


def pool_spread(rounds: Sequence[Round]) -> tuple[float | None, int]:
    """Return the standard deviation between seeds, pooled over the rounds, and its degrees of freedom; None and 0
    where no round was repeated.
    """
    repeated = [(item.spread, item.repeats - 1) for item in rounds if item.spread is not None]
    freedom = sum(free for _, free in repeated)
    if not freedom:
        return None, 0
    return math.sqrt(sum(spread**2 * free for spread, free in repeated) / freedom), freedom


def student_quantile(share: float, freedom: int) -> float:
    """Return the value below which a share of Student's distribution lies.

    The distribution is the finite series for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4),
    halved down to the value.

    Args:
        share: from 0.5 to below 1.
        freedom: degrees of freedom, 1 or more.
    """
    if not (0.5 <= share < 1 and freedom >= 1):
        raise ValueError(f"needs 0.5 <= share < 1 and freedom >= 1, got {share=}, {freedom=}")
    if freedom > _MANY:
        return NormalDist().inv_cdf(share)
    low, high = 0.0, math.pi / 2  # the angle whose tangent is the value over the root of the freedom
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + _within(middle, freedom)) / 2 < share else (low, middle)
    return math.tan(low) * math.sqrt(freedom)


def _within(angle: float, freedom: int) -> float:
    """Return the share of Student's distribution between minus and plus the value of an angle."""
    cosine = math.cos(angle)
    odd = freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for step in range(1 + odd, freedom, 2):
        total += term
        term *= cosine**2 * step / (step + 1)
    inside = math.sin(angle) * total
    return (angle + inside) * 2 / math.pi if odd else inside


def _source_of_noise(rounds: Sequence[Round]) -> str:
    if pool_spread(rounds)[0] is None:
        return "taken for the noise, since nothing was repeated with another seed"
    return "within the noise of the seeds"
