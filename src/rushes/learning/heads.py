"""Linear heads on a backbone's features, fitted in seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.learning.monitors import Scores, score, softmax
from rushes.progress import Progress, silent

_STEPS = 1000
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, slots=True)
class LinearHead:
    """logits = features @ weight.T + bias.

    Attributes:
        weight: (classes, features) float32.
        bias: (classes,) float32.
    """

    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def probabilities(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return (samples, classes) for features (samples, features)."""
        return softmax(features @ self.weight.T + self.bias)


@dataclass(frozen=True, slots=True)
class Trial:
    """One head that was tried.

    Attributes:
        regularisation: C, the inverse strength of the penalty.
        train_loss: mean negative log probability on train, in nats.
        converged: whether the fit had settled when it ended.
    """

    head: LinearHead
    regularisation: float
    train_loss: float
    validation: Scores
    seconds: float
    converged: bool


def fit_heads(
    features: npt.NDArray[np.float32],
    truth: npt.NDArray[np.int64],
    *,
    validation: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]],
    class_weights: npt.NDArray[np.float32],
    candidates: Sequence[float],
    threads: int,
    progress: Progress = silent,
) -> list[Trial]:
    """Return a logistic regression for every candidate C, the strongest penalty first.

    Features are standardised with the spread of train, and the standardisation is folded into the head.

    Args:
        features: (samples, features) of train; every class has a sample.
        validation: features and truth of validation.
        class_weights: (classes,) weight of each class in the loss.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    centre = features.mean(axis=0)
    spread = np.maximum(features.std(axis=0), _LEAST_SPREAD)
    even = (features - centre) / spread
    trials: list[Trial] = []
    with threadpool_limits(threads):
        for candidate in sorted(candidates):
            started = time.perf_counter()
            weight, bias, converged = _fit_logistic(even, truth, class_weights=class_weights, candidate=candidate)
            head = LinearHead(
                weight=np.asarray(weight / spread, np.float32),
                bias=np.asarray(bias - (weight * (centre / spread)).sum(axis=1), np.float32),
            )
            seconds = time.perf_counter() - started
            train_loss = score(head.probabilities(features), truth).loss
            watched = score(head.probabilities(validation[0]), validation[1])
            trials.append(Trial(head, candidate, train_loss, watched, seconds, converged))
            progress(len(trials), len(candidates), f"head with C = {candidate:g} · f1_macro {watched.f1_macro:.3f}")
    return trials


def best_trial(trials: Sequence[Trial]) -> int:
    """Return the index of the trial with the least loss on validation; of equals the strongest penalty.

    Not the best F1: a few dozen validation samples rank neighbouring penalties by chance, and the loss, which counts
    how sure each answer is, finds heads that are as good on unseen groups and far better calibrated.
    """
    losses = [trial.validation.loss for trial in trials]
    return losses.index(min(losses))


def _fit_logistic(
    even: npt.NDArray[np.float32],
    truth: npt.NDArray[np.int64],
    *,
    class_weights: npt.NDArray[np.float32],
    candidate: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], bool]:
    """Return weight (classes, features), bias (classes,), and whether the fit settled."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights = {index: float(weight) for index, weight in enumerate(class_weights)}
    model = LogisticRegression(C=candidate, class_weight=weights, max_iter=_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(even, truth)
    weight, bias = np.asarray(model.coef_, np.float64), np.asarray(model.intercept_, np.float64)
    if len(weight) == 1:  # of two classes scikit-learn keeps the difference only
        weight, bias = np.concatenate([-weight / 2, weight / 2]), np.concatenate([-bias / 2, bias / 2])
    return weight, bias, bool(model.n_iter_.max() < _STEPS)
