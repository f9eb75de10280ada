"""What one model's probabilities gain over another's on the same samples: intervals of the differences, over groups."""

from __future__ import annotations

import numpy as np

from rushes.evaluation.draws import RESAMPLES, GroupDraws, draw_sums, interval_of
from rushes.evaluation.interval import Interval
from rushes.evaluation.probability_scores import scores_of_sums, sums_of_groups, unflatten
from rushes.evaluation.ranking import draw_rankings, steps_for
from rushes.learning.measures import Counts, Floats
from rushes.learning.predictions import Predictions

_LOST = "a class is in one group alone; draws without it say nothing of it"
OVERALL = ("brier", "log_loss", "ece")
RANKED = ("average_precision", "roc_auc")


def bootstrap_probabilities(
    one: Predictions, other: Predictions, *, seed: int, resamples: int = RESAMPLES
) -> dict[str, Interval]:
    """Return metric word -> the interval of what the other has over the one; each draw takes the same groups for both.

    The words are those of the glossary: `brier`, `log_loss`, `ece`, `average_precision_macro`, `roc_auc_macro`, and
    `brier/<class>`, `average_precision/<class>`, `roc_auc/<class>`.

    Args:
        one, other: of the same samples, row by row, with the same labels.

    Raises:
        ValueError: they are not.
    """
    if one.frames != other.frames or one.classes != other.classes or (one.truth != other.truth).any():
        raise ValueError("the difference of two scores is taken on the same samples with the same labels")
    group_names, group_of = np.unique(np.asarray(one.groups).astype(str), return_inverse=True)
    group_count = len(group_names)
    words = [*OVERALL, *(f"brier/{name}" for name in one.classes)]
    drawn = _draw_apart(one, other, group_of, group_count, seed=seed, resamples=resamples) if group_count > 1 else {}
    found = {word: interval_of(drawn.get(word), group_count, is_difference=True) for word in words}
    return found | _rank(one, other, group_of, group_count, seed=seed, resamples=resamples)


def _draw_apart(
    one: Predictions, other: Predictions, group_of: Counts, group_count: int, *, seed: int, resamples: int
) -> dict[str, Floats]:
    """Return word -> (resamples,) differences of the scores that are means over samples or bins."""
    flat = [
        sums_of_groups(each.truth, each.probabilities, group_of, group_count).flat() for each in (one, other)
    ]  # fmt: skip
    both = draw_sums(np.concatenate(flat, axis=1), seed=seed, resamples=resamples)
    before, after = (scores_of_sums(unflatten(part, len(one.classes))) for part in np.split(both, 2, axis=1))
    found = {word: getattr(after, word) - getattr(before, word) for word in OVERALL}
    gained = after.brier_of - before.brier_of
    return found | {f"brier/{name}": gained[:, index] for index, name in enumerate(one.classes)}


def _rank(
    one: Predictions, other: Predictions, group_of: Counts, group_count: int, *, seed: int, resamples: int
) -> dict[str, Interval]:
    draws = GroupDraws(group_count, seed=seed, resamples=resamples) if group_count > 1 else None
    steps, found = steps_for(len(one.classes)), {}
    means: dict[str, list[Floats]] = {word: [] for word in RANKED}
    alone = dict.fromkeys(RANKED, False)  # whether a class that is averaged over stands in one group only
    for index, name in enumerate(one.classes):
        positive = one.truth == index
        having, lacking = (len(np.unique(group_of[rows])) for rows in (positive, ~positive))
        gained: dict[str, Floats] = {}
        if draws is not None and having:
            block_of = draws.block_of[group_of]
            before, after = (
                draw_rankings(positive, each.probabilities[:, index], block_of, draws, steps=steps)
                for each in (one, other)
            )
            gained = {word: getattr(after, word) - getattr(before, word) for word in RANKED}
        for word, feeding in (("average_precision", having), ("roc_auc", min(having, lacking))):
            found[f"{word}/{name}"] = interval_of(gained.get(word), feeding, is_difference=True)
            if feeding:
                alone[word] |= feeding < 2
                means[word] += [gained[word]] if word in gained else []
    for word in RANKED:
        drawn = means[word]
        mean = np.mean(drawn, axis=0) if drawn else None
        lost = alone[word] and group_count > 1
        whole = interval_of(mean, group_count, is_difference=True)
        found[f"{word}_macro"] = Interval(None, None, _LOST) if lost else whole
    return found
