"""Models of the measured motion, fitted in seconds: each kind with its candidates, and which of these is taken."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.learning.boosted_motion import boosted_trials
from rushes.learning.linear_heads import fit_logistic
from rushes.learning.monitors import score
from rushes.learning.motion_samples import (
    MotionLesson,
    MotionSamples,
    MotionTrial,
    answer_motion,
    measure_standard,
)
from rushes.learning.threads import torch_threads

if TYPE_CHECKING:
    import torch

    from rushes.models.motion import SeriesMotion

_WIDTH = 32
_BATCH = 64
_SHOWN = 6_400  # shots that an epoch shows at most, others each time
_RATE = 3e-3
_WEIGHT_DECAY = 1e-3
_STEPS = 400  # at least, unless it stops early
_EPOCHS = 15  # at least, unless it stops early
_PATIENCE = 0.2  # share of all epochs without less loss on validation after which it stops


def fit_motion_heads(motion: str, lesson: MotionLesson) -> list[MotionTrial]:
    """Return a fitted model of the motion for every candidate; of each kind the one least able to learn by heart first.

    Args:
        motion: `linear`, `boosted`, `gru`, `shipped`, or `auto` for all of them that there are.

    Raises:
        ValueError: `shipped` is asked for, and there is none.
    """
    if lesson.augment_motion is not None:
        train = lesson.train.beside(lesson.augment_motion(lesson.train))
    else:
        train = lesson.train
    if motion == "shipped" and lesson.shipped is None:
        raise ValueError("no model of the motion comes with rushes for these classes")
    kinds = tuple(kind for kind in _KINDS if kind != "shipped" or lesson.shipped is not None)
    kinds = kinds if motion == "auto" else (motion,)
    with torch_threads(lesson.threads):
        return [trial for kind in kinds for trial in _KINDS[kind](train, lesson)]


def best_motion(trials: Sequence[MotionTrial]) -> int:
    """Return the index of the trial with the least loss on validation; of equals the first."""
    losses = [trial.validation.loss for trial in trials]
    return losses.index(min(losses))


def _fit_linear(train: MotionSamples, lesson: MotionLesson) -> list[MotionTrial]:
    """Return a logistic regression for every candidate C, the strongest penalty first."""
    import torch
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from rushes.models.motion import LinearMotion

    standard = measure_standard(train.aggregates)
    even = standard(torch.from_numpy(train.aggregates)).numpy()
    trials = []
    for candidate in sorted(lesson.recipe.training.regularisation):
        started = time.perf_counter()
        with threadpool_limits(lesson.threads):
            weight, bias, converged = fit_logistic(
                even, train.truth, train.times, lesson.class_weights, candidate=candidate
            )
        with torch.random.fork_rng(devices=[]):  # its random weights throw no dice of anybody else's
            model = LinearMotion(weight.shape[1], weight.shape[0])
        model.standard = standard
        with torch.no_grad():
            model.out.weight.copy_(torch.from_numpy(weight))
            model.out.bias.copy_(torch.from_numpy(bias))
        setting = {"motion": "linear", "regularisation": candidate}
        trials.append(try_motion(model.eval(), setting, train, lesson, started=started, converged=converged))
    return trials


def _fit_boosted(train: MotionSamples, lesson: MotionLesson) -> list[MotionTrial]:
    """Return boosted trees for every learning rate, each with the number of rounds that validation likes best."""
    trials = []
    for model, setting, seconds, converged in boosted_trials(train, lesson):
        started = time.perf_counter() - seconds
        trials.append(try_motion(model, setting, train, lesson, started=started, converged=converged))
    return trials


def _fit_series(train: MotionSamples, lesson: MotionLesson) -> list[MotionTrial]:
    """Return one recurrent model of the series, of the epoch with the least loss on validation."""
    started = time.perf_counter()
    model, best_epoch, limit = _train_series(train, lesson)
    setting = {"motion": "gru", "best_epoch": best_epoch}
    return [try_motion(model, setting, train, lesson, started=started, converged=best_epoch < limit)]


def _take_shipped(train: MotionSamples, lesson: MotionLesson) -> list[MotionTrial]:
    """Return the model that comes with rushes, as it is."""
    started = time.perf_counter()
    return [try_motion(lesson.shipped, {"motion": "shipped"}, train, lesson, started=started, converged=True)]


_KINDS: Mapping[str, Callable[[MotionSamples, MotionLesson], list[MotionTrial]]] = {
    "shipped": _take_shipped,
    "linear": _fit_linear,
    "boosted": _fit_boosted,
    "gru": _fit_series,
}


def try_motion(
    model: Any,
    setting: Mapping[str, Any],
    train: MotionSamples,
    lesson: MotionLesson,
    *,
    started: float,
    converged: bool,
) -> MotionTrial:
    """Return a fitted model with how well it answers, and tell of it."""
    seconds = time.perf_counter() - started
    train_loss = score(answer_motion(model, train), train.truth).loss
    watched = score(answer_motion(model, lesson.validation), lesson.validation.truth)
    lesson.progress(1, 1, f"{setting['motion']} model of the motion · f1_macro {watched.f1_macro:.3f}")
    return MotionTrial(model, setting, train_loss, watched, seconds, converged)


def _train_series(train: MotionSamples, lesson: MotionLesson) -> tuple[SeriesMotion, int, int]:
    """Return a recurrent model, the epoch that it is of, and how many there could have been."""
    import torch

    from rushes.learning.losses import loss_sum
    from rushes.models.motion import SeriesMotion

    seed = lesson.recipe.training.seed
    weights = torch.from_numpy(lesson.class_weights)
    limit = max(_EPOCHS, math.ceil(_STEPS / math.ceil(min(len(train), _SHOWN) / _BATCH)))
    patience = max(3, round(_PATIENCE * limit))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SeriesMotion(train.series.shape[2], len(weights), width=_WIDTH)
        model.standard = measure_standard(train.series[train.series_mask])
        optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_WEIGHT_DECAY)
        best, best_epoch, best_state = math.inf, 0, _copy(model)
        epoch = 0
        while epoch < limit and epoch - best_epoch < patience:
            epoch += 1
            model.train()
            for rows in plan_batches(train, np.random.default_rng([seed, epoch])):
                part = train.take(rows)
                truth = torch.from_numpy(part.truth)
                logits = model(*(torch.from_numpy(each) for each in (part.aggregates, part.series, part.series_mask)))
                loss = loss_sum(logits, truth, weights, lesson.recipe) / weights[truth].sum()
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
            model.eval()
            watched = score(answer_motion(model, lesson.validation), lesson.validation.truth)
            if watched.loss < best:
                best, best_epoch, best_state = watched.loss, epoch, _copy(model)
        model.load_state_dict(best_state)
    return model.eval(), best_epoch, limit


def plan_batches(train: MotionSamples, dice: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    """Return the shots of each batch of an epoch; of sixteen batches the shots of like lengths go together.

    A batch takes as long as its longest shot.
    """
    order = dice.permutation(np.repeat(np.arange(len(train)), train.times))[:_SHOWN]
    lengths = train.series_mask.sum(axis=1)
    batches: list[npt.NDArray[np.int64]] = []
    for start in range(0, len(order), 16 * _BATCH):
        near = order[start : start + 16 * _BATCH]
        near = near[np.argsort(lengths[near], kind="stable")]
        batches += [near[at : at + _BATCH] for at in range(0, len(near), _BATCH)]
    return [batches[place] for place in dice.permutation(len(batches))]


def _copy(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
