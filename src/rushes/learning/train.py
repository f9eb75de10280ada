"""A recipe, labelled frames and a split -> a run."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.split import Split, count_classes, rows_of_parts
from rushes.errors import RushesError, require_extra
from rushes.labels.manifest import ManifestRow, Part
from rushes.learning.ablation import write_ablation
from rushes.learning.architecture import plan_architecture
from rushes.learning.augment import plan_augmentations
from rushes.learning.cluster_lessons import forget_state, heard_from_afar, teach_on_cluster
from rushes.learning.crew import assembled, gathered, joined
from rushes.learning.head_balance import check_head_balance
from rushes.learning.lessons import SCORED, TRAININGS, Lesson, Outcome, relative_path
from rushes.learning.machine import choose_devices, commit_of_rushes, describe_machine
from rushes.learning.measured_samples import keep_measured, plan_measured
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_checks import check_classes
from rushes.learning.runs import MODEL_FILE, PREDICTIONS_FOLDER, Run, name_run, new_run_folder, read_run, write_run
from rushes.learning.samples import check_apart, check_parts, truth_of
from rushes.learning.sheet import PLAIN, SHEET_FILE, pictures_of_classes, write_sheet
from rushes.learning.start import Start, start_of
from rushes.learning.threads import count_threads, let_idle_threads_sleep, torch_threads
from rushes.models.backbones import Backbone, find_weights
from rushes.models.designs import Design
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.scale.engine import Engine
from rushes.storage.files import digest_of_bytes, digest_of_file, sweep_temporaries

if TYPE_CHECKING:
    import torch

    from rushes.scale.on_ray_crew import Member
    from rushes.scale.room import OnCluster

_FEW_SAMPLES = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """What a training begins with; the fields are those of `Lesson`, but for all devices that were asked for."""

    devices: tuple[torch.device, ...]
    architecture: Design | Backbone
    preprocessing: Preprocessing
    start: Start | None
    parts: Mapping[Part, tuple[ManifestRow, ...]]


def train(
    recipe: Recipe,
    *,
    task: Task,
    manifest: Path,
    rows: Sequence[ManifestRow],
    split: Split,
    split_path: Path | None = None,
    project_root: Path,
    runs_folder: Path,
    cache_folder: Path,
    threads: int | None = None,
    working_size: str = "640",
    leaks: Sequence[str] = (),
    device: str | None = None,
    engine: Engine | None = None,
    cluster: OnCluster | None = None,
    on_epoch: Callable[[Mapping[str, Any]], None] | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
) -> Run:
    """Train what a recipe says and return the run, whose folder appears whole or not at all.

    A training of several epochs that is interrupted goes on where it stopped when it is started again with the same
    recipe on the same samples. On a CPU, the same recipe, samples and number of threads give the same weights.

    Args:
        manifest: the file that `rows` were read from.
        split_path: the file that `split` was read from, where it stands in one.
        working_size: what the pictures were brought to when they were taken in; a bundle does the same first.
        leaks: in what the test part is known to resemble train, a sentence each; kept with the run for its judgement.
        threads: to compute with; None takes every core that this process may use, or OMP_NUM_THREADS.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; None takes the best that is there. Several, with commas between, train
            together: each takes its share of every batch.
        engine: that computes the features which the cache lacks; None computes them in this process.
        cluster: whose processes train together, on a device of its own; the project must be on a disk that its
            machines share. A head on features is trained here all the same. None trains here.
        on_epoch: told the record of each epoch, such as `f1_macro` on validation; what it raises ends the training.
        now: UTC; names the run.

    Raises:
        MissingExtraError: torch is not installed.
        RecipeError: the recipe's network cannot be built.
        WeightsError: pretrained weights, or those of model.start, are not at hand or do not fit.
        RunError: model.start names no run, a class cannot be learnt from these samples, validation is empty, or the
            training ran away.
        EngineError, UsageError, ProjectError: the cluster cannot be reached, has no room, or does not see the project.
    """
    require_extra("train", "torch", "timm", "safetensors", "sklearn", purpose="training")
    let_idle_threads_sleep()

    started = time.monotonic()
    now = now or datetime.now(UTC)
    sweep_temporaries(cache_folder / "training")
    on_cluster = cluster is not None and recipe.model.kind != "features"
    ready = check_training(
        recipe,
        task=task,
        rows=rows,
        split=split,
        project_root=project_root,
        runs_folder=runs_folder,
        device=None if on_cluster else device,
    )
    devices, start, parts = ready.devices, ready.start, ready.parts
    architecture, preprocessing = ready.architecture, ready.preprocessing
    lesson = Lesson(
        recipe=recipe,
        task=task,
        architecture=architecture,
        preprocessing=preprocessing,
        parts=parts,
        project_root=project_root,
        cache_folder=cache_folder,
        checkpoint=_state_of(recipe, task, ready, cache_folder),
        threads=max(1, count_threads(threads) // len(devices)),
        device=devices[0],
        progress=progress,
        on_epoch=on_epoch,
        start=start,
        engine=engine,
        asked=device,
    )
    # A head on features takes seconds: more devices would only wait.
    devices = devices[:1] if recipe.model.kind == "features" else devices
    if cluster is not None and on_cluster:
        outcome, machine = teach_on_cluster(replace(lesson, engine=None), cluster, work=_take_part, threads=threads)
    else:
        others = [
            (replace(lesson, device=device, progress=silent, on_epoch=None, engine=None),) for device in devices[1:]
        ]
        with assembled(devices, _assist, others) as crew:
            outcome = _teach(replace(lesson, crew=crew))
        machine = describe_machine(threads=lesson.threads, device=lesson.device)
    with new_run_folder(runs_folder, name_run(recipe.name, now)) as (folder, final_folder):
        run = Run(
            folder=folder,
            name=final_folder.name,
            task=task.name,
            classes=task.classes,
            recipe=(outcome.recipe or recipe).to_table() | {"task": task.name},
            architecture=architecture.to_table(),
            preprocessing=preprocessing,
            manifest={"path": relative_path(manifest, project_root), "sha256": digest_of_file(manifest)},
            split={
                "path": relative_path(split_path, project_root) if split_path is not None else None,
                "sha256": split.digest,
                "kind": split.kind,
            },
            weights=outcome.weights,
            commit=commit_of_rushes(),
            working_size=working_size,
            leaks=tuple(leaks),
            machine=machine,
            created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
            elapsed_seconds=round(time.monotonic() - started + outcome.earlier_seconds, 3),
            parameters=sum(parameter.numel() for parameter in outcome.network.parameters()),
            trained_parameters=outcome.trained_parameters,
            epochs=outcome.epochs,
            best_epoch=outcome.best_epoch,
            counts=count_classes(outcome.parts, task.classes),
            class_weights=dict(zip(task.classes, (float(weight) for weight in outcome.class_weights), strict=True)),
            warnings=(*outcome.warnings, *_warnings_on(outcome, task, split), *_unplaced(rows, parts, split)),
            history=tuple(outcome.history),
            head=outcome.head,
            pace=outcome.pace,
            never_predicted=_never_predicted(outcome, task),
            measures=keep_measured(recipe, folder, rows=rows, project_root=project_root),
        )
        _write_outcome(run, outcome)
        _write_sheet(run, recipe, outcome.parts["train"], project_root=project_root)
    forget_state(lesson.checkpoint)
    return read_run(final_folder)


def check_training(
    recipe: Recipe,
    *,
    task: Task,
    rows: Sequence[ManifestRow],
    split: Split,
    project_root: Path,
    runs_folder: Path,
    device: str | None = None,
) -> Ready:
    """Return what a training begins with, checked as far as can be done before a picture is read or weights are.

    Raises:
        RecipeError, WeightsError, RunError, SplitError: as `train`.
    """
    devices = choose_devices(device)
    architecture, preprocessing = plan_architecture(recipe)
    check_classes(recipe, task.classes, where=f"recipe {recipe.name}")
    if recipe.model.kind == "features":
        check_head_balance(recipe.model.head, recipe.balance)
    plan_measured(recipe.input, project_root)
    start = start_of(recipe, project_root=project_root, runs_folder=runs_folder)
    if start is None and isinstance(architecture, Backbone) and recipe.model.weights:
        file = project_root / Path(recipe.model.weights).expanduser()
        find_weights(architecture, file=file, folder=project_root / "weights")
    parts = rows_of_parts(rows, split)
    check_parts(parts, task)
    check_apart(parts, split)
    return Ready(devices, architecture, preprocessing, start, parts)


def _teach(lesson: Lesson) -> Outcome:
    """Do what the recipe says; the global dice and threads of torch are as they were afterwards."""
    import torch

    with torch_threads(lesson.threads), torch.random.fork_rng():
        torch.manual_seed(lesson.recipe.training.seed)
        return TRAININGS[lesson.recipe.model.kind](lesson)


def _assist(address: str, rank: int, size: int, lesson: Lesson) -> None:
    """Train along in a process of its own."""
    let_idle_threads_sleep()
    with joined(address, rank=rank, size=size, device=lesson.device) as crew:
        _teach(replace(lesson, crew=crew))


def _take_part(lesson: Lesson, member: Member) -> tuple[Outcome, Mapping[str, Any]] | None:
    """Train along in a process on a cluster; the leader returns what came of it, and on what."""
    import torch

    let_idle_threads_sleep()
    device = torch.device(member.device)
    crew = gathered(rank=member.rank, size=member.size, device=device, meeting=member.meeting)
    outcome = _teach(heard_from_afar(replace(lesson, crew=crew, device=device), member))
    if not crew.leads:
        return None
    return replace(outcome, network=outcome.network.cpu()), describe_machine(threads=lesson.threads, device=device)


def _unplaced(
    rows: Sequence[ManifestRow], parts: Mapping[Part, Sequence[ManifestRow]], split: Split
) -> list[str]:  # fmt: skip
    """Return a warning where labelled samples stand in no part of the split."""
    used = sum(len(members) for members in parts.values())
    lacking = len(rows) - used - sum(row.frame_id in split.left_out for row in rows)
    if not lacking:
        return []
    return [f"{lacking} of {len(rows)} labelled samples stand in no part of the split: rushes split make takes them in"]


def _warnings_on(outcome: Outcome, task: Task, split: Split) -> list[str]:
    """Return what a person should know before trusting the run."""
    counts = count_classes(outcome.parts, task.classes)
    warnings = list(split.notes)
    warnings += _warnings_on_few(counts["train"])
    for part in SCORED:
        lacking = [f"'{name}'" for name in task.classes if not counts[part][name]]
        if not outcome.parts[part]:
            warnings.append(f"{part} is empty: nothing can be said about it")
            continue
        if lacking:
            warnings.append(f"{part} has no sample of {', '.join(lacking)}: nothing can be said about finding it")
    never = {part: _never_predicted_on(part, outcome, task) for part in SCORED}
    missed = [f"on {part}: {_quoted(names)}" for part, names in never.items() if names]
    return [*warnings, f"never predicted {'; '.join(missed)}"] if missed else warnings


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _warnings_on_few(counts: Mapping[str, int]) -> list[str]:
    """Return a warning that names all classes of which there is too little to learn from."""
    few = {name: count for name, count in counts.items() if count < _FEW_SAMPLES}
    if not few:
        return []
    if len(few) > 1:
        shown = ", ".join(f"{count} of '{name}'" for name, count in few.items())
        return [f"there are few training samples of some classes: {shown}"]
    ((name, count),) = few.items()
    return [f"class '{name}' has only {count} training sample{'' if count == 1 else 's'}"]


def _never_predicted(outcome: Outcome, task: Task) -> tuple[str, ...]:
    """Return the classes that were answered for no sample of a part in which there are some."""
    found = {name for part in SCORED for name in _never_predicted_on(part, outcome, task)}
    return tuple(name for name in task.classes if name in found)


def _never_predicted_on(part: Part, outcome: Outcome, task: Task) -> list[str]:
    if not outcome.parts[part]:
        return []
    there = {row.class_name for row in outcome.parts[part]}
    answered = set(outcome.probabilities[part].argmax(axis=1).tolist())
    return [name for index, name in enumerate(task.classes) if name in there and index not in answered]


def _write_sheet(run: Run, recipe: Recipe, rows: Sequence[ManifestRow], *, project_root: Path) -> None:
    """Write what the model was shown into the folder of a run; a run is worth more than its sheet."""
    augments = recipe.model.kind != "features"
    seed = recipe.training.seed
    try:
        pictures = pictures_of_classes(
            rows, run.classes, project_root=project_root, seed=seed, each=1 if augments else PLAIN
        )
    except (RushesError, OSError) as error:
        _log.warning("no sheet of what the model was shown: %s", error)
        return
    write_sheet(
        run.folder / SHEET_FILE,
        pictures,
        preprocessing=run.preprocessing,
        augmentations=plan_augmentations(recipe.augment, run.classes) if augments else (),
        seed=seed,
    )


def _write_outcome(run: Run, outcome: Outcome) -> None:
    from rushes.learning.predictions import Predictions, write_predictions
    from rushes.models.network import save_network

    answered: dict[Part, Predictions] = {}
    for part, probabilities in outcome.probabilities.items():
        rows = outcome.parts[part]
        answered[part] = Predictions(
            classes=run.classes,
            truth=truth_of(rows, run.classes),
            probabilities=probabilities,
            frames=tuple(row.frame_id for row in rows),
            groups=tuple(row.group for row in rows),
            images=tuple(row.img_ref for row in rows),
            names=tuple(row.name for row in rows),
            timecodes=tuple(row.timecode for row in rows),
            origins=tuple(row.origin for row in rows),
        )
        write_predictions(answered[part], run.folder / PREDICTIONS_FOLDER / f"{part}.parquet")
    if outcome.ablation is not None:
        write_ablation(outcome.ablation, run.folder, answered)
    save_network(outcome.network, run.folder / MODEL_FILE)
    write_run(run, run.folder)


def forget_training(
    recipe: Recipe,
    *,
    task: Task,
    rows: Sequence[ManifestRow],
    split: Split,
    project_root: Path,
    runs_folder: Path,
    cache_folder: Path,
) -> None:
    """Leave nothing to take up of a training that was ended for good where nobody could tidy up behind it."""
    ready = check_training(
        recipe, task=task, rows=rows, split=split, project_root=project_root, runs_folder=runs_folder
    )
    forget_state(_state_of(recipe, task, ready, cache_folder))


def _state_of(recipe: Recipe, task: Task, ready: Ready, cache_folder: Path) -> Path:
    """Return where the state of a training is kept; its name says of what it is."""
    return cache_folder / "training" / f"{_key_of(recipe, task, ready.parts, ready.start)[:32]}.safetensors"


def _key_of(
    recipe: Recipe, task: Task, parts: Mapping[Part, Sequence[ManifestRow]], start: Start | None
) -> str:  # fmt: skip
    """Return a digest of all that a training's outcome depends on."""
    from importlib.metadata import version

    import torch

    table = {
        "recipe": recipe.to_table(),
        "classes": list(task.classes),
        "parts": {part: [[row.frame_id, row.sha256, row.class_name] for row in rows] for part, rows in parts.items()},
        "torch": torch.__version__,
        "timm": version("timm"),
        "start": start.sha256 if start is not None else None,
    }
    return digest_of_bytes(json.dumps(table, sort_keys=True, default=list).encode())
