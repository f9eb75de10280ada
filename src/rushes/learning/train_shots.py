"""A recipe of shots, labelled shots and a split -> a run that answers several tasks."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.split import PARTS, find_leaks
from rushes.datasets.synthetic.camera_clips import ORIGIN
from rushes.errors import RecipeError, RunError, SplitError, require_extra
from rushes.footage.movement import FEATURES, MOVEMENTS, are_movements
from rushes.footage.signals import SCHEMA as SCAN_SCHEMA
from rushes.labels.manifest import Part
from rushes.labels.shot_manifest import ShotRow, joint_rows, rows_of
from rushes.learning.architecture import plan_architecture
from rushes.learning.lessons import SCORED, relative_path
from rushes.learning.machine import choose_devices, commit_of_rushes, describe_machine
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_checks import check_classes
from rushes.learning.runs import MODEL_FILE, PREDICTIONS_FOLDER, name_run, new_run_folder
from rushes.learning.shot_ground import ShotGround
from rushes.learning.shot_runs import ShotRun, TaskOutcome, read_shot_run, write_shot_run
from rushes.learning.shot_start import ShotStart, groups_taught, shot_start_of
from rushes.learning.threads import count_threads, let_idle_threads_sleep, torch_threads
from rushes.models.backbones import Backbone, find_weights
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.storage.files import digest_of_bytes, digest_of_file, sweep_temporaries
from rushes.timecode import timecode_at

if TYPE_CHECKING:
    import torch

    from rushes.learning.shot_lessons import ShotOutcome

CLIP_SHEET_FILE = "synthetic.jpg"
_FEW_SHOTS = 10
_NOTHING_TO_MAKE = (
    "synthetic.clips needs something to make clips from, and train has no static shot. Name a folder of pictures: "
    "synthetic.stills"
)


@dataclass(frozen=True, slots=True)
class ShotsReady:
    """What a training on shots begins with, checked as far as can be done before a film is read."""

    devices: tuple[torch.device, ...]
    backbone: Backbone
    preprocessing: Preprocessing
    parts: Mapping[Part, tuple[ShotRow, ...]]
    start: ShotStart | None


def train_shots(
    recipe: Recipe,
    ground: ShotGround,
    *,
    device: str | None = None,
    on_epoch: Callable[[Mapping[str, Any]], None] | None = None,
    progress: Progress = silent,
    now: datetime | None = None,
) -> ShotRun:
    """Train what a recipe of shots says and return the run, whose folder appears whole or not at all.

    A training that is interrupted goes on when it is started again with the same recipe on the same shots: what was
    read is kept, and so is the state after each epoch.

    Args:
        device: `cpu`, `cuda`, `cuda:1`, `mps`; None takes the best that is there.
        on_epoch: told the record of each epoch; what it raises ends the training.
        now: UTC; names the run.

    Raises:
        MissingExtraError: torch is not installed.
        RecipeError: the recipe's network cannot be built, or it names classes that no task has.
        WeightsError: weights are not at hand or do not fit.
        RunError: a class cannot be learnt from these shots, validation is empty, or the training ran away.
        SplitError: a group stands in several parts.
    """
    require_extra("train", "torch", "timm", "safetensors", "sklearn", purpose="training")
    let_idle_threads_sleep()
    started = time.monotonic()
    now = now or datetime.now(UTC)
    sweep_temporaries(ground.cache_folder / "training")
    ready = check_shot_training(recipe, ground, device=device)
    clips = _make_clips(recipe, ground, ready.parts["train"], progress)
    parts = {**ready.parts, "train": (*ready.parts["train"], *clips.rows)}

    import torch

    from rushes.learning.shot_lessons import ShotLesson, teach_shots

    lesson = ShotLesson(
        recipe=recipe,
        tasks=ground.tasks,
        backbone=ready.backbone,
        preprocessing=ready.preprocessing,
        parts=parts,
        project_root=ground.project_root,
        scans_folder=ground.scans_folder,
        cache_folder=ground.cache_folder,
        checkpoint=ground.cache_folder / "training" / f"{_key_of(recipe, ground, parts, ready.start)[:32]}.safetensors",
        threads=count_threads(ground.threads),
        device=ready.devices[0],
        progress=progress,
        on_epoch=on_epoch,
        start=ready.start,
    )
    with torch_threads(lesson.threads), torch.random.fork_rng():
        torch.manual_seed(recipe.training.seed)
        outcome = teach_shots(lesson)
    with new_run_folder(ground.runs_folder, name_run(recipe.name, now)) as (folder, final_folder):
        run = _run_of(recipe, ground, ready, outcome, clips, folder=folder, name=final_folder.name, now=now)
        run = replace(
            run,
            machine=describe_machine(threads=lesson.threads, device=lesson.device),
            elapsed_seconds=round(time.monotonic() - started + outcome.earlier_seconds, 3),
        )
        _write_outcome(run, ground.tasks, outcome)
        if clips.rows:
            clips.write_sheet(folder / CLIP_SHEET_FILE)
    for state in lesson.checkpoint.parent.glob(f"{lesson.checkpoint.stem}*"):
        state.unlink(missing_ok=True)
    return read_shot_run(final_folder)


def check_shot_training(recipe: Recipe, ground: ShotGround, *, device: str | None = None) -> ShotsReady:
    """Return what a training begins with; nothing is read of films, fetched or written.

    Raises:
        RecipeError, WeightsError, RunError, SplitError: as `train_shots`.
    """
    devices = choose_devices(device)
    architecture, preprocessing = plan_architecture(recipe)
    assert isinstance(architecture, Backbone)
    check_classes(recipe, [name for task in ground.tasks for name in task.classes], where=f"recipe {recipe.name}")
    for task in ground.tasks:
        if recipe.heads[task.name].motion == "shipped" and not are_movements(task.classes):
            raise RecipeError(
                f"recipe {recipe.name}: heads.{task.name}.motion is 'shipped', which answers {', '.join(MOVEMENTS)}, "
                f"but the task's classes are {', '.join(task.classes)}"
            )
    start = shot_start_of(recipe, project_root=ground.project_root, runs_folder=ground.runs_folder)
    sees = any(head.see != "motion" for head in recipe.heads.values())
    if start is None and sees and recipe.model.weights:
        file = ground.project_root / Path(recipe.model.weights).expanduser()
        find_weights(architecture, file=file, folder=ground.project_root / "weights")
    parts = parts_of(ground)
    for task in ground.tasks:
        if not any(task.name in row.classes for row in parts["validation"]):
            raise RunError(
                f"no shot of validation has a class of {task.name}, and without one nobody knows when to stop. Label "
                "shots in more groups, or raise the share of validation in rushes.toml"
            )
    _require_classes(recipe, ground, parts)
    _check_clips(recipe, ground, parts["train"])
    return ShotsReady(devices, architecture, preprocessing, parts, start)


def _require_classes(recipe: Recipe, ground: ShotGround, parts: Mapping[Part, Sequence[ShotRow]]) -> None:
    """Raise RunError where a class of any task has no training shot and no clip would be made of it.

    As far as labels alone tell: a film that cannot be read is found out later.
    """
    made = {name for name in recipe.synthetic.movements if recipe.synthetic.clips}
    answered = _task_of_clips(recipe, ground)
    said = []
    for task in ground.tasks:
        counts = {part: Counter(row.classes.get(task.name) for row in rows) for part, rows in parts.items()}
        clips = made if task is answered else set()
        missing = [name for name in task.classes if not counts["train"][name] and name.casefold() not in clips]
        if missing:
            held = "; ".join(
                f"'{name}': {counts['validation'][name]} in validation, {counts['test'][name]} in test"
                for name in missing
            )
            names = ", ".join(f"'{name}'" for name in missing)
            said.append(f"class {names} of {task.name} has no training shot ({held})")
    lost = f" {len(ground.unusable):,} labelled shots cannot be used, as said above." if ground.unusable else ""
    if said:
        raise RunError(
            f"{'; and '.join(said)}, so that it can never be learnt.{lost} Label shots of it in more groups, let "
            "[synthetic] make clips of a movement, or take it out of the task's classes in rushes.toml"
        )


def _task_of_clips(recipe: Recipe, ground: ShotGround) -> Task | None:
    """Return the task that clips of the virtual camera answer; None where there is none."""
    wanted = set(recipe.synthetic.movements)
    return next((one for one in ground.tasks if {name.casefold() for name in one.classes} & wanted), None)


def _check_clips(recipe: Recipe, ground: ShotGround, train: Sequence[ShotRow]) -> Task | None:
    """Return the task that clips of the virtual camera are to answer; None where the recipe asks for none.

    Raises:
        RunError: no task has their classes, or by their labels there is nothing to make them from.
    """
    wanted = recipe.synthetic
    if not wanted.clips:
        return None
    task = _task_of_clips(recipe, ground)
    if task is None:
        raise RunError("synthetic.clips asks for clips of a virtual camera, but no task has the classes "
                       f"{', '.join(wanted.movements)}. Leave synthetic.clips out")  # fmt: skip
    names = {name.casefold(): name for name in task.classes}
    lacking = [name for name in wanted.movements if name not in names]
    if lacking:
        raise RunError(f"synthetic.movements names {', '.join(lacking)}, which is no class of {task.name}. Allowed: "
                       f"{', '.join(task.classes)}")  # fmt: skip
    at_rest = any(row.classes.get(task.name, "").casefold() == "static" for row in train)
    if not at_rest and not wanted.stills:
        raise RunError(_NOTHING_TO_MAKE)
    return task


def parts_of(ground: ShotGround) -> dict[Part, tuple[ShotRow, ...]]:
    """Return the shots of each part; shots in no part are left out.

    Raises:
        SplitError: a group, or the same film, stands in several parts of a split that divides none.
    """
    taken: dict[Part, list[ShotRow]] = {part: [] for part in PARTS}
    for row in ground.rows:
        part = ground.split.part_of(row.id, row.group)
        if part is not None:
            taken[part].append(row)
    if ground.split.kind != "mixed":
        first: dict[str, Part] = {}
        for part, rows in taken.items():
            for row in rows:
                for what in (f"group '{row.group}'", f"film {row.video}"):
                    before = first.setdefault(what if what.startswith("group") else f"film {row.source}", part)
                    if before != part:
                        raise SplitError(
                            f"the {what} stands in {before} and in {part}, and a score on it would flatter. Give its "
                            "shots one group in the sheet"
                        )
    return {part: tuple(rows) for part, rows in taken.items()}


@dataclass(frozen=True, slots=True)
class _Clips:
    """Clips of the virtual camera that were made for a training.

    Attributes:
        rows: in train.
        write_sheet: writes a sheet of film strips of some of them.
        refused: materials that could not be used.
    """

    rows: tuple[ShotRow, ...] = ()
    write_sheet: Callable[[Path], None] = lambda path: None
    refused: tuple[str, ...] = ()


def _make_clips(recipe: Recipe, ground: ShotGround, train: Sequence[ShotRow], progress: Progress) -> _Clips:
    """Make the clips that a recipe asks for, of the resting shots of train and of stills; none where it asks for none.

    Raises:
        RunError: there is nothing that they could be made from, or no task that they answer.
    """
    wanted = recipe.synthetic
    if not wanted.clips:
        return _Clips()
    task = _check_clips(recipe, ground, train)
    assert task is not None
    names = {name.casefold(): name for name in task.classes}
    from rushes.datasets.synthetic.camera_clips import make_clips, resting_shots, stills_in
    from rushes.datasets.synthetic.camera_sheet import write_clip_sheet
    from rushes.footage.source import Unreadable

    # A static shot that no other task has a class for is a title more often than not.
    answered = [row for row in train if all(one.name in row.classes for one in ground.tasks)] or train
    materials = resting_shots(answered, task=task.name, path_of=lambda video: ground.project_root / video)
    if wanted.stills:
        materials += stills_in(ground.project_root / Path(wanted.stills).expanduser())
    if not materials:
        raise RunError(_NOTHING_TO_MAKE)
    refused: list[str] = []

    def refuse(material: Unreadable) -> None:
        refused.append(str(material))

    clips = make_clips(
        ground.cache_folder / "synthetic",
        materials,
        count=wanted.clips * len(wanted.movements),
        seed=recipe.training.seed,
        movements=wanted.movements,  # type: ignore[arg-type]
        threads=count_threads(ground.threads),
        progress=lambda done, total=None, note="": progress(done, total, "making clips of a virtual camera"),
        refused=refuse,
    )
    rows = tuple(
        ShotRow(
            video=str(clip.path),
            start=0,
            stop=clip.frame_count,
            classes={task.name: names[clip.movement]},
            group=clip.group,
            source=digest_of_file(clip.path),
            rate=clip.rate,
            origin=ORIGIN,
            split="train",
            name=clip.path.stem,
        )
        for clip in clips
    )

    def write_sheet(path: Path) -> None:
        write_clip_sheet(path, clips)

    return _Clips(rows, write_sheet, tuple(refused))


def _run_of(
    recipe: Recipe,
    ground: ShotGround,
    ready: ShotsReady,
    outcome: ShotOutcome,
    clips: _Clips,
    *,
    folder: Path,
    name: str,
    now: datetime,
) -> ShotRun:
    """Return the run, but for what it ran on and how long."""
    tasks = {task.name: _task_outcome(task, outcome) for task in ground.tasks}
    made = [row.classes for row in clips.rows]
    movements = [name for classes in made for name in classes.values()]
    return ShotRun(
        folder=folder,
        name=name,
        tasks=tasks,
        recipe=recipe.to_table(),
        architecture=outcome.network.design.to_table(),
        preprocessing=ready.preprocessing,
        manifest={
            "path": relative_path(ground.manifest, ground.project_root),
            "sha256": digest_of_file(ground.manifest),
        },
        split={
            "path": relative_path(ground.split_path, ground.project_root) if ground.split_path is not None else None,
            "sha256": ground.split.digest,
            "kind": ground.split.kind,
            **({"name": ground.test_name} if ground.test_name else {}),
        },
        weights=outcome.weights,
        leaks=tuple(_leaks(ground, ready, outcome)),
        commit=commit_of_rushes(),
        machine={},
        created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        elapsed_seconds=0.0,
        parameters=sum(parameter.numel() for parameter in outcome.network.parameters()),
        trained_parameters=outcome.trained_parameters,
        epochs=outcome.epochs,
        best_epoch=max(outcome.best_epochs.values(), default=0),
        shots={part: len(outcome.parts[part].rows) for part in PARTS},
        warnings=tuple(
            dict.fromkeys([*ground.split.notes, *ground.notes, *outcome.warnings, *_lost(ground, outcome, clips)])
        ),
        history=tuple(outcome.history),
        pace=outcome.pace,
        synthetic={name: movements.count(name) for name in dict.fromkeys(movements)},
        unusable=len(ground.unusable) + len(outcome.unusable),
    )


def _leaks(ground: ShotGround, ready: ShotsReady, outcome: ShotOutcome) -> list[str]:
    """Return in what the test part is known to resemble train, a sentence each: copies, and an earlier run's films."""
    shots = [
        (row, look)
        for part in PARTS
        for row, look in zip(outcome.parts[part].rows, outcome.parts[part].looks, strict=True)
        if row.origin != ORIGIN
    ]
    rows = joint_rows([row for row, _ in shots], [task.name for task in ground.tasks])
    looks = {row.id: look for row, look in shots if look is not None}
    found = find_leaks(ground.split, rows, signatures=looks) if ground.split.kind != "mixed" else []
    leaks = [leak.detail for leak in found if (leak.part, leak.other_part) == ("test", "train")]
    if ready.start is None:
        return leaks
    name = ready.start.folder.name
    taught = groups_taught(ready.start, project_root=ground.project_root)
    if taught is None:
        return [*leaks, f"what {name}, from which this run goes on, was taught on is not known: its split is not there"]
    again = sorted({row.group for row in outcome.parts["test"].rows} & taught)
    if again:
        more = f" and {len(again) - 3} more" if len(again) > 3 else ""
        shown = ", ".join(again[:3])
        leaks.append(f"{name}, from which this run goes on, was taught on groups of this test: {shown}{more}")
    return leaks


def _lost(ground: ShotGround, outcome: ShotOutcome, clips: _Clips) -> list[str]:
    words = []
    for lost, what in (
        ((*ground.unusable, *outcome.unusable), "labelled shots: not usable, and left out"),
        (clips.refused, "materials: not usable for clips of the virtual camera"),
    ):
        if lost:
            more = f"; and {len(lost) - 5} more" if len(lost) > 5 else ""
            what, _, became = what.partition(": ")
            words.append(f"{what} {became} ({len(lost)}): {'; '.join(lost[:5])}{more}")
    return words


def _task_outcome(task: Task, outcome: ShotOutcome) -> TaskOutcome:
    # Of train all that are labelled, thinned out or not, without clips of the virtual camera: what baselines go by.
    train = [row.classes.get(task.name) for row in outcome.labelled_train if row.origin != ORIGIN]
    counts = {"train": {name: train.count(name) for name in task.classes}}
    never: set[str] = set()
    for part in SCORED:
        truth = outcome.parts[part].truth(task.name, task.classes)
        found = np.bincount(truth[truth >= 0], minlength=len(task.classes))
        counts[part] = dict(zip(task.classes, found.tolist(), strict=True))
        answers = outcome.probabilities[task.name].get(part)
        if answers is not None and (truth >= 0).any():
            said = set(answers[truth >= 0].argmax(axis=1).tolist())
            never |= {name for at, name in enumerate(task.classes) if found[at] and at not in said}
    few = {name: count for name, count in counts["train"].items() if count < _FEW_SHOTS}
    warnings = []
    if few:
        shown = ", ".join(f"{count} of '{name}'" for name, count in few.items())
        warnings.append(f"there are few training shots of some classes of {task.name}: {shown}")
    for part in ("validation", "test"):
        lacking = [f"'{name}'" for name in task.classes if not counts[part][name]]
        if lacking:
            warnings.append(
                f"{part} has no shot of {', '.join(lacking)} of {task.name}: nothing can be said about finding it"
            )
    return TaskOutcome(
        classes=task.classes,
        counts=counts,
        class_weights=dict(zip(task.classes, (float(one) for one in outcome.class_weights[task.name]), strict=True)),
        never_predicted=tuple(name for name in task.classes if name in never),
        head=dict(outcome.heads[task.name]) | {"best_epoch": outcome.best_epochs.get(task.name)},
        warnings=tuple(warnings),
    )


def _write_outcome(run: ShotRun, tasks: Sequence[Task], outcome: ShotOutcome) -> None:
    from safetensors.torch import save_file

    from rushes.learning.predictions import Predictions, write_predictions
    from rushes.storage.files import whole_file

    for task in tasks:
        for part, probabilities in outcome.probabilities[task.name].items():
            shots = outcome.parts[part]
            truth = shots.truth(task.name, task.classes)
            kept = np.flatnonzero(truth >= 0)
            if not len(kept):
                continue
            rows = [shots.rows[place] for place in kept]
            samples = rows_of(rows, task.name)
            predictions = Predictions(
                classes=task.classes,
                truth=truth[kept],
                probabilities=probabilities[kept],
                frames=tuple(row.id for row in rows),
                groups=tuple(row.group for row in rows),
                images=tuple(row.video for row in rows),
                names=tuple(sample.name for sample in samples),
                timecodes=tuple(str(timecode_at(row.start / row.rate, row.rate)) for row in rows),
                origins=tuple(row.origin for row in rows),
            )
            write_predictions(predictions, run.folder / task.name / PREDICTIONS_FOLDER / f"{part}.parquet")
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in outcome.network.state_dict().items()}
    with whole_file(run.folder / MODEL_FILE) as temporary:
        save_file(state, temporary)
    write_shot_run(run, run.folder)


def _key_of(
    recipe: Recipe, ground: ShotGround, parts: Mapping[Part, Sequence[ShotRow]], start: ShotStart | None
) -> str:  # fmt: skip
    """Return a digest of all that a training's outcome depends on."""
    from importlib.metadata import version

    import torch

    table = {
        "recipe": recipe.to_table(),
        "classes": {task.name: list(task.classes) for task in ground.tasks},
        "parts": {part: [[row.id, dict(row.classes)] for row in rows] for part, rows in parts.items()},
        "motion": [SCAN_SCHEMA, *FEATURES],
        "torch": torch.__version__,
        "timm": version("timm"),
        "start": start.sha256 if start is not None else None,
    }
    return digest_of_bytes(json.dumps(table, sort_keys=True, default=list).encode())
