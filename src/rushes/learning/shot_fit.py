"""The training loop for shots: a network of several heads taught on one part, watched on another, its best kept.

This module needs the `train` extra; `rushes.learning.train_shots` asks for it.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rushes.errors import RunError
from rushes.learning.balance import plan_epoch
from rushes.learning.checkpoints import EpochWatcher, read_checkpoint, tell_watcher, write_checkpoint
from rushes.learning.hardware import computes_in_bf16, is_out_of_memory, release_memory
from rushes.learning.losses import shot_loss_sum
from rushes.learning.monitors import Scores, score
from rushes.learning.rates import optimiser_groups, plateau_share, rank_of, rate_share
from rushes.learning.recipe import Recipe
from rushes.models.clip import ShotNetwork
from rushes.progress import Progress, silent

Places = npt.NDArray[np.int64]

UNLABELLED = -1  # in place of a class's index, of a shot that has no class of a task
_AHEAD = 3  # batches that are made while one is learnt
_WATCHED = 32  # shots that go through the network at a time where nothing is learnt, at most
_NOTE_SECONDS = 0.5  # between two words of progress

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ShotBatch:
    """Some shots as a network takes them; tensors, the first axis of each is the shots.

    Attributes:
        places: where they stand among the shots of their part.
        pixels: (b, t, h, w, c) uint8; None where the features are known, or no head sees frames.
        features: (b, t, views, f) float32; None where they are still to be computed.
        mask: (b, t) bool; False behind a shot's last frame.
        subject: (b, t, gh, gw) float32; None where no head asks for it.
        series, series_mask: (b, p, columns) float32 and (b, p) bool.
        aggregates: (b, n) float32.
    """

    places: Places
    pixels: torch.Tensor | None
    features: torch.Tensor | None
    mask: torch.Tensor
    subject: torch.Tensor | None
    series: torch.Tensor
    series_mask: torch.Tensor
    aggregates: torch.Tensor

    def part(self, piece: slice) -> ShotBatch:
        """Return some of the shots."""

        def cut(tensor: torch.Tensor | None) -> torch.Tensor | None:
            return None if tensor is None else tensor[piece]

        return ShotBatch(
            self.places[piece],
            cut(self.pixels),
            cut(self.features),
            self.mask[piece],
            cut(self.subject),
            self.series[piece],
            self.series_mask[piece],
            self.aggregates[piece],
        )

    def to(self, device: torch.device) -> ShotBatch:
        """Return the same on a device."""

        tensors = {name: getattr(self, name) for name in self.__slots__ if name != "places"}
        return replace(
            self,
            **{name: value.to(device, non_blocking=True) for name, value in tensors.items() if value is not None},
        )


@dataclass(frozen=True, slots=True, eq=False)
class TaughtShots:
    """The shots of one part.

    Attributes:
        truth: task -> (shots,) int64, index of each one's class, or UNLABELLED.
        batch: makes a batch of the shots at some places. Called from threads; with a seed (of the epoch) the frames
            are changed as the recipe's augmentation says, with None they are shown as they are.
    """

    truth: Mapping[str, Places]
    batch: Callable[[Places, int | None], ShotBatch]

    def __len__(self) -> int:
        return len(next(iter(self.truth.values())))


@dataclass(frozen=True, slots=True)
class FittedShots:
    """How a training went; the network holds each head's best epoch.

    Attributes:
        epochs: how many were run.
        best_epochs: task -> from 1; 0 is the network as it was given.
        history: one table per epoch.
        pace: as of a run.
        notes: what a person should know of how the machine took it.
    """

    epochs: int
    best_epochs: Mapping[str, int]
    history: tuple[Mapping[str, Any], ...]
    pace: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    earlier_seconds: float = 0.0


def fit_shots(
    network: ShotNetwork,
    *,
    tasks: Sequence[str],
    train: TaughtShots,
    validation: TaughtShots,
    recipe: Recipe,
    class_weights: Mapping[str, npt.NDArray[np.float32]],
    sampled_by: str,
    joint: bool,
    starts_known: bool,
    piece_size: int,
    checkpoint: Path,
    threads: int = 1,
    on_epoch: EpochWatcher | None = None,
    progress: Progress = silent,
) -> FittedShots:
    """Teach the heads of a network, and what else of it requires a gradient; leave the best on validation in it.

    Args:
        tasks: whose heads are taught.
        class_weights: task -> (classes,) weight of each class in the loss.
        sampled_by: the task whose classes decide what an epoch shows.
        starts_known: the network knows something as it is given, which may turn out to be best.
        joint: the heads share what is taught, so that one epoch is kept for all; otherwise each keeps its own best.
        piece_size: shots that go through the network at a time, at most; halved where memory runs out.
        checkpoint: where the state after each epoch is kept until the end; what is there is taken up.
        on_epoch: as of `rushes.learning.fit.fit`.

    Raises:
        RunError: the loss is no number any more, or one shot is too much for the memory.
    """
    settings, device = recipe.training, network.mean.device
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    optimiser = torch.optim.AdamW(
        optimiser_groups(network, recipe),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=device.type == "cuda",
    )
    units = _units_of(network, tasks, joint=joint)
    weights = {task: torch.from_numpy(class_weights[task]).to(device) for task in tasks}
    learner = _ShotLearner(network, optimiser, weights, recipe, piece_size)
    history: list[dict[str, Any]] = []
    best: dict[str, torch.Tensor] = {}
    taken_up = read_checkpoint(checkpoint, trained, optimiser)
    if taken_up is not None:
        history, _, _, best = taken_up
        for record in history:
            if record["epoch"] > 0:
                tell_watcher(on_epoch, record, checkpoint)

    def watch() -> dict[str, Scores]:
        answers = answer_shots(network, validation, piece_size=learner.piece_size, threads=threads)
        return {task: score_labelled(answers[task], validation.truth[task]) for task in tasks}

    batch_size = settings.batch_size or 16
    steps_per_epoch = math.ceil(len(order_of(train.truth[sampled_by], recipe, 1)) / batch_size)
    step_count = settings.epochs * steps_per_epoch
    if taken_up is None and starts_known:
        best = _copy(trained)
        history.append(_record(0, watch(), recipe, train_loss=None, rate=0.0, seconds=0.0))
    first_epoch = history[-1]["epoch"] + 1 if history else 1
    started, shown_count, taught_seconds, waited_seconds, told = time.monotonic(), 0, 0.0, 0.0, 0.0
    ran_away = ""

    for epoch in range(first_epoch, settings.epochs + 1):
        if epoch - 1 - max(_best_epochs(history, units, settings.monitor).values(), default=0) >= settings.patience:
            break
        epoch_started = time.monotonic()
        torch.manual_seed(int(np.random.default_rng([settings.seed, epoch]).integers(2**63)))
        network.train()
        if network.body is not None:
            network.body.eval()  # a few shots would spoil a backbone's batch statistics
        epoch_rate = settings.learning_rate * plateau_share(history, settings)
        order = order_of(train.truth[sampled_by], recipe, epoch)
        learner.begin()
        batches = _made_ahead(train, order, batch_size, threads=threads, seed=settings.seed, epoch=epoch)
        for step, (batch, waited) in enumerate(batches):
            waited_seconds += waited
            rate = rate_share((epoch - 1) * steps_per_epoch + step, step_count, settings.schedule) * epoch_rate
            truth = {task: train.truth[task][batch.places] for task in tasks}
            learner.learn(batch.to(device), truth, rate)
            shown_count += len(batch.places)
            if time.monotonic() - told > _NOTE_SECONDS or step + 1 == steps_per_epoch:
                told = time.monotonic()
                if not math.isfinite(learner.mean_loss()):
                    ran_away = f"in epoch {epoch}, step {step + 1}"
                    break
                done = (epoch - 1) * steps_per_epoch + step + 1
                progress(done, step_count, _note(epoch, settings.epochs, learner.mean_loss(), history))
        taught_seconds += time.monotonic() - epoch_started
        if ran_away:
            break
        watched = watch()
        if not all(math.isfinite(one.loss) for one in watched.values()):
            ran_away = f"after epoch {epoch}"
            break
        seconds = time.monotonic() - epoch_started
        history.append(_record(epoch, watched, recipe, train_loss=learner.mean_loss(), rate=rate, seconds=seconds))
        best_epochs = _best_epochs(history, units, settings.monitor)
        now = _copy(trained)
        for unit, prefixes in units.items():
            if best_epochs[unit[0]] == epoch or not best:
                best |= {name: value for name, value in now.items() if name.startswith(prefixes)}
        best = now | best
        kept_epoch = max(best_epochs.values())
        write_checkpoint(
            checkpoint, trained, optimiser, history=history, best_epoch=kept_epoch, batch_size=batch_size, best=best
        )
        tell_watcher(on_epoch, history[-1], checkpoint)

    if ran_away:
        advice = f"Lower training.learning_rate (now {settings.learning_rate:g}), for example to "\
                 f"{settings.learning_rate / 10:g}"  # fmt: skip
        if not best:
            checkpoint.unlink(missing_ok=True)
            raise RunError(f"the loss is no number any more {ran_away}: the training ran away. {advice}")
        learner.notes.append(f"the loss was no number any more {ran_away}: the training ran away. {advice}")
    with torch.no_grad():
        for name, tensor in trained.items():
            tensor.copy_(best[name])
    network.eval()
    best_epochs = _best_epochs(history, units, settings.monitor)
    epochs = history[-1]["epoch"]
    progress(step_count, step_count, f"kept: epoch {max(best_epochs.values())} of {epochs}")
    elapsed = time.monotonic() - started
    return FittedShots(
        epochs,
        best_epochs,
        tuple(history),
        pace={
            "shots_per_second": round(shown_count / taught_seconds, 1) if taught_seconds else None,
            "waiting_share": round(waited_seconds / elapsed, 4) if taught_seconds else None,
            "batch_size": batch_size,
            "piece_size": min(learner.piece_size, batch_size),
            "precision": "bf16" if learner.bf16 else "fp32",
            "resumed_after": first_epoch - 1 if taken_up is not None else None,
        },
        notes=tuple(learner.notes),
        earlier_seconds=sum(record["seconds"] for record in history if record["epoch"] < first_epoch)
        if taken_up is not None
        else 0.0,
    )


def answer_shots(
    network: ShotNetwork, shots: TaughtShots, *, piece_size: int, threads: int
) -> dict[str, npt.NDArray[np.float32]]:
    """Return task -> (shots, classes) probabilities, in float32, each row summing to 1."""
    network.eval()
    device, answers = network.mean.device, dict[str, list[torch.Tensor]]()
    order = np.arange(len(shots))
    with torch.inference_mode():
        for batch, _ in _made_ahead(shots, order, min(piece_size, _WATCHED), threads=threads):
            for task, logits in _logits_in_halves(network, batch.to(device)).items():
                answers.setdefault(task, []).append(torch.softmax(logits.float(), dim=1))
    return {task: torch.cat(parts).cpu().numpy() for task, parts in answers.items()}


def score_labelled(answers: npt.NDArray[np.float32], truth: Places) -> Scores:
    """Return the scores of answers to those shots that have a class.

    Raises:
        ValueError: none has.
    """
    labelled = truth != UNLABELLED
    return score(answers[labelled], truth[labelled])


class _ShotLearner:
    """The steps of one network of several heads, as large as the machine takes them."""

    def __init__(
        self,
        network: ShotNetwork,
        optimiser: torch.optim.Optimizer,
        weights: Mapping[str, torch.Tensor],
        recipe: Recipe,
        piece_size: int,
    ) -> None:
        self.piece_size = piece_size
        self.notes: list[str] = []
        self._network, self._optimiser, self._weights, self._recipe = network, optimiser, weights, recipe
        sees = network.body is not None and any(parameter.requires_grad for parameter in network.body.parameters())
        self.bf16 = sees and computes_in_bf16(
            network, recipe.training.precision, batch_size=recipe.training.batch_size * recipe.shots.frames
        )
        self.begin()

    def begin(self) -> None:
        """Forget the losses of the epoch before."""
        self._losses = torch.zeros((), device=self._network.mean.device)
        self._steps = 0

    def mean_loss(self) -> float:
        """Return the mean loss of the steps of this epoch so far."""
        return float(self._losses) / max(1, self._steps)

    def learn(self, batch: ShotBatch, truth: Mapping[str, Places], rate: float) -> None:
        """Take one step; where memory runs out it is taken again in smaller pieces, with the same outcome."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["share"]
        device = self._network.mean.device
        aims = {task: torch.from_numpy(found).to(device) for task, found in truth.items()}
        while True:
            self._optimiser.zero_grad(set_to_none=True)
            try:
                loss = self._gradients_of(batch, aims)
                self._optimiser.step()
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self._halve(len(batch.places))
        self._losses += loss
        self._steps += 1

    def _gradients_of(self, batch: ShotBatch, aims: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Leave the gradients of the heads' weighted losses in the parameters; return their sum."""
        device, count = self._network.mean.device, len(batch.places)
        totals = {task: self._weights[task][aim[aim != UNLABELLED]].sum() for task, aim in aims.items()}
        loss = torch.zeros((), device=device)
        for start in range(0, count, self.piece_size):
            piece = slice(start, start + self.piece_size)
            with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
                logits = logits_of(self._network, batch.part(piece))
            part = torch.zeros((), device=device)
            for task, aim in aims.items():
                labelled = aim[piece] != UNLABELLED
                if bool(labelled.any()):
                    head = self._recipe.heads[task]
                    lost = shot_loss_sum(
                        logits[task][labelled].float(), aim[piece][labelled], self._weights[task], self._recipe, head
                    )
                    part = part + head.weight * lost / totals[task]
            if part.requires_grad:
                part.backward()  # type: ignore[no-untyped-call]
            loss = loss + part.detach()
        return loss

    def _halve(self, batch_size: int) -> None:
        tried = min(self.piece_size, batch_size)
        if tried == 1:
            raise RunError(
                "the memory is too small for one shot at a time. Set a smaller input.size, fewer shots.frames, a "
                "smaller model.backbone, or train fewer stages"
            )
        release_memory(self._network.mean.device)
        self.piece_size = tried // 2
        self.notes = [
            f"the memory was too small for {tried} shots at a time; {self.piece_size} were taken from then on"
        ]
        _log.warning(self.notes[0])


def logits_of(network: ShotNetwork, batch: ShotBatch) -> dict[str, torch.Tensor]:
    """Return task -> logits (b, classes) of a batch, by its features where they are known."""
    features = batch.features
    if features is None and batch.pixels is not None:
        features = network.features(batch.pixels, batch.mask, batch.subject)
    answers: dict[str, torch.Tensor] = network.answer(
        features, batch.mask, batch.series, batch.series_mask, batch.aggregates
    )
    return answers


def _logits_in_halves(network: ShotNetwork, batch: ShotBatch) -> dict[str, torch.Tensor]:
    """Return the logits of a batch; where memory runs out, of one half after the other."""
    try:
        return logits_of(network, batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or len(batch.places) == 1:
            raise
    release_memory(network.mean.device)
    half = len(batch.places) // 2
    parts = [_logits_in_halves(network, batch.part(piece)) for piece in (slice(half), slice(half, None))]
    return {task: torch.cat([part[task] for part in parts]) for task in parts[0]}


def _made_ahead(
    shots: TaughtShots, order: Places, batch_size: int, *, threads: int, seed: int = 0, epoch: int | None = None
) -> Iterator[tuple[ShotBatch, float]]:
    """Yield batches in order, the last one smaller where they do not fill it, and how long each was waited for."""
    pieces = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    with ThreadPoolExecutor(max(1, threads), thread_name_prefix="shots") as pool:
        waiting: deque[Future[ShotBatch]] = deque()
        try:
            for place, piece in enumerate(pieces):
                dice = None if epoch is None else int(np.random.default_rng([seed, epoch, place]).integers(2**62))
                waiting.append(pool.submit(shots.batch, piece, dice))
                if len(waiting) > _AHEAD:
                    yield _waited_for(waiting.popleft())
            while waiting:
                yield _waited_for(waiting.popleft())
        finally:
            for one in waiting:
                one.cancel()


def _waited_for(making: Future[ShotBatch]) -> tuple[ShotBatch, float]:
    started = time.monotonic()
    return making.result(), time.monotonic() - started


def order_of(truth: Places, recipe: Recipe, epoch: int) -> Places:
    """Return the places that an epoch shows, in order.

    Args:
        truth: (shots,) of the task whose classes decide; shots without a class of it are all shown once.
    """
    dice = np.random.default_rng([recipe.training.seed, epoch, 0, 0])
    labelled, others = np.flatnonzero(truth != UNLABELLED), np.flatnonzero(truth == UNLABELLED)
    shown = labelled[plan_epoch(truth[labelled], recipe.balance, dice)]
    return dice.permutation(np.concatenate([shown, others])) if len(others) else shown


def _units_of(network: ShotNetwork, tasks: Sequence[str], *, joint: bool) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return what is kept together: tasks that an epoch is judged by -> how the names of what they rest on begin."""
    if joint:
        return {tuple(tasks): ("",)}
    numbers = {task: network.design.tasks.index(task) for task in tasks}
    return {(task,): (f"heads.{number}.", f"poolings.{number}.") for task, number in numbers.items()}


def _best_epochs(
    history: Sequence[Mapping[str, Any]], units: Mapping[tuple[str, ...], tuple[str, ...]], monitor: str
) -> dict[str, int]:
    """Return task -> the epoch that is kept of it: of a unit of several tasks, the one that is best on average."""
    found: dict[str, int] = {}
    for tasks in units:
        ranks = [
            tuple(np.mean([rank_of(record["tasks"][task], monitor) for task in tasks], axis=0)) for record in history
        ]
        best = int(history[ranks.index(max(ranks))]["epoch"]) if history else 0
        found |= dict.fromkeys(tasks, best)
    return found


def _copy(parameters: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in parameters.items()}


def _record(
    epoch: int, watched: Mapping[str, Scores], recipe: Recipe, *, train_loss: float | None, rate: float, seconds: float
) -> dict[str, Any]:
    """Return an epoch's line of the history: the heads' scores, and their means."""
    tasks = {
        task: {
            "validation_loss": one.loss,
            "f1_macro": one.f1_macro,
            "balanced_accuracy": one.balanced_accuracy,
            "accuracy": one.accuracy,
            "recalls": list(one.recalls),
        }
        for task, one in watched.items()
    }
    return {
        "epoch": epoch,
        "train_loss": train_loss,
        "validation_loss": sum(recipe.heads[task].weight * one.loss for task, one in watched.items()),
        "f1_macro": float(np.mean([one.f1_macro for one in watched.values()])),
        "balanced_accuracy": float(np.mean([one.balanced_accuracy for one in watched.values()])),
        "learning_rate": rate,
        "seconds": seconds,
        "tasks": tasks,
    }


def _note(epoch: int, epoch_count: int, loss: float, history: Sequence[Mapping[str, Any]]) -> str:
    words = [f"epoch {epoch}/{epoch_count}", f"loss {loss:.3f}"]
    if history:
        words += [f"{task} f1 {one['f1_macro']:.3f}" for task, one in history[-1]["tasks"].items()]
    return " · ".join(words)
