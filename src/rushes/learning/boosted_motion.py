"""Boosted trees on the aggregates of the measured motion, fitted by scikit-learn and kept as arrays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.learning.monitors import score
from rushes.learning.motion_samples import Floats, MotionLesson, MotionSamples

if TYPE_CHECKING:
    from rushes.models.motion import BoostedMotion

DEPTH = 3
_RATES = (0.05, 0.15)
_ROUNDS = (10, 25, 50, 100, 200)  # candidates
_ENOUGH = 10_000  # shots: more teach trees this small little, and take their time
_LARGEST_LEAF = 20  # shots that the smallest leaf must have; fewer where there are few shots
_COLUMNS = 0.25  # share of the aggregates that each question may choose from


def boosted_trials(
    train: MotionSamples, lesson: MotionLesson
) -> Iterator[tuple[BoostedMotion, dict[str, Any], float, bool]]:
    """Give, for every learning rate, trees with the number of rounds of the least loss on validation.

    Beside each what it was tried with, the seconds that it took, and whether fewer rounds than the most were best.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    seed = lesson.recipe.training.seed
    kept, weights = choose_shots(train.truth, train.times, lesson.class_weights, enough=_ENOUGH, seed=seed)
    for rate in _RATES:
        started = time.perf_counter()
        with threadpool_limits(lesson.threads):
            trees = fit_trees(train.aggregates[kept], train.truth[kept], weights, rate=rate, seed=seed)
            rounds = _best_rounds(trees, lesson.validation)
        model = trees_as_module(trees, rounds)
        setting = {"motion": "boosted", "rate": rate, "rounds": rounds, "depth": DEPTH}
        yield model, setting, time.perf_counter() - started, rounds < _ROUNDS[-1]


def fit_trees(aggregates: Floats, truth: npt.NDArray[np.int64], weights: Floats, *, rate: float, seed: int) -> Any:
    """Return scikit-learn's boosted trees with the most rounds of all candidates.

    Args:
        weights: (shots,) how much each counts.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        learning_rate=rate,
        max_iter=_ROUNDS[-1],
        max_depth=DEPTH,
        max_leaf_nodes=None,
        min_samples_leaf=min(_LARGEST_LEAF, max(2, len(truth) // 50)),
        l2_regularization=1.0,
        max_features=_COLUMNS,
        early_stopping=False,
        random_state=seed,
    )
    return trees.fit(aggregates, truth, sample_weight=weights)


def trees_as_module(trees: Any, rounds: int) -> BoostedMotion:
    """Return the first rounds of scikit-learn's boosted trees as a module that answers alike.

    Of two classes scikit-learn keeps the logarithm of the odds only; half of it is for the one class, half against the
    other.
    """
    import torch

    from rushes.models.motion import BoostedMotion

    classes = len(trees.classes_)
    sides = (1.0,) if classes > 2 else (-0.5, 0.5)
    model = BoostedMotion(classes, rounds=rounds, depth=DEPTH)
    constant = np.ravel(trees._baseline_prediction)
    model.constant = torch.from_numpy(np.concatenate([constant * side for side in sides]).astype(np.float32))
    for turn, predictors in enumerate(trees._predictors[:rounds]):
        for index in range(classes):
            predictor, side = (predictors[index], 1.0) if classes > 2 else (predictors[0], sides[index])
            asked, thresholds, leaves = _complete(predictor.nodes)
            model.asked[turn, index] = torch.from_numpy(asked)
            model.thresholds[turn, index] = torch.from_numpy(thresholds)
            model.leaves[turn, index] = torch.from_numpy((leaves * side).astype(np.float32))
    return model.eval()


def _complete(nodes: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.float64]]:
    """Return a tree's questions, thresholds and leaves with every branch of the same depth.

    Where a branch ends early, all leaves below are alike, whatever is asked there.
    """
    asked = np.zeros(2**DEPTH - 1, np.int64)
    thresholds = np.zeros(2**DEPTH - 1, np.float32)
    leaves = np.zeros(2**DEPTH, np.float64)

    def fill(place: int, node: int) -> None:
        found = nodes[node]
        if place >= len(asked):
            leaves[place - len(asked)] = found["value"]
            return
        if found["is_leaf"]:
            below = (node, node)
        else:
            asked[place] = found["feature_idx"]
            thresholds[place] = _floor(float(found["num_threshold"]))
            below = (int(found["left"]), int(found["right"]))
        fill(2 * place + 1, below[0])
        fill(2 * place + 2, below[1])

    fill(0, 0)
    return asked, thresholds, leaves


def _floor(threshold: float) -> np.float32:
    """Return the largest float32 that is no larger: what is float32 lies above the one exactly if above the other."""
    with np.errstate(over="ignore"):
        nearest = np.float32(threshold)
    return nearest if float(nearest) <= threshold else np.nextafter(nearest, np.float32(-np.inf))


def _best_rounds(trees: Any, validation: MotionSamples) -> int:
    losses = [
        score(probabilities, validation.truth).loss
        for turn, probabilities in enumerate(trees.staged_predict_proba(validation.aggregates), start=1)
        if turn in _ROUNDS
    ]
    return _ROUNDS[losses.index(min(losses))]


def choose_shots(
    truth: npt.NDArray[np.int64], times: npt.NDArray[np.int64], class_weights: Floats, *, enough: int, seed: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return which shots the trees are fitted to, and how much each of these counts.

    Of more than enough the largest classes are thinned out, the others kept whole; those that stay count for those
    that go.

    Args:
        truth, times, class_weights: as a `MotionLesson` has them.
    """
    dice = np.random.default_rng([seed, 1])
    counts = np.bincount(truth, minlength=len(class_weights))
    most = _largest_share(counts, enough)
    members = [dice.permutation(np.flatnonzero(truth == index))[:most] for index in range(len(counts))]
    kept = np.sort(np.concatenate(members))
    thinned = counts / np.minimum(counts, most).clip(min=1)
    weights = (class_weights * thinned)[truth[kept]] * times[kept]
    return kept, weights.astype(np.float32)


def _largest_share(counts: npt.NDArray[np.int64], enough: int) -> int:
    """Return how many of each class may stay, so that no more than enough do in all."""
    left, most = enough, 0
    for place, count in enumerate(sorted(counts.tolist())):
        most = left // (len(counts) - place)
        if count <= most:
            left -= count
            most = count
        else:
            return most
    return most
