"""The state of a training after an epoch, written and taken up again.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from rushes.errors import RushesError
from rushes.learning.monitors import GivenUpError
from rushes.storage.files import whole_file

EpochWatcher = Callable[[Mapping[str, Any]], None]

_SCHEMA = "checkpoint/2"


def write_checkpoint(
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
    about = {"schema": _SCHEMA, "history": json.dumps(history), "best_epoch": str(best_epoch),
             "batch_size": str(batch_size)}  # fmt: skip
    with whole_file(path) as temporary:
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, temporary, metadata=about)


def read_checkpoint(
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
        if about.get("schema") != _SCHEMA:
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


def tell_watcher(on_epoch: EpochWatcher | None, record: Mapping[str, Any], path: Path) -> None:
    """Tell who watches of an epoch; where that ends the training for good, nothing is left to take up."""
    if on_epoch is None:
        return
    try:
        on_epoch(record)
    except (GivenUpError, RushesError):  # what else is raised may be mended: then it goes on from here
        path.unlink(missing_ok=True)
        raise
