"""The training loop: a network taught on one part, watched on another, its best epoch kept.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rushes.errors import RunError
from rushes.learning.answers import WATCHED, answer, making_threads
from rushes.learning.augment import Augmentation, augment_picture
from rushes.learning.balance import plan_epoch
from rushes.learning.checkpoints import EpochWatcher, read_checkpoint, tell_watcher, write_checkpoint
from rushes.learning.crew import ALONE, Crew
from rushes.learning.hardware import (
    batch_sizes_to_try,
    computes_in_bf16,
    find_batch_size,
    is_compiled,
    rate_for_batch,
)
from rushes.learning.learner import Learner
from rushes.learning.loader import LabelledPictures, Loader, Pixels, Places, in_batches
from rushes.learning.monitors import Scores, score
from rushes.learning.rates import optimiser_groups, plateau_share, rank_of, rate_share
from rushes.learning.recipe import BalanceRecipe, Recipe
from rushes.models.network import Network
from rushes.progress import Progress, silent

_LOOKED_AT = 20  # steps between two looks at the loss on a device that computes ahead
_TRIED_STEPS = 6  # of each batch size, when one is looked for


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a training went; the network holds the best epoch's weights.

    Attributes:
        epochs: how many were run.
        best_epoch: from 1; 0 is the network as it was given.
        history: one table per epoch.
        batch_size: samples per step, which may have been looked for.
        learning_rate: the highest, which follows a batch size that was looked for.
        pace: how fast it went: `images_per_second` through the network in training, `waiting_share` of the time of
            training and watching in which it waited for pictures, what it rests on, and `resumed_after`: the epoch
            after which an interrupted training was taken up.
        notes: what a person should know of how the machine took it.
        earlier_seconds: what its epochs had taken before it was taken up.
    """

    epochs: int
    best_epoch: int
    history: tuple[Mapping[str, Any], ...]
    batch_size: int
    learning_rate: float
    pace: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    earlier_seconds: float = 0.0


def fit(
    network: Network,
    *,
    train: LabelledPictures,
    validation: LabelledPictures,
    recipe: Recipe,
    class_weights: npt.NDArray[np.float32],
    augmentations: Sequence[Augmentation],
    piece_size: int,
    checkpoint: Path,
    threads: int = 1,
    crew: Crew = ALONE,
    on_epoch: EpochWatcher | None = None,
    progress: Progress = silent,
) -> Fitted:
    """Teach a network, and leave the weights of its best epoch on validation in it.

    The parameters that require a gradient are trained. With the same network, samples, recipe and number of threads the
    outcome on a CPU is the same to the bit, whether or not it was interrupted. torch's global generator is moved.
    Pictures are read, changed and stacked ahead in threads; one that cannot be read is left out of its batch.

    Args:
        class_weights: (classes,) weight of each class in the loss.
        augmentations: (classes,) what the pictures of each class may undergo.
        piece_size: pictures that go through the network at a time, at most; halved where memory runs out.
        checkpoint: where the state after each epoch is kept until the end; what is there is taken up. It must be of
            this network, these samples and this recipe.
        threads: that make batches.
        crew: the processes that train this network together, each of which calls this with the same arguments.
        on_epoch: told the record of each epoch, and of those before where a training is taken up; what it raises ends
            the training, and leaves nothing to take up.

    Raises:
        RunError: the loss is no number any more, no validation picture can be read, or one picture is too much for
            the memory.
    """
    settings = recipe.training
    device = network.mean.device
    finetunes = recipe.model.kind == "finetune"
    bf16 = computes_in_bf16(network, settings.precision, batch_size=settings.batch_size)
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    crew.agree([*network.parameters(), *network.buffers()])
    optimiser = torch.optim.AdamW(
        optimiser_groups(network, recipe),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=device.type == "cuda",
    )
    # What the best epoch is: what was learnt, and what normalisation counted on the way, where it counts.
    kept = trained | ({} if finetunes else {n: b for n, b in network.named_buffers() if n.startswith("body.")})
    weights = torch.from_numpy(class_weights).to(device)
    learner = Learner(network, optimiser, trained, weights, recipe, crew, bf16, piece_size)

    shown_count, taught_seconds, watched_seconds, waited_seconds = 0, 0.0, 0.0, 0.0

    # Take up where an interrupted training of the same recipe on the same samples stopped.
    history: list[dict[str, Any]] = []
    best: dict[str, torch.Tensor] = {}
    best_epoch, best_rank, batch_size = 0, (-math.inf, -math.inf), settings.batch_size
    taken_up = read_checkpoint(checkpoint, kept, optimiser)
    if taken_up is not None:
        history, best_epoch, batch_size, best = taken_up
        best_rank = rank_of(next(record for record in history if record["epoch"] == best_epoch), settings.monitor)
        for record in history:  # a kill may have come between an epoch and its telling
            if record["epoch"] > 0:
                tell_watcher(on_epoch, record, checkpoint)

    with making_threads(threads) as pool:

        def begin(samples: LabelledPictures, order: Places, batches: Sequence[Places], epoch: int = 0) -> Loader:
            """Begin a pass over samples; epoch 0 shows them as they are."""

            def change(picture: Pixels, place: int, turn: int) -> Pixels:
                # Every picture of every epoch has dice of its own: whoever makes it, and whenever, they fall the same.
                dice = np.random.default_rng([settings.seed, epoch, turn])
                return augment_picture(picture, augmentations[samples.truth[place]], dice)

            return Loader(
                samples,
                order,
                batches=batches,
                pool=pool,
                threads=threads,
                change=change if epoch else None,
                pinned=device.type == "cuda",
            )

        def begin_epoch(epoch: int) -> Loader:
            order = _order_of(train, recipe.balance, settings.seed, epoch)
            return begin(train, order, in_batches(len(order), batch_size, crew=crew), epoch)

        def begin_watching() -> Loader:
            places = np.arange(len(validation) if crew.leads else 0)
            return begin(validation, places, in_batches(len(places), min(learner.piece_size, WATCHED)))

        def watch(shown: Loader) -> Scores:
            nonlocal waited_seconds
            _, answers, truth = answer(network, shown)
            waited_seconds += shown.waited_seconds
            if not len(truth):
                raise RunError(
                    f"none of the {len(validation)} validation pictures can be read, and without them nobody knows "
                    "when to stop. Ingest them again, or make another split: rushes split make"
                )
            return score(answers, truth)

        if batch_size == 0:
            batch_size = crew.tell(_look_for_batch_size(learner, train, begin) if crew.leads else None)
        highest_rate = settings.learning_rate
        if settings.batch_size == 0:
            highest_rate = rate_for_batch(settings.learning_rate, batch_size)
        steps_per_epoch = math.ceil(len(_order_of(train, recipe.balance, settings.seed, 1)) / batch_size)
        step_count = settings.epochs * steps_per_epoch
        compiled = is_compiled(network, settings.compile, step_count=step_count)
        if compiled:
            network.compile()
        if (finetunes or recipe.model.start) and taken_up is None:  # it may be that nothing beats what it knows
            watched = crew.tell(watch(begin_watching()) if crew.leads else None)
            best, best_rank = _copy(kept), watched.rank(settings.monitor)
            history.append(_record(0, watched, train_loss=None, rate=0.0, seconds=0.0))
        first_epoch = history[-1]["epoch"] + 1 if history else 1
        started = time.monotonic()
        following: Loader | None = None
        ran_away = ""

        for epoch in range(first_epoch, settings.epochs + 1):
            if epoch - 1 - best_epoch >= settings.patience:
                break
            epoch_started = time.monotonic()
            torch.manual_seed(int(np.random.default_rng([settings.seed, epoch]).integers(2**63)))
            network.train()
            if finetunes:
                # Small sets would spoil a backbone's batch statistics, and weights with folded ones have none to learn.
                network.body.eval()
            batches = following or begin_epoch(epoch)
            epoch_rate = highest_rate * plateau_share(history, settings)
            learner.begin()
            for step, batch in enumerate(batches):
                rate = rate_share((epoch - 1) * steps_per_epoch + step, step_count, settings.schedule) * epoch_rate
                learner.learn(batch, rate)
                shown_count += len(batch.places)
                if device.type == "cpu" or step % _LOOKED_AT == _LOOKED_AT - 1 or step + 1 == steps_per_epoch:
                    loss = learner.mean_loss()
                    if not math.isfinite(loss):
                        ran_away = f"in epoch {epoch}, step {step + 1}"
                        break
                    done = (epoch - 1) * steps_per_epoch + step + 1
                    left = (time.monotonic() - started) / (done - (first_epoch - 1) * steps_per_epoch)
                    left *= step_count - done
                    progress(done, step_count, _note(epoch, settings.epochs, loss, history, left))
            train_loss = learner.mean_loss()
            taught_seconds += time.monotonic() - epoch_started
            waited_seconds += batches.waited_seconds
            if ran_away:
                break

            # Watch validation, remember the best, and leave a state that can be taken up; the first pictures of the
            # epoch that follows are made meanwhile, behind those of validation.
            watching_started = time.monotonic()
            watching = begin_watching()
            following = begin_epoch(epoch + 1) if epoch < settings.epochs else None
            watched = crew.tell(watch(watching) if crew.leads else None)
            watched_seconds += time.monotonic() - watching_started
            if not math.isfinite(watched.loss):
                ran_away = f"after epoch {epoch}"
                break
            seconds = time.monotonic() - epoch_started
            history.append(_record(epoch, watched, train_loss=train_loss, rate=rate, seconds=seconds))
            if watched.rank(settings.monitor) > best_rank:
                best_epoch, best_rank, best = epoch, watched.rank(settings.monitor), _copy(kept)
            if crew.leads:
                write_checkpoint(
                    checkpoint, kept, optimiser,
                    history=history, best_epoch=best_epoch, batch_size=batch_size, best=best,
                )  # fmt: skip
            tell_watcher(on_epoch, history[-1], checkpoint)

    if ran_away:
        advice = f"Lower training.learning_rate (now {highest_rate:g}), for example to {highest_rate / 10:g}"
        if not best:
            checkpoint.unlink(missing_ok=True)
            raise RunError(f"the loss is no number any more {ran_away}: the training ran away. {advice}")
        learner.notes.append(
            f"the loss was no number any more {ran_away}: the training ran away; epoch {best_epoch} is kept. {advice}"
        )
    with torch.no_grad():
        for name, tensor in kept.items():
            tensor.copy_(best[name])
    network.eval()
    epochs = history[-1]["epoch"]
    score_kept = next((record["f1_macro"] for record in history if record["epoch"] == best_epoch), math.nan)
    progress(step_count, step_count, f"kept: epoch {best_epoch} of {epochs}, f1_macro {score_kept:.3f} on validation")
    return Fitted(
        epochs,
        best_epoch,
        tuple(history),
        batch_size=batch_size,
        learning_rate=highest_rate,
        pace={
            "images_per_second": round(shown_count * crew.size / taught_seconds, 1) if taught_seconds else None,
            "waiting_share": round(waited_seconds / (taught_seconds + watched_seconds), 4) if taught_seconds else None,
            "batch_size": batch_size,
            "piece_size": min(learner.piece_size, batch_size),
            "precision": "bf16" if bf16 else "fp32",
            "compiled": compiled,
            "devices": crew.size,
            "resumed_after": first_epoch - 1 if taken_up is not None else None,
        },
        notes=tuple(learner.notes),
        earlier_seconds=sum(record["seconds"] for record in history if record["epoch"] < first_epoch)
        if taken_up is not None
        else 0.0,
    )


def _order_of(train: LabelledPictures, balance: BalanceRecipe, seed: int, epoch: int) -> Places:
    """Return the places that an epoch shows, in order; every epoch has dice of its own."""
    return plan_epoch(train.truth, balance, np.random.default_rng([seed, epoch, 0, 0]))


def _look_for_batch_size(
    learner: Learner, train: LabelledPictures, begin: Callable[[LabelledPictures, Places, Sequence[Places]], Loader]
) -> int:
    """Return the batch size that the machine takes well; the network is as it was afterwards."""

    def rate_of(size: int) -> float:
        order = np.resize(np.arange(len(train)), size * _TRIED_STEPS)
        batches = list(begin(train, order, in_batches(len(order), size)))
        learner.learn(batches[0], 0.0)  # libraries make themselves ready
        learner.mean_loss()
        started = time.perf_counter()
        for batch in batches[1:]:
            learner.learn(batch, 0.0)
        learner.mean_loss()  # the device has done it all
        return sum(len(batch.places) for batch in batches[1:]) / (time.perf_counter() - started)

    with learner.nothing_learnt():
        return find_batch_size(batch_sizes_to_try(len(train)), rate_of, learner.device)


def _copy(parameters: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in parameters.items()}


def _record(epoch: int, watched: Scores, *, train_loss: float | None, rate: float, seconds: float) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "train_loss": train_loss,
        "validation_loss": watched.loss,
        "f1_macro": watched.f1_macro,
        "balanced_accuracy": watched.balanced_accuracy,
        "accuracy": watched.accuracy,
        "recalls": list(watched.recalls),
        "learning_rate": rate,
        "seconds": seconds,
    }


def _note(epoch: int, epoch_count: int, loss: float, history: list[dict[str, Any]], seconds_left: float) -> str:
    words = [f"epoch {epoch}/{epoch_count}", f"loss {loss:.3f}"]
    if history:
        best = max(record["f1_macro"] for record in history)
        words.append(f"f1 {history[-1]['f1_macro']:.3f}, best {best:.3f}")
    minutes, seconds = divmod(round(seconds_left), 60)
    words.append(f"{minutes}:{seconds:02d} left")
    return " · ".join(words)
