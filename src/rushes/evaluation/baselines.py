"""What two blind answers would score on the same samples, metric by metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rushes.evaluation.probability_scores import LEAST_PROBABILITY
from rushes.evaluation.scores import Baseline, majority_baseline, majority_tallies, prior_baseline, prior_tallies
from rushes.learning.measures import Counts, Floats, Tallies, measure

Blind = Mapping[str, float]


def blind_scores(
    classes: Sequence[str], labelled: Counts, train_counts: Mapping[str, int]
) -> dict[str, tuple[Baseline, Blind]]:
    """Return name of a baseline -> it, and by metric what it scores; what is undefined for it is left out.

    `majority` gives the commonest class of training the probability 1; `prior` gives every class its share of training,
    and what counts answers is what it is expected to score when it answers by these shares. Neither puts any sample
    before another, so that its ROC AUC is a half and its average precision the share of the class.

    Args: as for `majority_baseline`.
    """
    majority = majority_baseline(classes, labelled, train_counts)
    training = np.array([train_counts.get(name, 0) for name in classes], np.float64)
    training = training if training.sum() else labelled.astype(np.float64)
    shares = training / max(float(training.sum()), 1.0)
    sure = np.array([float(name == majority.class_name) for name in classes])
    both = {
        "majority": (majority, majority_tallies(classes, labelled, train_counts), sure),
        "prior": (prior_baseline(classes, labelled, train_counts), prior_tallies(classes, labelled, train_counts),
                  shares),
    }  # fmt: skip
    return {
        name: (baseline, _scores(classes, labelled, tallies, answer))
        for name, (baseline, tallies, answer) in both.items()
    }


def _scores(classes: Sequence[str], labelled: Counts, tallies: Tallies, answer: Floats) -> dict[str, float]:
    """Return the scores of giving every sample the probabilities of `answer`."""
    total = int(labelled.sum())
    if not total:
        return {}
    found, here = measure(tallies), labelled / total
    squared = here * np.square(1 - answer) + (1 - here) * np.square(answer)
    brier = float(squared.sum())
    losses = -np.log(np.maximum(answer, LEAST_PROBABILITY))
    ranked = (labelled > 0) & (labelled < total)
    scores = {
        "accuracy": found.accuracy,
        "balanced_accuracy": found.balanced_accuracy,
        "recall_macro": found.balanced_accuracy,
        "recall_weighted": found.accuracy,
        "f1_macro": found.f1_macro,
        "f1_weighted": found.f1_weighted,
        "precision_macro": found.precision_macro,
        "precision_weighted": found.precision_weighted,
        "average_precision_macro": here[labelled > 0].mean(),
        "roc_auc_macro": 0.5 if ranked.any() else np.nan,
        "brier": brier / 2 if len(classes) == 2 else brier,
        "log_loss": float((here * losses).sum()),
        "ece": abs(float(here[int(answer.argmax())]) - float(answer.max())),
    }
    for index, name in enumerate(classes):
        scores |= {
            f"precision/{name}": found.precision[index],
            f"recall/{name}": found.recall[index],
            f"f1/{name}": found.f1[index],
            f"average_precision/{name}": here[index] if labelled[index] else np.nan,
            f"roc_auc/{name}": 0.5 if ranked[index] else np.nan,
            f"brier/{name}": squared[index],
        }
    return {name: float(value) for name, value in scores.items() if np.isfinite(value)}
