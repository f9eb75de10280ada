"""What happened when a recipe of shots was trained: one run that answers several tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RunError
from rushes.learning.runs import HISTORY_FILE, RUN_FILE, SHOTS_SCHEMA, Run, read_run_table, read_task_run
from rushes.storage.files import write_json


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What a run of shots came to in one of its tasks; the fields are those of `Run`."""

    classes: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    class_weights: Mapping[str, float]
    never_predicted: tuple[str, ...] = ()
    head: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShotRun:
    """One training on shots and what came of it.

    In its folder stand `run.json`, `history.jsonl` and `model.safetensors`, and a folder for each task with its
    `predictions/<part>.parquet`. Fields of the names of `Run` mean what they do there.

    Attributes:
        tasks: task -> its outcome.
        architecture: the network's shape, as `rushes.models.clip` reads it.
        shots: shots of each part, whatever of them is labelled.
        synthetic: how many clips of the virtual camera stood in train, by movement; {} without any.
        unusable: how many labelled shots could not be used.
    """

    folder: Path
    name: str
    tasks: Mapping[str, TaskOutcome]
    recipe: Mapping[str, Any]
    architecture: Mapping[str, Any]
    preprocessing: Preprocessing
    manifest: Mapping[str, Any]
    split: Mapping[str, Any]
    weights: Mapping[str, Any]
    leaks: tuple[str, ...]
    commit: str | None
    machine: Mapping[str, Any]
    created_at: str
    elapsed_seconds: float
    parameters: int
    trained_parameters: int
    epochs: int
    best_epoch: int
    shots: Mapping[str, int]
    warnings: tuple[str, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    pace: Mapping[str, Any] = field(default_factory=dict)
    synthetic: Mapping[str, int] = field(default_factory=dict)
    unusable: int = 0

    def of_task(self, task: str) -> Run:
        """Return the run as one of a single task, whose folder is `<folder>/<task>`."""
        return read_task_run(self.folder, task)

    def to_table(self) -> dict[str, Any]:
        """Return what `run.json` holds."""
        return {
            "schema": SHOTS_SCHEMA,
            "name": self.name,
            "tasks": {
                task: {
                    "classes": list(one.classes),
                    "counts": {part: dict(classes) for part, classes in one.counts.items()},
                    "class_weights": dict(one.class_weights),
                    "never_predicted": list(one.never_predicted),
                    "head": dict(one.head),
                    "warnings": [*self.warnings, *one.warnings],
                }
                for task, one in self.tasks.items()
            },
            "recipe": dict(self.recipe),
            "architecture": dict(self.architecture),
            "preprocessing": self.preprocessing.to_table(),
            "manifest": dict(self.manifest),
            "split": dict(self.split),
            "weights": dict(self.weights),
            "working_size": "",
            "leaks": list(self.leaks),
            "commit": self.commit,
            "machine": dict(self.machine),
            "created_at": self.created_at,
            "elapsed_seconds": self.elapsed_seconds,
            "parameters": self.parameters,
            "trained_parameters": self.trained_parameters,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "shots": dict(self.shots),
            "warnings": list(self.warnings),
            "pace": dict(self.pace),
            "synthetic": dict(self.synthetic),
            "unusable": self.unusable,
        }


def read_shot_run(folder: Path) -> ShotRun:
    """Read the folder of a run of shots.

    Raises:
        RunError: there is no such folder, or it holds no whole run of shots.
    """
    table = read_run_table(folder)
    if table.get("schema") != SHOTS_SCHEMA:
        raise RunError(f"{folder / RUN_FILE}: schema is '{table.get('schema')}', a run of shots is of '{SHOTS_SCHEMA}'")
    try:
        common = tuple(table["warnings"])
        tasks = {
            task: TaskOutcome(
                classes=tuple(one["classes"]),
                counts=one["counts"],
                class_weights=one["class_weights"],
                never_predicted=tuple(one["never_predicted"]),
                head=one["head"],
                warnings=tuple(one["warnings"])[len(common) :],
            )
            for task, one in table["tasks"].items()
        }
        first = read_task_run(folder, next(iter(tasks)))
        return ShotRun(
            folder=folder,
            name=table["name"],
            tasks=tasks,
            recipe=first.recipe,
            architecture=first.architecture,
            preprocessing=first.preprocessing,
            manifest=first.manifest,
            split=first.split,
            weights=first.weights,
            leaks=first.leaks,
            commit=first.commit,
            machine=first.machine,
            created_at=first.created_at,
            elapsed_seconds=first.elapsed_seconds,
            parameters=first.parameters,
            trained_parameters=first.trained_parameters,
            epochs=first.epochs,
            best_epoch=first.best_epoch,
            shots=table["shots"],
            warnings=common,
            history=_history_of(folder),
            pace=first.pace,
            synthetic=table["synthetic"],
            unusable=table["unusable"],
        )
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise RunError(f"{folder / RUN_FILE} is not a whole run ({error!r}). Was it edited? Train again with "
                       "'rushes train'") from error  # fmt: skip


def write_shot_run(run: ShotRun, folder: Path) -> None:
    """Write `run.json` and the history of a run of shots into a folder."""
    write_json(folder / RUN_FILE, run.to_table())
    lines = "".join(json.dumps(epoch) + "\n" for epoch in run.history)
    (folder / HISTORY_FILE).write_text(lines, encoding="utf-8")


def _history_of(folder: Path) -> tuple[Mapping[str, Any], ...]:
    lines = (folder / HISTORY_FILE).read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines if line.strip())
