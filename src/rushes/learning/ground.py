"""What trainings of one task share: its labelled frames, how they are split, and where things stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.datasets.split import Split
from rushes.labels.manifest import ManifestRow
from rushes.learning.recipe import Recipe
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.scale.engine import Engine

if TYPE_CHECKING:
    from rushes.learning.runs import Run
    from rushes.scale.room import OnCluster


@dataclass(frozen=True, slots=True)
class Ground:
    """What all trainings share; each field is as `rushes.learning.train.train` takes it."""

    task: Task
    manifest: Path
    rows: tuple[ManifestRow, ...]
    split: Split
    split_path: Path | None
    project_root: Path
    runs_folder: Path
    cache_folder: Path
    threads: int | None = None
    working_size: str = "640"
    leaks: tuple[str, ...] = ()
    engine: Engine | None = None


def check_on(ground: Ground, recipe: Recipe, *, device: str | None = None) -> None:
    """Raise what `train_on` would before it reads a picture; nothing is trained, fetched or written."""
    from rushes.learning.train import check_training

    check_training(
        recipe,
        task=ground.task,
        rows=ground.rows,
        split=ground.split,
        project_root=ground.project_root,
        runs_folder=ground.runs_folder,
        device=device,
    )


def train_on(
    ground: Ground,
    recipe: Recipe,
    *,
    device: str | None = None,
    cluster: OnCluster | None = None,
    on_epoch: Callable[[Mapping[str, Any]], None] | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
) -> Run:
    """Train a recipe, as `rushes.learning.train.train` does and with what it raises."""
    from rushes.learning.train import train

    return train(
        recipe,
        task=ground.task,
        manifest=ground.manifest,
        rows=ground.rows,
        split=ground.split,
        split_path=ground.split_path,
        project_root=ground.project_root,
        runs_folder=ground.runs_folder,
        cache_folder=ground.cache_folder,
        threads=ground.threads,
        working_size=ground.working_size,
        leaks=ground.leaks,
        device=device,
        engine=ground.engine,
        cluster=cluster,
        on_epoch=on_epoch,
        progress=progress,
        now=now,
    )


def forget_on(ground: Ground, recipe: Recipe) -> None:
    """Leave nothing to take up of a training of a recipe, as `rushes.learning.train.forget_training` does."""
    from rushes.learning.train import forget_training

    forget_training(
        recipe,
        task=ground.task,
        rows=ground.rows,
        split=ground.split,
        project_root=ground.project_root,
        runs_folder=ground.runs_folder,
        cache_folder=ground.cache_folder,
    )
