"""Estimate: a score with its interval."""

from __future__ import annotations

from dataclasses import dataclass

from rushes.evaluation.interval import Interval
from rushes.evaluation.scores import Score


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its interval; each is there, or says why it is not."""

    score: Score
    interval: Interval

    @property
    def value(self) -> float | None:
        return self.score.value
