"""Heads with one hidden layer, trained on the features for each strength of the penalty."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.learning.balance import plan_epoch
from rushes.learning.head_trials import Floats, HeadLesson, Trial, answer_features, standardise
from rushes.learning.monitors import Scores, score

if TYPE_CHECKING:
    import torch

    from rushes.models.heads import MlpHead

_BATCH = 256
_RATE = 1e-3
_STEPS = 300  # at least, unless it stops early
_EPOCHS = 20  # at least, unless it stops early
_PATIENCE = 0.15  # share of all epochs without less loss on validation after which it stops


def fit_mlp_heads(lesson: HeadLesson) -> list[Trial]:
    """Return a head for every candidate C, the strongest penalty first.

    C means what it does in a logistic regression: the sum of weighted losses counts C times against half the sum of
    squared weights, on standardised features. The standardisation is folded into the first layer afterwards. Each
    fit stops when the loss on validation has not fallen for a while, and keeps the weights at its least. With one
    seed and one number of threads the outcome is the same to the bit.
    """
    even, centre, spread = standardise(lesson.features, measure_count=lesson.measure_count)
    seen = ((lesson.validation[0] - centre) / spread, lesson.validation[1])
    candidates = sorted(lesson.recipe.training.regularisation)
    trials: list[Trial] = []
    for candidate in candidates:
        started = time.perf_counter()
        head, best_epoch, limit = _fit_mlp(even, seen, lesson, candidate=candidate)
        _fold_into(head, centre, spread)
        seconds = time.perf_counter() - started
        setting = {"regularisation": candidate, "best_epoch": best_epoch}
        train_loss = score(answer_features(head, lesson.features), lesson.truth).loss
        watched = score(answer_features(head, lesson.validation[0]), lesson.validation[1])
        trials.append(Trial(head, setting, train_loss, watched, seconds, converged=best_epoch < limit))
        note = f"head with C = {candidate:g} · f1_macro {watched.f1_macro:.3f}"
        lesson.progress(len(trials), len(candidates), note)
    return trials


def _fit_mlp(
    even: Floats, validation: tuple[Floats, npt.NDArray[np.int64]], lesson: HeadLesson, *, candidate: float
) -> tuple[MlpHead, int, int]:
    """Return a head for standardised features, the epoch that it is of, and how many there could have been."""
    import torch

    from rushes.learning.losses import loss_sum
    from rushes.models.heads import MlpHead, MlpShape

    seed, model = lesson.recipe.training.seed, lesson.recipe.model
    features, truth = torch.from_numpy(even), torch.from_numpy(lesson.truth)
    weights = torch.from_numpy(lesson.class_weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        shape = MlpShape(model.hidden) if model.dropout is None else MlpShape(model.hidden, model.dropout)
        head = MlpHead(even.shape[1], len(weights), shape=shape)
        optimiser = torch.optim.Adam(head.parameters(), lr=_RATE)
        best, best_epoch, best_state = math.inf, 0, _copy(head)
        epoch, limit, patience = 0, 1, 1
        while epoch < limit and epoch - best_epoch < patience:
            epoch += 1
            order = plan_epoch(lesson.truth, lesson.recipe.balance, np.random.default_rng([seed, epoch]))
            if epoch == 1:
                limit = max(_EPOCHS, math.ceil(_STEPS / math.ceil(len(order) / _BATCH)))
                patience = max(3, round(_PATIENCE * limit))
                shown_weight = float(lesson.class_weights[lesson.truth[order]].sum())
            head.train()
            for start in range(0, len(order), _BATCH):
                chosen = torch.from_numpy(order[start : start + _BATCH])
                loss = loss_sum(head(features[chosen]), truth[chosen], weights, lesson.recipe)
                loss = loss / weights[truth[chosen]].sum() + _squares(head) / (2 * candidate * shown_weight)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            head.eval()
            watched: Scores = score(answer_features(head, validation[0]), validation[1])
            if watched.loss < best:
                best, best_epoch, best_state = watched.loss, epoch, _copy(head)
        head.load_state_dict(best_state)
    return head.eval(), best_epoch, limit


def _squares(head: MlpHead) -> torch.Tensor:
    return head.hidden.weight.square().sum() + head.out.weight.square().sum()


def _copy(head: MlpHead) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in head.state_dict().items()}


def _fold_into(head: MlpHead, centre: Floats, spread: Floats) -> None:
    """Make a head for standardised features one for features as they are."""
    import torch

    with torch.no_grad():
        weight = head.hidden.weight.double() / torch.from_numpy(spread).double()
        head.hidden.bias.copy_(head.hidden.bias.double() - weight @ torch.from_numpy(centre).double())
        head.hidden.weight.copy_(weight)
