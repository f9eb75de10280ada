"""Scores of several films together, with intervals from drawing the films anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from benchmarks.stories import Story
from rushes.structure.scores import (
    Agreement,
    DialogueScore,
    SceneScore,
    score_boundaries,
    score_dialogues,
    score_scenes,
)

T = TypeVar("T")

DRAWS = 2000
NEAR = 1  # shots


@dataclass(frozen=True, slots=True)
class OfFilm:
    """How one film's scenes agree with the truth."""

    exact: Agreement
    near: Agreement
    scenes: SceneScore


def score_story(story: Story, spans: Sequence[tuple[int, int]]) -> OfFilm:
    """Return how scenes, as shots `[first, stop)` that tile the film, agree with what is true of it."""
    assert story.known.scenes is not None
    edges = story.edges
    known = [int(np.abs(edges - start).argmin()) for start, _ in story.known.scenes[1:]]
    found = [first for first, _ in spans[1:]]
    exact, near = (score_boundaries(found, known, tolerance).counts for tolerance in (0, NEAR))
    return OfFilm(exact, near, score_scenes(story.spans(spans), story.known.scenes))


def score_talks(story: Story, spans: Sequence[tuple[int, int]]) -> DialogueScore:
    """Return how dialogues, as shots `[first, stop)`, agree with what is true of a film."""
    assert story.known.dialogues is not None
    return score_dialogues(story.spans(spans), story.known.dialogues)


def with_interval(films: Sequence[T], value: Callable[[Sequence[T]], float]) -> str:
    """Return a value of all films, and between what 95 % of the values lie when the films are drawn anew."""
    draw = np.random.default_rng(9)
    values = [value([films[int(one)] for one in draw.integers(len(films), size=len(films))]) for _ in range(DRAWS)]
    low, high = np.quantile(values, (0.025, 0.975))
    return f"{value(films):.3f} ({low:.3f} to {high:.3f})"


def f1_near(films: Sequence[OfFilm]) -> float:
    """Return F1 of all boundaries together, one shot of tolerance."""
    return _summed([film.near for film in films]).f1


def f1_exact(films: Sequence[OfFilm]) -> float:
    """Return F1 of all boundaries together, at the very shot."""
    return _summed([film.exact for film in films]).f1


def mean_iou(films: Sequence[OfFilm]) -> float:
    """Return the mean of the films' mean IoU."""
    return float(np.mean([film.scenes.mean_iou for film in films]))


def f1_of_talks(films: Sequence[DialogueScore]) -> float:
    """Return F1 of all dialogues together."""
    return _summed([film.counts for film in films]).f1


def counts_of_talks(films: Sequence[DialogueScore]) -> Agreement:
    """Return the dialogues of all films together."""
    return _summed([film.counts for film in films])


def _summed(counts: Sequence[Agreement]) -> Agreement:
    return sum(counts, Agreement(0, 0, 0))
