"""Where in its frames a run of shots found its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.shot_sample import ShotReading, ShotSample, stack_samples
from rushes.datasets.shot_samples import read_shot_samples
from rushes.errors import ManifestError, MediaError, RunError, is_installed
from rushes.footage.movement import FEATURES, SERIES_COLUMNS
from rushes.labels.shot_manifest import ShotRow, read_shots
from rushes.learning.shot_runs import ShotRun
from rushes.models.network import MODEL_FILE
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    from rushes.models.clip import ShotNetwork


@dataclass(frozen=True, slots=True, eq=False)
class LookedAt:
    """What the network saw of a shot, and where in it its answer came from.

    Attributes:
        ordinals: (frames,) int64.
        pixels: (frames, height, width, channels) uint8, as they were prepared.
        heat: (frames, rows, columns), 0 to 1.
    """

    ordinals: npt.NDArray[np.int64]
    pixels: npt.NDArray[np.uint8]
    heat: npt.NDArray[np.float32]


def look_at_shots(
    run: ShotRun,
    answers: Mapping[str, Iterable[tuple[str, int]]],
    *,
    project_root: Path,
    scans_folder: Path | None,
    cache_folder: Path,
) -> dict[tuple[str, str], LookedAt]:
    """Return where in their frames some answers of a run came from.

    Args:
        answers: task -> (id of a shot, index of the class that was answered).
        cache_folder: where what was read of shots is kept.

    Returns:
        (task, id of the shot) -> what was seen. Shots that cannot be read any more and answers that rest on no frames
        are not in it; it is empty where torch is not installed, where the run's manifest or weights are gone, and where
        motion is measured otherwise than when it was trained.
    """
    asked = {task: list(shots) for task, shots in answers.items() if _looks(run, task)}
    rows = _rows_of(run, project_root, {shot for shots in asked.values() for shot, _ in shots})
    if not rows or not is_installed("torch") or not is_installed("timm"):
        return {}
    try:
        network = load_shot_network(run)
    except RunError:
        return {}
    if (network.design.features, network.design.series) != (FEATURES, SERIES_COLUMNS):
        return {}  # trained by a rushes that measured motion otherwise
    samples = {
        row.id: sample
        for row, sample in read_shot_samples(
            rows, reading_of(run), project_root=project_root, scans_folder=scans_folder, cache_folder=cache_folder
        )
        if isinstance(sample, ShotSample)
    }
    found = {}
    for task, shots in asked.items():
        for shot, answer in shots:
            seen = _look(network, samples[shot], task, answer) if shot in samples else None
            if seen is not None:
                found[task, shot] = seen
    return found


def load_shot_network(run: ShotRun) -> ShotNetwork:
    """Return the trained network of a run of shots, in evaluation mode, on the CPU; it needs the `train` extra.

    Raises:
        RunError: its weights are gone, or are not those of its architecture.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from rushes.models.clip import ShotNetwork
    from rushes.models.clip_design import ShotDesign

    try:
        network = ShotNetwork(ShotDesign.from_table(run.architecture), run.preprocessing)
        network.load_state_dict(load_file(run.folder / MODEL_FILE))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise RunError(f"{run.folder} holds no network that can be loaded ({error}). "
                       "Was it copied whole? Otherwise train again with 'rushes train'") from error  # fmt: skip
    return network.eval()


def reading_of(run: ShotRun) -> ShotReading:
    """Return what of each shot the run reads."""
    stated: Mapping[str, Any] = run.recipe.get("shots", {})
    heads: Mapping[str, Mapping[str, Any]] = run.recipe.get("heads", {})
    return ShotReading(
        preprocessing=run.preprocessing,
        frames=int(stated.get("frames", 16)),
        choice=stated.get("choice", "even"),
        subject=any(head.get("subject", "whole") != "whole" for head in heads.values()),
    )


def _looks(run: ShotRun, task: str) -> bool:
    """Return whether a head sees frames at all; one that sees none takes no network to say so."""
    heads: Mapping[str, Mapping[str, Any]] = run.recipe.get("heads", {})
    return str(heads.get(task, {}).get("see", "frames")) != "motion"


def _rows_of(run: ShotRun, project_root: Path, wanted: set[str]) -> list[ShotRow]:
    """Return the shots of these ids from the run's manifest; none where that is gone or another one."""
    path = project_root / str(run.manifest.get("path", ""))
    try:
        if not wanted or digest_of_file(path) != run.manifest.get("sha256"):
            return []
        return [row for row in read_shots(path) if row.id in wanted]
    except (OSError, ManifestError, MediaError):
        return []


def _look(network: ShotNetwork, sample: ShotSample, task: str, answer: int) -> LookedAt | None:
    import torch

    from rushes.models.clip_heat import heat_of_shot

    stacked = stack_samples([sample], len(sample.pixels))
    heat = heat_of_shot(
        network,
        task,
        answer,
        pixels=torch.from_numpy(stacked.pixels[0]),
        subject=None if stacked.subject is None else torch.from_numpy(stacked.subject[0]),
        series=torch.from_numpy(stacked.series),
        series_mask=torch.from_numpy(stacked.series_mask),
        aggregates=torch.from_numpy(stacked.aggregates),
    )
    return None if heat is None else LookedAt(sample.ordinals, sample.pixels, heat.numpy())
