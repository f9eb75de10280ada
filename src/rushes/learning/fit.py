"""The training loop: a network taught on one part, watched on another, its best epoch kept.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rushes.errors import RunError, RushesError
from rushes.learning.augment import Augmentation, augment_picture
from rushes.learning.balance import plan_epoch
from rushes.learning.crew import ALONE, Crew
from rushes.learning.hardware import (
    batch_sizes_to_try,
    computes_in_bf16,
    find_batch_size,
    is_compiled,
    is_out_of_memory,
    rate_for_batch,
    release_memory,
)
from rushes.learning.loader import Batch, LabelledPictures, Loader, Pixels, Places, in_batches
from rushes.learning.losses import loss_sum
from rushes.learning.monitors import GivenUpError, Scores, score
from rushes.learning.rates import optimiser_groups
from rushes.learning.recipe import BalanceRecipe, Recipe
from rushes.models.network import Network
from rushes.progress import Progress, silent
from rushes.storage.files import whole_file

EpochWatcher = Callable[[Mapping[str, Any]], None]

_CHECKPOINT_SCHEMA = "checkpoint/2"
_WARM_UP = 0.05  # share of the steps over which the learning rate rises
_LAST_RATE = 0.02  # of the highest
_LOOKED_AT = 20  # steps between two looks at the loss on a device that computes ahead
_WATCHED = 128  # pictures that go through the network at a time where nothing is learnt, at most
_TRIED_STEPS = 6  # of each batch size, when one is looked for

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a training went; the network holds the best epoch's weights.

    Attributes:
        epochs: how many were run.
        best_epoch: from 1; 0 is the network as it was given.
        history: one table per epoch.
        batch_size: samples per step, which may have been looked for.
        learning_rate: the highest, which follows a batch size that was looked for.
        pace: how fast it went: `images_per_second` through the network in training, `waiting_share` of that time in
            which the network waited for pictures, and what it rests on.
        notes: what a person should know of how the machine took it.
        resumed_after: the epoch after which an interrupted training was taken up; None where it began anew.
        earlier_seconds: what its epochs had taken before that.
    """

    epochs: int
    best_epoch: int
    history: tuple[Mapping[str, Any], ...]
    batch_size: int
    learning_rate: float
    pace: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    resumed_after: int | None = None
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
        on_epoch: told the record of each epoch; what it raises ends the training, and leaves nothing to take up.

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
    learner = _Learner(network, optimiser, trained, weights, recipe, crew, bf16, piece_size)

    shown_count, taught_seconds, watched_seconds, waited_seconds = 0, 0.0, 0.0, 0.0

    # Take up where an interrupted training of the same recipe on the same samples stopped.
    history: list[dict[str, Any]] = []
    best: dict[str, torch.Tensor] = {}
    best_epoch, best_rank, batch_size = 0, (-math.inf, -math.inf), settings.batch_size
    taken_up = _read_checkpoint(checkpoint, kept, optimiser)
    if taken_up is not None:
        history, best_epoch, batch_size, best = taken_up
        best_rank = _rank_of(history, best_epoch, settings.monitor)

    with _threads(threads) as pool:

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
            return begin(validation, places, in_batches(len(places), min(learner.piece_size, _WATCHED)))

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
            learner.begin()
            for step, batch in enumerate(batches):
                rate = _rate_at((epoch - 1) * steps_per_epoch + step, step_count) * highest_rate
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
                _write_checkpoint(
                    checkpoint, kept, optimiser,
                    history=history, best_epoch=best_epoch, batch_size=batch_size, best=best,
                )  # fmt: skip
            if on_epoch is not None:
                try:
                    on_epoch(history[-1])
                except (GivenUpError, RushesError):  # what else is raised may be mended: then it goes on from here
                    checkpoint.unlink(missing_ok=True)
                    raise

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
        resumed_after=first_epoch - 1 if taken_up is not None else None,
        earlier_seconds=sum(record["seconds"] for record in history if record["epoch"] < first_epoch)
        if taken_up is not None
        else 0.0,
    )


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads that make batches; what they have not begun when the block ends is not made any more."""
    pool = ThreadPoolExecutor(count, thread_name_prefix="batches")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def answer_samples(
    network: Network, samples: LabelledPictures, *, piece_size: int, threads: int
) -> tuple[Places, npt.NDArray[np.float32]]:
    """Return what a network answers, in float32, to the samples whose pictures can be read.

    Args:
        piece_size: pictures that go through the network at a time, at most.
        threads: that read pictures.

    Returns:
        (pictures,) places of the samples, and (pictures, classes) probabilities, each row summing to 1.
    """
    places = np.arange(len(samples))
    with _threads(threads) as pool:
        batches = in_batches(len(places), min(piece_size, _WATCHED))
        shown = Loader(samples, places, batches=batches, pool=pool, threads=threads)
        seen, answers, _ = answer(network, shown)
    return seen, answers


def answer(network: Network, shown: Loader) -> tuple[Places, npt.NDArray[np.float32], Places]:
    """Return what a network answers, in float32, to the pictures that can be read.

    Returns:
        (pictures,) their places, (pictures, classes) probabilities, each row summing to 1, and (pictures,) the truth.
    """
    network.eval()
    device = network.mean.device
    places, answers, truth = [], [], []
    with torch.inference_mode():
        for batch in shown:
            if not len(batch.places):
                continue
            logits = _logits_of(network, batch.pixels.to(device, non_blocking=True))
            answers.append(torch.softmax(logits.float(), dim=1))
            places.append(batch.places)
            truth.append(batch.truth.numpy())
    if not answers:
        none = np.empty(0, np.int64)
        return none, np.empty((0, 0), np.float32), none
    return np.concatenate(places), torch.cat(answers).cpu().numpy(), np.concatenate(truth)


class _Learner:
    """The steps of one network: forward, backward, and what the machine takes of it at a time.

    Attributes:
        piece_size: pictures that go through the network at a time, at most.
        notes: what happened to it.
    """

    def __init__(
        self,
        network: Network,
        optimiser: torch.optim.Optimizer,
        trained: Mapping[str, torch.nn.Parameter],
        weights: torch.Tensor,
        recipe: Recipe,
        crew: Crew,
        bf16: bool,
        piece_size: int,
    ) -> None:
        self.piece_size = piece_size
        self.notes: list[str] = []
        self._network = network
        self._optimiser = optimiser
        self._trained = trained
        self._weights = weights
        self._recipe = recipe
        self._crew = crew
        self._bf16 = bf16
        self._device = network.mean.device
        self.begin()

    @property
    def device(self) -> torch.device:
        return self._device

    @contextmanager
    def nothing_learnt(self) -> Iterator[None]:
        """Let the network and the optimiser be after the block as they were before it."""
        before = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
        crew, self._crew = self._crew, ALONE  # the others do not take part
        trains = self._network.training
        self._network.train()
        try:
            yield
        finally:
            self._crew = crew
            self._network.load_state_dict(before)
            self._network.train(trains)
            self._optimiser.state.clear()
            self._optimiser.zero_grad(set_to_none=True)
            self.begin()

    def begin(self) -> None:
        """Forget the losses of the epoch before."""
        self._losses = torch.zeros(2, device=self._device)

    def mean_loss(self) -> float:
        """Return the loss per weight of the samples of this epoch so far; 0 while none could be read."""
        loss, weight = self._losses.tolist()
        return loss / weight if weight else 0.0

    def learn(self, batch: Batch, rate: float) -> None:
        """Take one step; where memory runs out it is taken again in smaller pieces, with the same outcome."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["share"]
        if self._crew.size == 1 and not len(batch.places):
            return
        truth = batch.truth.to(self._device, non_blocking=True)
        weight = self._weights[truth].sum()
        self._crew.add_up([weight])
        while True:
            self._optimiser.zero_grad(set_to_none=True)
            try:
                loss = self._gradients_of(batch.pixels, truth, weight)
                self._share_gradients(loss)
                self._optimiser.step()
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self._halve(len(truth))
        self._losses += torch.stack([loss, weight])

    def _share_gradients(self, loss: torch.Tensor) -> None:
        """Let every process of the crew have the gradients of the whole batch, and its loss."""
        if self._crew.size == 1:
            return
        gradients = []
        for parameter in self._trained.values():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        self._crew.add_up([loss, *gradients])

    def _gradients_of(self, shown: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Leave the gradients of the loss per weight in the parameters; return the loss, summed."""
        pixels = shown.to(self._device, non_blocking=True)
        total = torch.zeros_like(weight)
        for start in range(0, len(truth), self.piece_size):
            piece = slice(start, start + self.piece_size)
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
                logits = self._network(pixels[piece])
            loss = loss_sum(logits.float(), truth[piece], self._weights, self._recipe)
            (loss / weight).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _halve(self, batch_size: int) -> None:
        tried = min(self.piece_size, batch_size)
        if tried == 1:
            raise RunError(
                "the memory is too small for one picture at a time. Set a smaller input.size, a smaller model.design "
                "or model.backbone, or train fewer stages"
            )
        release_memory(self._device)
        self.piece_size = tried // 2
        note = f"the memory was too small for {tried} pictures at a time; {self.piece_size} were taken from then on"
        _log.warning(note)
        self.notes = [note]


def _logits_of(network: Network, pixels: torch.Tensor) -> torch.Tensor:
    """Return the logits of pictures; where memory runs out, of one half after the other."""
    try:
        logits: torch.Tensor = network(pixels)
        return logits
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or len(pixels) == 1:
            raise
    release_memory(pixels.device)
    half = len(pixels) // 2
    return torch.cat([_logits_of(network, pixels[:half]), _logits_of(network, pixels[half:])])


def _order_of(train: LabelledPictures, balance: BalanceRecipe, seed: int, epoch: int) -> Places:
    """Return the places that an epoch shows, in order; every epoch has dice of its own."""
    return plan_epoch(train.truth, balance, np.random.default_rng([seed, epoch, 0, 0]))


def _look_for_batch_size(
    learner: _Learner, train: LabelledPictures, begin: Callable[[LabelledPictures, Places, Sequence[Places]], Loader]
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


def _rate_at(step: int, step_count: int) -> float:
    """Return the learning rate of a step, from 0, as a share of the highest."""
    warm_up = max(1, round(_WARM_UP * step_count))
    if step < warm_up:
        return (step + 1) / warm_up
    way = (step - warm_up) / max(1, step_count - warm_up)
    return _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * way)) / 2


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


def _rank_of(history: list[dict[str, Any]], epoch: int, monitor: str) -> tuple[float, float]:
    found = next(record for record in history if record["epoch"] == epoch)
    return Scores(found["validation_loss"], found["f1_macro"], found["balanced_accuracy"]).rank(monitor)


def _note(epoch: int, epoch_count: int, loss: float, history: list[dict[str, Any]], seconds_left: float) -> str:
    words = [f"epoch {epoch}/{epoch_count}", f"loss {loss:.3f}"]
    if history:
        best = max(record["f1_macro"] for record in history)
        words.append(f"f1 {history[-1]['f1_macro']:.3f}, best {best:.3f}")
    minutes, seconds = divmod(round(seconds_left), 60)
    words.append(f"{minutes}:{seconds:02d} left")
    return " · ".join(words)


def _write_checkpoint(
    path: Path,
    kept: Mapping[str, torch.Tensor],
    optimiser: torch.optim.Optimizer,
    *,
    history: list[dict[str, Any]],
    best_epoch: int,
    batch_size: int,
    best: Mapping[str, torch.Tensor],
) -> None:
    """Write the state after an epoch, whole or not at all: weights now and at their best, and the optimiser's."""
    from safetensors.torch import save_file

    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in kept.items():
        tensors[f"now.{name}"] = tensor.detach()
        tensors[f"best.{name}"] = best[name]
        for key, value in optimiser.state.get(tensor, {}).items():
            tensors[f"{key}.{name}"] = value
    about = {"schema": _CHECKPOINT_SCHEMA, "history": json.dumps(history), "best_epoch": str(best_epoch),
             "batch_size": str(batch_size)}  # fmt: skip
    with whole_file(path) as temporary:
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, temporary, metadata=about)


def _read_checkpoint(
    path: Path, kept: Mapping[str, torch.Tensor], optimiser: torch.optim.Optimizer
) -> tuple[list[dict[str, Any]], int, int, dict[str, torch.Tensor]] | None:
    """Bring weights and optimiser to a written state; return history, best epoch, batch size and best weights.

    None where there is no state that fits: then nothing was changed.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            tensors: dict[str, torch.Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if about.get("schema") != _CHECKPOINT_SCHEMA:
            return None
        history = json.loads(about["history"])
        best_epoch, batch_size = int(about["best_epoch"]), int(about["batch_size"])
        states = {
            name: {key: tensors[f"{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            for name, tensor in kept.items()
            if tensor.requires_grad
        }
        now = {name: tensors[f"now.{name}"] for name in kept}
        best = {name: tensors[f"best.{name}"].to(tensor.device) for name, tensor in kept.items()}
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
    if any(now[name].shape != tensor.shape for name, tensor in kept.items()):
        return None
    with torch.no_grad():
        for name, tensor in kept.items():
            tensor.copy_(now[name])
        fused = bool(optimiser.defaults["fused"])
        for name, state in states.items():
            steps_at = kept[name].device if fused else torch.device("cpu")
            optimiser.state[kept[name]] = {
                key: value.to(steps_at) if key == "step" else torch.empty_like(kept[name]).copy_(value)
                for key, value in state.items()
            }
    return history, best_epoch, batch_size, best
