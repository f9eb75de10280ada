"""Heads on a backbone's features, fitted in seconds: each kind with its candidates, and which of these is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rushes.learning.head_trials import HeadLesson, Trial
from rushes.learning.knn_heads import fit_knn_heads
from rushes.learning.linear_heads import fit_linear_heads
from rushes.learning.mlp_heads import fit_mlp_heads
from rushes.learning.threads import torch_threads

HEADS: Mapping[str, Callable[[HeadLesson], list[Trial]]] = {
    "linear": fit_linear_heads,
    "knn": fit_knn_heads,
    "mlp": fit_mlp_heads,
}


def fit_heads(kind: str, lesson: HeadLesson) -> list[Trial]:
    """Return a head of a kind for every candidate of the recipe, the one least able to learn by heart first.

    Args:
        kind: one of `HEADS`.
    """
    with torch_threads(lesson.threads):
        return HEADS[kind](lesson)


def best_trial(trials: Sequence[Trial]) -> int:
    """Return the index of the trial with the least loss on validation; of equals the first.

    Not the best F1: a few dozen validation samples rank neighbouring penalties by chance, and the loss, which counts
    how sure each answer is, finds heads that are as good on unseen groups and far better calibrated.
    """
    losses = [trial.validation.loss for trial in trials]
    return losses.index(min(losses))


def describe_kept(trial: Trial) -> str:
    """Return which head is taken, and how good it is: `kept: 11 neighbours, f1_macro 0.812 on validation`."""
    count = trial.setting.get("neighbours")
    if count is not None:
        what = f"{count} neighbour{'' if count == 1 else 's'}"
    else:
        what = f"C = {trial.setting['regularisation']:g}"
    return f"kept: {what}, f1_macro {trial.validation.f1_macro:.3f} on validation"
