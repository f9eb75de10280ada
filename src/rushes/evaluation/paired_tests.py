"""McNemar's test: whether two models that answered the same samples differ by more than chance, and by groups too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

EXACT_UP_TO = 25  # samples that only one is right on, below which the binomial is summed instead of approximated
FEWEST_GROUPS = 5  # below it the test over groups cannot reach 0.05, whatever the answers

_ALIKE = "both are right on the same samples, so there is nothing to test"


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The result of a test that two models are equally often right on the same samples.

    Attributes:
        p_value: the chance of a difference as large or larger if they were, in [0, 1]; None where it is undefined.
        method: `exact binomial`, `chi-square with continuity correction`, or `chi-square over groups`.
        statistic: chi-square on one degree of freedom; None of the exact test, and where it is undefined.
        reason: why there is no p-value; "" where there is one.
    """

    p_value: float | None
    method: str
    statistic: float | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.p_value is None) != bool(self.reason):
            raise ValueError(f"a test has a p-value or a reason why it has none, got {self!r}")

    def to_table(self) -> dict[str, Any]:
        """Return the result as plain values for JSON."""
        table = {"p_value": self.p_value, "statistic": self.statistic, "method": self.method}
        return table | ({"reason": self.reason} if self.reason else {})


def mcnemar(only_one: int, only_other: int) -> PairedTest:
    """Return McNemar's test of paired answers, as if the samples were independent of each other.

    Frames of one film are not: over groups use `mcnemar_over_groups`. Few samples that only one is right on are
    tested by the exact binomial, `EXACT_UP_TO` and more by the chi-square with Edwards' continuity correction
    (McNemar, Psychometrika 12, 1947; Edwards, Psychometrika 13, 1948).

    Args:
        only_one, only_other: samples on which only the one, and only the other, is right.

    Raises:
        ValueError: a count is negative.
    """
    if min(only_one, only_other) < 0:
        raise ValueError(f"counts are 0 or more, got {only_one} and {only_other}")
    split = only_one + only_other
    if split < EXACT_UP_TO:
        if not split:
            return PairedTest(None, "exact binomial", reason=_ALIKE)
        fewer = sum(math.comb(split, count) for count in range(min(only_one, only_other) + 1))
        return PairedTest(min(1.0, 2 * fewer / 2**split), "exact binomial")
    statistic = max(abs(only_one - only_other) - 1, 0) ** 2 / split
    return PairedTest(_tail(statistic), "chi-square with continuity correction", statistic)


def mcnemar_over_groups(
    right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_], groups: Sequence[str]
) -> PairedTest:
    """Return McNemar's test for samples that come in groups, within which answers resemble each other.

    The difference of each group, `d = samples only the other is right on - only the one`, is one observation:
    chi-square = (K - 1) / K · (Σ d)² / Σ d² over K groups (Obuchowski, Statistics in Medicine 17, 1998, pages
    1495-1507, for two proportions of the same clustered samples, the common proportion put in for both). With one
    sample per group that is McNemar's chi-square without correction times (K - 1) / K. It is at most K - 1, so that
    fewer than `FEWEST_GROUPS` groups can never reach a p-value of 0.05.

    Args:
        right, other_right: (samples,), whether the one and the other is right.
        groups: (samples,), the group of each.
    """
    method = "chi-square over groups"
    differences = _differences(right, other_right, groups)
    if len(differences) < 2:
        found = "there is no group" if not len(differences) else "all samples are from one group"
        return PairedTest(None, method, reason=f"{found}; the test takes at least two")
    squares = int((differences**2).sum())
    if not squares:
        alike = bool((np.asarray(right) == np.asarray(other_right)).all())
        within = "in every group each is right on as many samples as the other, so there is nothing to test"
        return PairedTest(None, method, reason=_ALIKE if alike else within)
    count = len(differences)
    statistic = (count - 1) / count * int(differences.sum()) ** 2 / squares
    return PairedTest(_tail(statistic), method, statistic)


def _differences(
    right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_], groups: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Return (groups,) how many more samples of each the other is right on."""
    gained = np.asarray(other_right, np.int64) - np.asarray(right, np.int64)
    _, places = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    found = np.zeros(int(places.max()) + 1 if len(places) else 0, np.int64)
    np.add.at(found, places, gained)
    return found


def _tail(statistic: float) -> float:
    """Return the chance that a chi-square on one degree of freedom is at least so large."""
    return math.erfc(math.sqrt(statistic / 2))
