"""Linear heads: a logistic regression for each strength of the penalty."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.learning.head_trials import Floats, HeadLesson, Trial, answer_features, standardise
from rushes.learning.monitors import score

if TYPE_CHECKING:
    from torch import nn

_STEPS = 1000
# Numbers in the features below which one thread is fastest: several spend their time waiting for each other, and on a
# busy machine ten times as long.
_WORTH_THREADS = 2**25


def fit_linear_heads(lesson: HeadLesson) -> list[Trial]:
    """Return a logistic regression for every candidate C, the strongest penalty first.

    Features are standardised with the spread of train, and the standardisation is folded into the head.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threads = lesson.threads if lesson.features.size >= _WORTH_THREADS else 1
    even, centre, spread = standardise(lesson.features, measure_count=lesson.measure_count)
    candidates = sorted(lesson.recipe.training.regularisation)
    trials: list[Trial] = []
    for candidate in candidates:
        started = time.perf_counter()
        with threadpool_limits(threads):
            weight, bias, converged = fit_logistic(
                even, lesson.truth, lesson.times, lesson.class_weights, candidate=candidate
            )
        head = _as_layer(weight / spread, bias - (weight * (centre / spread)).sum(axis=1))
        seconds = time.perf_counter() - started
        train_loss = score(answer_features(head, lesson.features), lesson.truth).loss
        watched = score(answer_features(head, lesson.validation[0]), lesson.validation[1])
        trials.append(Trial(head, {"regularisation": candidate}, train_loss, watched, seconds, converged))
        note = f"head with C = {candidate:g} · f1_macro {watched.f1_macro:.3f}"
        lesson.progress(len(trials), len(candidates), note)
    return trials


def fit_logistic(
    even: Floats,
    truth: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    class_weights: Floats,
    *,
    candidate: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], bool]:
    """Return weight (classes, features), bias (classes,), and whether the fit settled.

    Args:
        even: (samples, features), standardised.
        truth, times, class_weights: as a `HeadLesson` has them.
        candidate: C, the inverse strength of the penalty.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights = {index: float(weight) for index, weight in enumerate(class_weights)}
    model = LogisticRegression(C=candidate, class_weight=weights, max_iter=_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(even, truth, sample_weight=times if (times > 1).any() else None)
    weight, bias = np.asarray(model.coef_, np.float64), np.asarray(model.intercept_, np.float64)
    if len(weight) == 1:  # of two classes scikit-learn keeps the difference only
        weight, bias = np.concatenate([-weight / 2, weight / 2]), np.concatenate([-bias / 2, bias / 2])
    return weight, bias, bool(model.n_iter_.max() < _STEPS)


def _as_layer(weight: npt.NDArray[np.float64], bias: npt.NDArray[np.float64]) -> nn.Linear:
    import torch

    with torch.device("meta"):  # no random weights, so that the fit throws no dice
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight = torch.nn.Parameter(torch.from_numpy(weight.astype(np.float32)))
    layer.bias = torch.nn.Parameter(torch.from_numpy(bias.astype(np.float32)))
    return layer.eval()
