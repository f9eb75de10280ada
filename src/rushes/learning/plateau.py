"""When to stop trying: the target is reached, or nothing has gained beyond the noise for some rounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95  # how sure one must be, one-sided, that a difference is no accident of the seeds
UNMEASURED_NOISE = 0.01  # what stands for the noise where no seed made a difference
_EQUAL = 1e-9  # a spread up to here is rounding: the repeats are the same
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


def decide(
    rounds: Sequence[Round],
    *,
    target: float | None,
    patience: int,
    paired: Callable[[int, int], float | None] | None = None,
) -> Decision:
    """Say whether to stop: the target is reached, or the last `patience` rounds gained nothing beyond the noise.

    The window is looked at as a whole, so that a slow climb counts as soon as it has left the noise.

    Args:
        rounds: in the order in which they were tried; what failed is left out.
        target: the score that is enough; None goes on to the plateau.
        patience: rounds without a gain before it stops, 1 or more.
        paired: where no seeds tell the noise: given the positions of the best before and of the best since, how far
            the two may lie apart by the accident of the samples they were compared on; None where it cannot tell.
    """
    if patience < 1:
        raise ValueError(f"patience must be 1 or more, got {patience}")
    if not rounds:
        return Decision(False, "nothing has been tried yet", None, None, None)
    best = best_of(rounds)
    gain = noise = None
    source = ""
    if len(rounds) > patience:
        before = best_of(rounds[:-patience])
        recent = len(rounds) - patience + best_of(rounds[-patience:])
        gain = rounds[recent].score - rounds[before].score
        noise, source = _noise_of(rounds, recent, before, paired)
    if target is not None and (highest := rounds[best].score) >= target:
        return Decision(True, f"the target is reached: {highest:.3f}, wanted {target:.3f}", best, gain, noise)
    if gain is None or noise is None:
        return Decision(False, _too_early(len(rounds), patience), best, None, None)
    moved = f"gained {gain:.3f}" if gain >= 0 else f"lost {-gain:.3f}"
    compared = f"the last {'round' if patience == 1 else _counted(patience)} {moved}, and {noise:.3f} is {source}"
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

    It is Student's quantile times the standard error of the difference. Two or three seeds say little about the spread
    of one round, so that it is pooled over all; but rounds do not spread alike, and where one of the two spread wider
    than the pool, its own spread is taken. Where no seed made a difference it is `UNMEASURED_NOISE`.

    Args:
        among: how many pairs were compared before this one was picked: the more, the wider the widest by chance
            (Bonferroni's correction).
    """
    freedom = pool_spread(rounds)[1]
    if not freedom:
        return UNMEASURED_NOISE
    squares = [spread_of(item, rounds) ** 2 / item.repeats for item in (one, other)]
    return student_quantile(1 - (1 - LEVEL) / among, freedom) * math.sqrt(sum(squares))


def spread_of(one: Round, rounds: Sequence[Round]) -> float:
    """Return the standard deviation that a round is taken to have: the pooled one, or its own where that is larger.

    Raises:
        ValueError: no seed made a difference in any of the rounds.
    """
    pooled, _ = pool_spread(rounds)
    if pooled is None:
        raise ValueError("no seed made a difference in any of the rounds")
    return max(pooled, one.spread or 0.0)


def pool_spread(rounds: Sequence[Round]) -> tuple[float | None, int]:
    """Return the standard deviation between seeds, pooled over the rounds, and its degrees of freedom; None and 0
    where no seed made a difference.

    A round whose repeats are equal to the last digit is left out: it tells that its seed decides nothing (a head that
    has no dice, a network that answers one class), and not that others are as steady.
    """
    repeated = [(item.spread, item.repeats - 1) for item in rounds if item.spread is not None and item.spread > _EQUAL]
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


def _noise_of(
    rounds: Sequence[Round], recent: int, before: int, paired: Callable[[int, int], float | None] | None
) -> tuple[float, str]:
    """Return how large a gain must be, and the end of a sentence on where that comes from."""
    if pool_spread(rounds)[0] is not None:
        return noise_between(rounds[recent], rounds[before], rounds), "within the noise of the seeds"
    if any(item.repeats > 1 for item in rounds):
        why = "the seeds changed nothing"
    else:
        why = "one seed each does not tell the noise"
    found = paired(before, recent) if paired is not None else None
    if found is not None:
        return found, f"within what the choice of validation's groups explains ({why})"
    return UNMEASURED_NOISE, f"taken for the noise, since {why}"


def _too_early(tried: int, patience: int) -> str:
    more = patience + 1 - tried
    return (
        f"too early to tell: it may end once {_counted(patience)} in a row gain nothing, "
        f"after {_counted(more)} more at the earliest"
    )


def _counted(count: int) -> str:
    return "one round" if count == 1 else f"{count} rounds"
