"""What happened when a recipe was trained: the run, as a value and as a folder that is never changed."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RunError, did_you_mean
from rushes.storage.files import write_json

SCHEMA = "run/1"
SHOTS_SCHEMA = "shot-run/1"  # of one training that answers several tasks
RUN_FILE = "run.json"
HISTORY_FILE = "history.jsonl"
MODEL_FILE = "model.safetensors"
PREDICTIONS_FOLDER = "predictions"


@dataclass(frozen=True, slots=True)
class Run:
    """One training and what came of it.

    Attributes:
        folder: where it stands.
        name: of the folder: `<YYYY-MM-DD>-<HHMMSS>-<recipe>`.
        task: the question; `classes` its answers, in the order of every score.
        recipe: the resolved recipe, as plain values.
        architecture: the network's shape, as `rushes.models.network.architecture_from_table` reads it.
        manifest: `path` relative to the project and `sha256` of the file.
        split: `path` (None where it stands in no file), `sha256` of its text, and its `kind`.
        weights: `path` and `sha256` of the weights that it started from, pretrained or of another run; {} for a cnn
            from scratch.
        working_size: what pictures were brought to before the preprocessing: `640` (long side) or `640x360`.
        leaks: in what the test part was known to resemble train, a sentence each.
        commit: of the checkout of rushes that trained it; None where it was an installed package.
        machine: what it ran on, and on which versions.
        created_at: ISO 8601 UTC.
        parameters: how many numbers the network has; `trained_parameters` how many of them were learnt.
        epochs: how many were run; 0 where only a head was fitted.
        best_epoch: the one whose weights were kept; 0 is the network before the first.
        counts: part -> class -> number of samples used.
        class_weights: class -> weight in the loss.
        warnings: what a person should know before trusting it.
        history: one table per epoch, or per head that was tried.
        head: what stands on top of the body: its `kind`, and what its shape depends on.
        pace: how fast it went: `images_per_second`, `waiting_share`, and on what that rests; {} where only a head was
            fitted.
        never_predicted: classes that were answered for no sample of validation, or for none of test, although some
            there are of them.
        measures: which measures of a picture the head takes, as `MeasuredInput.to_table` says; {} of most runs.
    """

    folder: Path
    name: str
    task: str
    classes: tuple[str, ...]
    recipe: Mapping[str, Any]
    architecture: Mapping[str, Any]
    preprocessing: Preprocessing
    manifest: Mapping[str, Any]
    split: Mapping[str, Any]
    weights: Mapping[str, Any]
    working_size: str
    leaks: tuple[str, ...]
    commit: str | None
    machine: Mapping[str, Any]
    created_at: str
    elapsed_seconds: float
    parameters: int
    trained_parameters: int
    epochs: int
    best_epoch: int
    counts: Mapping[str, Mapping[str, int]]
    class_weights: Mapping[str, float]
    warnings: tuple[str, ...]
    history: tuple[Mapping[str, Any], ...] = ()
    head: Mapping[str, Any] = field(default_factory=lambda: {"kind": "linear"})
    pace: Mapping[str, Any] = field(default_factory=dict)
    never_predicted: tuple[str, ...] = ()
    measures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_of_shots(self) -> bool:
        """Whether it is one task of a run of shots."""
        return "/" in self.name

    @property
    def whole_folder(self) -> Path:
        """Where `run.json`, the weights and the report stand: of a task of a run of shots, the folder around it."""
        return self.folder.parent if self.is_of_shots else self.folder

    @property
    def called(self) -> str:
        """What it is named by on the command line: its folder; of a task of a run of shots, `<run>/<task>`."""
        return f"{self.whole_folder.name}/{self.folder.name}" if self.is_of_shots else self.folder.name

    def predictions_file(self, part: str) -> Path:
        """Return where the predictions on `validation` or `test` stand; there may be none."""
        return self.folder / PREDICTIONS_FOLDER / f"{part}.parquet"

    def to_table(self) -> dict[str, Any]:
        """Return what `run.json` holds."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "task": self.task,
            "classes": list(self.classes),
            "recipe": dict(self.recipe),
            "architecture": dict(self.architecture),
            "preprocessing": self.preprocessing.to_table(),
            "manifest": dict(self.manifest),
            "split": dict(self.split),
            "weights": dict(self.weights),
            "working_size": self.working_size,
            "leaks": list(self.leaks),
            "commit": self.commit,
            "machine": dict(self.machine),
            "created_at": self.created_at,
            "elapsed_seconds": self.elapsed_seconds,
            "parameters": self.parameters,
            "trained_parameters": self.trained_parameters,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "counts": {part: dict(classes) for part, classes in self.counts.items()},
            "class_weights": dict(self.class_weights),
            "warnings": list(self.warnings),
            "head": dict(self.head),
            "pace": dict(self.pace),
            "never_predicted": list(self.never_predicted),
            **({"measures": dict(self.measures)} if self.measures else {}),
        }


@dataclass(frozen=True, slots=True)
class UnreadableRun:
    """A folder that holds a run.json from which no run can be read, and why."""

    folder: Path
    reason: str


def read_run(folder: Path) -> Run:
    """Read a run's folder; of a run of shots, which answers several tasks, the folder of one of them.

    Raises:
        RunError: there is no such folder (the nearest one is named), it holds no run, or a run of several tasks.
    """
    if not (folder / RUN_FILE).exists() and is_of_shots(folder.parent):
        return read_task_run(folder.parent, folder.name)
    table = read_run_table(folder)
    if table.get("schema") == SHOTS_SCHEMA:
        tasks = list(table.get("tasks") or {})
        raise RunError(f"{folder} answers several tasks ({', '.join(tasks)}). Name one of them: "
                       f"{' or '.join(f'{folder.name}/{task}' for task in tasks)}")  # fmt: skip
    return parse_run(table, folder=folder, history=_read_history(folder / HISTORY_FILE))


def read_run_table(folder: Path) -> dict[str, Any]:
    """Read what a run's `run.json` holds, of whatever schema.

    Raises:
        RunError: there is no such folder (the nearest one is named), or no table in it.
    """
    path = folder / RUN_FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        beside = [run.name for run in _run_folders(folder.parent)]
        what = f"{folder} holds no {RUN_FILE}" if folder.exists() else f"there is no run {folder}"
        raise RunError(f"{what}. {did_you_mean(folder.name, beside[::-1])}") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}). Was the run copied whole?") from error
    if not isinstance(table, dict):
        raise RunError(f"{path}: schema is '{type(table).__name__}', this rushes reads '{SCHEMA}'")
    return table


def is_of_shots(folder: Path) -> bool:
    """Return whether a folder holds a run of shots, which answers several tasks."""
    try:
        table = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(table, dict) and table.get("schema") == SHOTS_SCHEMA


def read_task_run(folder: Path, task: str) -> Run:
    """Read one task of a run of shots, as a run of its own; its predictions and scores stand in `<folder>/<task>`.

    Raises:
        RunError: the folder holds no whole run of shots, or it does not answer this task.
    """
    table = read_run_table(folder)
    tasks = table.get("tasks")
    if table.get("schema") != SHOTS_SCHEMA or not isinstance(tasks, dict):
        found = table.get("schema")
        raise RunError(f"{folder / RUN_FILE}: schema is '{found}', a run of shots is of '{SHOTS_SCHEMA}'")
    if task not in tasks:
        raise RunError(f"{folder} does not answer '{task}'. {did_you_mean(task, list(tasks))}")
    of_task = table | tasks[task] | {"schema": SCHEMA, "task": task, "name": f"{table.get('name')}/{task}"}
    history = tuple(_of_task(record, task) for record in _read_history(folder / HISTORY_FILE))
    return parse_run(of_task, folder=folder / task, history=history)


def _of_task(record: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Return an epoch's record as it is of one task."""
    return {key: value for key, value in record.items() if key != "tasks"} | dict(record.get("tasks", {}).get(task, {}))


def parse_run(table: Mapping[str, Any], *, folder: Path, history: tuple[Mapping[str, Any], ...] = ()) -> Run:
    """Turn the table of a run.json into a Run.

    Raises:
        RunError: the table is of another schema, or a key is missing.
    """
    where = folder / RUN_FILE
    if not isinstance(table, Mapping) or table.get("schema") != SCHEMA:
        found = table.get("schema") if isinstance(table, Mapping) else type(table).__name__
        raise RunError(f"{where}: schema is '{found}', this rushes reads '{SCHEMA}'")
    try:
        return Run(
            folder=folder,
            name=table["name"],
            task=table["task"],
            classes=tuple(table["classes"]),
            recipe=table["recipe"],
            architecture=table["architecture"],
            preprocessing=Preprocessing.from_table(table["preprocessing"]),
            manifest=table["manifest"],
            split=table["split"],
            weights=table["weights"],
            working_size=table["working_size"],
            leaks=tuple(table["leaks"]),
            commit=table["commit"],
            machine=table["machine"],
            created_at=table["created_at"],
            elapsed_seconds=table["elapsed_seconds"],
            parameters=table["parameters"],
            trained_parameters=table["trained_parameters"],
            epochs=table["epochs"],
            best_epoch=table["best_epoch"],
            counts=table["counts"],
            class_weights=table["class_weights"],
            warnings=tuple(table["warnings"]),
            history=history,
            head=table.get("head", {"kind": "linear"}),
            pace=table.get("pace", {}),
            never_predicted=tuple(table.get("never_predicted", ())),
            measures=table.get("measures") or {},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{where} is not a whole run ({error!r}). Was it edited? Train again with 'rushes train'"
        ) from error


def list_runs(runs_folder: Path) -> list[Run]:
    """Return the runs of a folder, the oldest first; folders that hold none are passed over.

    A run of shots counts once for each task that it answers.
    """
    return survey_runs(runs_folder)[0]


def survey_runs(runs_folder: Path) -> tuple[list[Run], list[UnreadableRun]]:
    """Return the runs of a folder, the oldest first, and what stands there as a run and cannot be read as one."""
    runs: list[Run] = []
    unreadable: list[UnreadableRun] = []
    for folder in _run_folders(runs_folder):
        try:
            if is_of_shots(folder):
                runs += [read_task_run(folder, task) for task in read_run_table(folder)["tasks"]]
            else:
                runs.append(read_run(folder))
        except (RunError, KeyError, TypeError) as error:
            unreadable.append(UnreadableRun(folder, str(error)))
    return runs, unreadable


def name_run(recipe_name: str, now: datetime) -> str:
    """Return a run's name, `2026-11-20-142501-mcu`: sorted by name, runs stand in order of time.

    Args:
        now: UTC.
    """
    slug = re.sub(r"[^A-Za-z0-9_.]+", "-", recipe_name).strip("-.")[:60] or "run"
    return f"{now:%Y-%m-%d-%H%M%S}-{slug}"


@contextmanager
def new_run_folder(runs_folder: Path, name: str) -> Iterator[tuple[Path, Path]]:
    """Give (a temporary folder to fill, the path it takes on success); on an error nothing is left.

    Where the name is taken, by a run of the same second, a number is put behind it.
    """
    runs_folder.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=runs_folder, prefix=f".{name}-"))
    try:
        final = runs_folder / name
        number = 1
        while final.exists():
            number += 1
            final = runs_folder / f"{name}-{number}"
        yield building, final
        building.chmod(0o755)
        building.rename(final)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def write_run(run: Run, folder: Path) -> None:
    """Write `run.json` and the history of a run into a folder."""
    write_json(folder / RUN_FILE, run.to_table())
    lines = "".join(json.dumps(epoch) + "\n" for epoch in run.history)
    (folder / HISTORY_FILE).write_text(lines, encoding="utf-8")


def _run_folders(runs_folder: Path) -> list[Path]:
    if not runs_folder.is_dir():
        return []
    return sorted(path.parent for path in runs_folder.glob(f"*/{RUN_FILE}") if not path.parent.name.startswith("."))


def _read_history(path: Path) -> tuple[Mapping[str, Any], ...]:
    try:
        return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}). Was the run copied whole?") from error
