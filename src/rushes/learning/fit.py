"""The training loop: a network taught on one part, watched on another, its best epoch kept.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from rushes.errors import RunError
from rushes.learning.augment import Augmentation, augment_picture
from rushes.learning.balance import plan_epoch
from rushes.learning.monitors import Scores, score
from rushes.learning.recipe import Recipe
from rushes.learning.samples import Samples
from rushes.models.network import Network
from rushes.progress import Progress, silent
from rushes.storage.files import whole_file

EpochWatcher = Callable[[Mapping[str, Any]], None]

_CHECKPOINT_SCHEMA = "checkpoint/1"
_WARM_UP = 0.05  # share of the steps over which the learning rate rises
_LAST_RATE = 0.02  # of the highest

# The C library gives blocks above 32 MiB back to the system each time, and the system clears them anew each time:
# on a CPU a batch goes through the network in pieces whose largest map stays below.
_PIECE_BYTES = 24 * 2**20


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a training went; the network holds the best epoch's weights.

    Attributes:
        epochs: how many were run.
        best_epoch: from 1; 0 is the network as it was given.
        history: one table per epoch.
        resumed_after: the epoch after which an interrupted training was taken up; None where it began anew.
    """

    epochs: int
    best_epoch: int
    history: tuple[Mapping[str, Any], ...]
    resumed_after: int | None = None


def fit(
    network: Network,
    *,
    train: Samples,
    validation: Samples,
    recipe: Recipe,
    class_weights: npt.NDArray[np.float32],
    piece_size: int,
    checkpoint: Path,
    augmentations: Sequence[Augmentation],
    on_epoch: EpochWatcher | None = None,
    progress: Progress = silent,
) -> Fitted:
    """Teach a network, and leave the weights of its best epoch on validation in it.

    The parameters that require a gradient are trained. With the same network, samples, recipe and number of threads the
    outcome on a CPU is the same to the bit, whether or not it was interrupted. torch's global generator is moved.

    Args:
        class_weights: (classes,) weight of each class in the loss.
        augmentations: (classes,) what the pictures of each class may undergo.
        piece_size: pictures that go through the network at a time.
        checkpoint: where the state after each epoch is kept until the end; what is there is taken up. It must be of
            this network, these samples and this recipe.
        on_epoch: told the record of each epoch; what it raises ends the training, and leaves nothing to take up.

    Raises:
        RunError: the loss is no number any more.
    """
    settings = recipe.training
    device = network.mean.device
    finetunes = recipe.model.kind == "finetune"
    mixed = _gains_from_bf16(network)
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for name, p in trained.items() if name.startswith("body.")],
             "share": settings.backbone_rate if finetunes else 1.0},
            {"params": [p for name, p in trained.items() if not name.startswith("body.")], "share": 1.0},
        ],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
    )  # fmt: skip
    weights = torch.from_numpy(class_weights).to(device)
    steps_per_epoch = math.ceil(len(train) / settings.batch_size)
    step_count = settings.epochs * steps_per_epoch

    # Take up where an interrupted training of the same recipe on the same samples stopped.
    history: list[dict[str, Any]] = []
    best: dict[str, torch.Tensor] = {}
    best_epoch, best_rank = 0, (-math.inf, -math.inf)
    taken_up = _read_checkpoint(checkpoint, trained, optimiser)
    if taken_up is not None:
        history, best_epoch, best = taken_up
        best_rank = _rank_of(history, best_epoch, settings.monitor)
    elif finetunes:  # the head fits the features already: it may turn out that nothing beats that
        best, watched = _copy(trained), _watch(network, validation, piece_size)
        best_rank = watched.rank(settings.monitor)
        history.append(_record(0, watched, train_loss=None, rate=0.0, seconds=0.0))
    first_epoch = history[-1]["epoch"] + 1 if history else 1
    started = time.monotonic()

    for epoch in range(first_epoch, settings.epochs + 1):
        if epoch - 1 - best_epoch >= settings.patience:
            break
        epoch_started = time.monotonic()
        # Every epoch has dice of its own, so that one taken up later falls the same.
        dice = np.random.default_rng([settings.seed, epoch])
        torch.manual_seed(int(dice.integers(2**63)))
        network.train()
        if finetunes:
            # Small sets would spoil a backbone's batch statistics, and weights with folded ones have none to learn.
            network.body.eval()
        order = plan_epoch(train.truth, recipe.balance, dice)
        loss_sum = weight_sum = 0.0
        for step, start in enumerate(range(0, len(train), settings.batch_size)):
            chosen = np.sort(order[start : start + settings.batch_size])
            shown = [augment_picture(train.pixels[at], augmentations[train.truth[at]], dice) for at in chosen]
            pixels = torch.from_numpy(np.stack(shown))
            truth = torch.from_numpy(train.truth[chosen])
            rate = _rate_at((epoch - 1) * steps_per_epoch + step, step_count) * settings.learning_rate
            for group in optimiser.param_groups:
                group["lr"] = rate * group["share"]
            batch_weight = float(class_weights[train.truth[chosen]].sum())
            batch_loss = 0.0
            optimiser.zero_grad(set_to_none=True)
            for at in range(0, len(chosen), piece_size):
                piece = slice(at, at + piece_size)
                with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
                    logits = network(pixels[piece].to(device))
                loss = functional.cross_entropy(logits.float(), truth[piece].to(device), weights, reduction="sum")
                (loss / batch_weight).backward()  # type: ignore[no-untyped-call]
                batch_loss += loss.item()
            if not math.isfinite(batch_loss):
                checkpoint.unlink(missing_ok=True)
                raise RunError(
                    f"the loss is no number any more in epoch {epoch}, step {step + 1}: the training ran away. Lower "
                    f"training.learning_rate (now {settings.learning_rate:g}), for example to "
                    f"{settings.learning_rate / 10:g}"
                )
            optimiser.step()
            loss_sum += batch_loss
            weight_sum += batch_weight
            done = (epoch - 1) * steps_per_epoch + step + 1
            left = (time.monotonic() - started) / (done - (first_epoch - 1) * steps_per_epoch) * (step_count - done)
            progress(done, step_count, _note(epoch, settings.epochs, loss_sum / weight_sum, history, left))

        # Watch validation, remember the best, and leave a state that can be taken up.
        watched = _watch(network, validation, piece_size)
        seconds = time.monotonic() - epoch_started
        history.append(_record(epoch, watched, train_loss=loss_sum / weight_sum, rate=rate, seconds=seconds))
        if watched.rank(settings.monitor) > best_rank:
            best_epoch, best_rank, best = epoch, watched.rank(settings.monitor), _copy(trained)
        _write_checkpoint(checkpoint, trained, optimiser, history=history, best_epoch=best_epoch, best=best)
        if on_epoch is not None:
            try:
                on_epoch(history[-1])
            except Exception:
                checkpoint.unlink(missing_ok=True)
                raise

    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(best[name])
    network.eval()
    epochs = history[-1]["epoch"]
    progress(step_count, step_count, f"best epoch {best_epoch} of {epochs}")
    return Fitted(epochs, best_epoch, tuple(history), first_epoch - 1 if taken_up is not None else None)


def answer(network: Network, pixels: npt.NDArray[np.uint8], piece_size: int) -> npt.NDArray[np.float32]:
    """Return what a network answers, in float32: (pictures, classes) probabilities, each row summing to 1."""
    network.eval()
    answers = []
    with torch.inference_mode():
        for start in range(0, len(pixels), piece_size):
            piece = torch.from_numpy(pixels[start : start + piece_size]).to(network.mean.device)
            answers.append(torch.softmax(network(piece), dim=1).cpu())
    return torch.cat(answers).numpy() if answers else np.empty((0, network.head.out_features), np.float32)


def piece_size_for(largest_map_count: int | None, device: torch.device) -> int:
    """Return how many pictures should go through a network at a time.

    Args:
        largest_map_count: numbers in the largest map of one picture; None where it is not known.
    """
    if device.type != "cpu":
        return 64
    if largest_map_count is None:
        return 4
    return max(1, _PIECE_BYTES // (largest_map_count * 4))


def _rate_at(step: int, step_count: int) -> float:
    """Return the learning rate of a step, from 0, as a share of the highest."""
    warm_up = max(1, round(_WARM_UP * step_count))
    if step < warm_up:
        return (step + 1) / warm_up
    way = (step - warm_up) / max(1, step_count - warm_up)
    return _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * way)) / 2


def _watch(network: Network, samples: Samples, piece_size: int) -> Scores:
    return score(answer(network, samples.pixels, piece_size), samples.truth)


def _gains_from_bf16(network: Network) -> bool:
    """Return whether training is faster in bfloat16: not where most work is depthwise convolution, which is not."""
    device = network.mean.device
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    layers = list(network.body.modules())
    depthwise = sum(isinstance(layer, torch.nn.Conv2d) and layer.groups > 1 for layer in layers)
    linear = sum(isinstance(layer, torch.nn.Linear) for layer in layers)
    return depthwise <= linear and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


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
    trained: Mapping[str, torch.Tensor],
    optimiser: torch.optim.Optimizer,
    *,
    history: list[dict[str, Any]],
    best_epoch: int,
    best: Mapping[str, torch.Tensor],
) -> None:
    """Write the state after an epoch, whole or not at all: weights now and at their best, and the optimiser's."""
    from safetensors.torch import save_file

    tensors: dict[str, torch.Tensor] = {}
    for name, parameter in trained.items():
        tensors[f"now.{name}"] = parameter.detach()
        tensors[f"best.{name}"] = best[name]
        for key, value in optimiser.state[parameter].items():
            tensors[f"{key}.{name}"] = value
    about = {"schema": _CHECKPOINT_SCHEMA, "history": json.dumps(history), "best_epoch": str(best_epoch)}
    with whole_file(path) as temporary:
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, temporary, metadata=about)


def _read_checkpoint(
    path: Path, trained: Mapping[str, torch.Tensor], optimiser: torch.optim.Optimizer
) -> tuple[list[dict[str, Any]], int, dict[str, torch.Tensor]] | None:
    """Bring weights and optimiser to a written state; return history, best epoch and best weights.

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
        history, best_epoch = json.loads(about["history"]), int(about["best_epoch"])
        states = {
            name: {key: tensors[f"{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")} for name in trained
        }
        now = {name: tensors[f"now.{name}"] for name in trained}
        best = {name: tensors[f"best.{name}"].to(parameter.device) for name, parameter in trained.items()}
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
    if any(now[name].shape != parameter.shape for name, parameter in trained.items()):
        return None
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(now[name])
            optimiser.state[parameter] = {
                key: value if key == "step" else torch.empty_like(parameter).copy_(value)
                for key, value in states[name].items()
            }
    return history, best_epoch, best
