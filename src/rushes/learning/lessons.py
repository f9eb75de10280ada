"""The three ways in which a network is taught: from scratch, a head on frozen features, the backbone too."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.split import PARTS
from rushes.errors import RunError
from rushes.labels.manifest import ManifestRow, Part
from rushes.learning.augment import plan_augmentations
from rushes.learning.backbone_features import load_pretrained, see_pictures
from rushes.learning.balance import count_shown, plan_class_weights, plan_kept
from rushes.learning.crew import ALONE, Crew
from rushes.learning.decoders import decoders_for
from rushes.learning.features import Features
from rushes.learning.head_balance import (
    HeadBalance,
    balance_of_first_head,
    check_head_balance,
    plan_head_balance,
)
from rushes.learning.head_trials import HeadLesson, Trial, answer_features
from rushes.learning.heads import best_trial, describe_kept, fit_heads
from rushes.learning.knn_heads import check_size
from rushes.learning.measured_samples import with_measures
from rushes.learning.recipe import Recipe
from rushes.learning.samples import (
    StoredSamples,
    UnusableSample,
    check_parts,
    describe_lost,
    truth_of,
)
from rushes.learning.start import Start, copy_head, load_body, why_new_head
from rushes.models.backbones import Backbone, free_parameters
from rushes.models.designs import Design
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.scale.engine import Engine
from rushes.storage.files import digest_of_bytes, digest_of_file
from rushes.storage.kept_pixels import KeptPixels, make_room
from rushes.storage.pictures import Pictures

if TYPE_CHECKING:
    import torch

    from rushes.learning.ablation import Ablation
    from rushes.learning.fit import Fitted
    from rushes.models.network import Network

SCORED: tuple[Part, ...] = ("validation", "test")


@dataclass(frozen=True, slots=True)
class Lesson:
    """What all three kinds of training are given."""

    recipe: Recipe
    task: Task
    architecture: Design | Backbone
    preprocessing: Preprocessing
    parts: Mapping[Part, tuple[ManifestRow, ...]]
    project_root: Path
    cache_folder: Path
    checkpoint: Path  # where the state after each epoch is kept; its name says of what it is
    threads: int
    device: torch.device
    progress: Progress
    on_epoch: Callable[[Mapping[str, Any]], None] | None = None
    crew: Crew = ALONE
    start: Start | None = None  # a trained network to go on from, of this architecture
    engine: Engine | None = None  # that computes features which the cache lacks; None computes them in this process
    asked: str | None = None  # the device that somebody named, for the processes of the engine


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all three kinds of training give."""

    network: Network
    parts: Mapping[Part, tuple[ManifestRow, ...]]  # those whose picture could be used
    probabilities: Mapping[Part, npt.NDArray[np.float32]]
    class_weights: npt.NDArray[np.float32]
    history: Sequence[Mapping[str, Any]]
    epochs: int = 0
    best_epoch: int = 0
    trained_parameters: int = 0
    weights: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    head: Mapping[str, Any] = field(default_factory=lambda: {"kind": "linear"})
    pace: Mapping[str, Any] = field(default_factory=dict)
    recipe: Recipe | None = None  # where something of it was found while training
    earlier_seconds: float = 0.0  # what it had taken before it was interrupted
    ablation: Ablation | None = None  # what the head answers without parts of what it is given


def relative_path(path: Path, root: Path) -> str:
    """Return a path as a run records it: relative to the project where it is inside, the bare name elsewhere."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name


def _train_cnn(lesson: Lesson) -> Outcome:
    from rushes.models.network import build_network

    network = build_network(lesson.architecture, lesson.task.classes, lesson.preprocessing)
    if lesson.start is None:
        return _fit_network(lesson, network, weights={})
    load_body(network, lesson.start)
    copied = copy_head(network, lesson.start, lesson.task.classes)
    outcome = _fit_network(lesson, network, weights=_weights_of_start(lesson))
    return outcome if copied else _with_new_head(outcome, lesson)


def _train_head(lesson: Lesson) -> Outcome:
    from rushes.models.heads import shape_of

    kind = lesson.recipe.model.head
    check_head_balance(kind, lesson.recipe.balance)
    network, file, weights = _pretrained_network(lesson)
    features = _features_of(lesson, network, file, weights)
    seen_count = features.values.shape[1]
    features = with_measures(
        features,
        lesson.recipe.input,
        project_root=lesson.project_root,
        cache_folder=lesson.cache_folder,
        threads=lesson.threads,
        engine=lesson.engine,
        progress=lesson.progress,
    )
    parts, warnings = _without_lost(lesson, features.lost)
    plan = _balance_head(lesson, parts, kind)
    parts["train"] = tuple(parts["train"][place] for place in plan.kept)
    if kind == "knn" and (warning := check_size(len(parts["train"]), features.values.shape[1])):
        warnings.append(warning)
    values = _values_by_part(features, parts)
    measure_count = features.values.shape[1] - seen_count
    trials = _try_heads(lesson, kind, values, parts, plan, measure_count=measure_count)
    chosen = trials[best_trial(trials)]
    lesson.progress(len(trials), len(trials), describe_kept(chosen))
    if not chosen.converged:
        warnings.append(_unsettled(kind, chosen))
    network.head, network.measure_count = chosen.head, measure_count
    ablation = _ablate(lesson, kind, chosen, values, parts, plan, measure_count) if measure_count else None
    return Outcome(
        network=network.cpu(),
        parts=parts,
        probabilities={part: answer_features(chosen.head, values[part]) for part in SCORED if parts[part]},
        class_weights=_weights_of(plan, lesson.task),
        history=[trial.to_record(chosen=trial is chosen) for trial in trials],
        trained_parameters=sum(parameter.numel() for parameter in chosen.head.parameters()),
        weights=weights,
        warnings=tuple(warnings),
        head=shape_of(chosen.head).to_table(),
        ablation=ablation,
    )


def _ablate(
    lesson: Lesson,
    kind: str,
    chosen: Trial,
    values: Mapping[Part, npt.NDArray[np.float32]],
    parts: Mapping[Part, tuple[ManifestRow, ...]],
    plan: HeadBalance,
    measure_count: int,
) -> Ablation:
    """Return what heads of the kind answer without the measures, and with these alone, and the head without each."""
    from rushes.learning.ablation import Ablation, Variant, permute_measures

    silently = replace(lesson, progress=silent)
    lesson.progress(0, 2, "a head without the measures, and one with these alone")
    variants = []
    for name, held in (("backbone", slice(0, -measure_count)), ("measures", slice(-measure_count, None))):
        given = {part: np.ascontiguousarray(table[:, held]) for part, table in values.items()}
        # Of measures alone nothing is weighed against a backbone.
        trials = _try_heads(silently, kind, given, parts, plan)
        best = trials[best_trial(trials)]
        answers = {part: answer_features(best.head, given[part]) for part in SCORED if parts[part]}
        variants.append(Variant(name, dict(best.setting), answers))
    permuted = permute_measures(
        values["test"],
        [row.group for row in parts["test"]],
        answer=lambda table: answer_features(chosen.head, table),
        class_count=len(lesson.task.classes),
        seed=lesson.recipe.training.seed,
    )
    lesson.progress(2, 2, "a head without the measures, and one with these alone")
    return Ablation(tuple(variants), permuted)


def _train_backbone(lesson: Lesson) -> Outcome:
    network, file, weights = _pretrained_network(lesson)
    model = lesson.recipe.model
    free_parameters(network.body, trained=model.trained, stages=model.stages)
    copied = lesson.start is not None and copy_head(network, lesson.start, lesson.task.classes)
    lost: Sequence[UnusableSample] = ()
    if not copied:
        features = _features_of(lesson, network, file, weights)
        lost = features.lost
        parts, _ = _without_lost(lesson, lost)
        # A head that fits the features as they are keeps the first steps from spoiling the backbone (Kumar et al. 2022)
        _fit_head(lesson, network, features, parts)
    outcome = _fit_network(lesson, network, weights=weights, lost=lost)
    return outcome if copied or lesson.start is None else _with_new_head(outcome, lesson)


def _fit_network(
    lesson: Lesson, network: Network, *, weights: Mapping[str, Any], lost: Sequence[UnusableSample] = ()
) -> Outcome:
    """Train a network on a lesson's pictures, read while it learns.

    Args:
        lost: samples that are known to be unusable; the lesson's parts hold them still.
    """
    import torch

    from rushes.learning.answers import answer_samples
    from rushes.learning.fit import fit
    from rushes.learning.hardware import piece_size_for

    lesson = _with_kept(lesson)
    parts, _ = _without_lost(lesson, lost)
    preprocessing = lesson.preprocessing
    kept = _kept_pixels(lesson)
    network.to(lesson.device).to(memory_format=torch.channels_last)
    design = lesson.architecture
    piece_size = piece_size_for(design.largest_map_count if isinstance(design, Design) else None, lesson.device)
    class_weights = _class_weights(lesson, parts)
    count = sum(len(rows) for rows in parts.values()) - len(kept)
    with (
        Pictures(lesson.project_root) as pictures,
        decoders_for(preprocessing, threads=lesson.threads, picture_count=count) as decoders,
    ):
        stored = {
            part: StoredSamples(
                parts[part],
                classes=lesson.task.classes,
                pictures=pictures,
                project_root=lesson.project_root,
                preprocessing=preprocessing,
                kept=kept,
                decoders=decoders,
            )
            for part in PARTS
        }

        def lost_by_now() -> list[UnusableSample]:
            return [*lost, *(one for part in PARTS for _, one in sorted(stored[part].lost.items()))]

        def on_epoch(record: Mapping[str, Any]) -> None:
            kept.flush()
            for lost_there in lesson.crew.gather({part: stored[part].lost for part in PARTS}):
                for part in PARTS:
                    stored[part].lost.update(lost_there[part])
            _without_lost(lesson, lost_by_now())  # a class of which no picture can be read ends it here
            if lesson.on_epoch is not None:
                lesson.on_epoch(record)

        fitted = fit(
            network,
            train=stored["train"],
            validation=stored["validation"],
            recipe=lesson.recipe,
            class_weights=class_weights,
            augmentations=plan_augmentations(lesson.recipe.augment, lesson.task.classes),
            piece_size=piece_size,
            checkpoint=_checkpoint_of(lesson, weights),
            threads=lesson.threads,
            crew=lesson.crew,
            on_epoch=on_epoch,
            progress=lesson.progress,
        )
        answers = {
            part: answer_samples(network, stored[part], piece_size=piece_size, threads=lesson.threads)
            for part in (SCORED if lesson.crew.leads else ())
        }
        kept.flush()
    parts, warnings = _without_lost(lesson, lost_by_now())
    warnings += fitted.notes
    if fitted.best_epoch == fitted.epochs == lesson.recipe.training.epochs:
        warnings.append(f"the best epoch is the last of {fitted.epochs}: more training.epochs may do better")
    return Outcome(
        network=network,
        parts=parts,
        probabilities={part: found for part, (_, found) in answers.items() if len(found)},
        class_weights=class_weights,
        history=fitted.history,
        epochs=fitted.epochs,
        best_epoch=fitted.best_epoch,
        trained_parameters=sum(p.numel() for p in network.parameters() if p.requires_grad),
        weights=weights,
        warnings=tuple(warnings),
        pace=fitted.pace,
        earlier_seconds=fitted.earlier_seconds,
        recipe=_as_trained(lesson.recipe, fitted),
    )


def _checkpoint_of(lesson: Lesson, weights: Mapping[str, Any]) -> Path:
    """Return where the state is kept: a file of weights that was replaced is not gone on from."""
    digest = str(weights.get("sha256", ""))[:12]
    return lesson.checkpoint.with_stem(f"{lesson.checkpoint.stem}-{digest}") if digest else lesson.checkpoint


def _as_trained(recipe: Recipe, fitted: Fitted) -> Recipe:
    """Return the recipe with the batch size that was found, and the learning rate that follows from it."""
    training = replace(recipe.training, batch_size=fitted.batch_size, learning_rate=fitted.learning_rate)
    return replace(recipe, training=training)


def _kept_pixels(lesson: Lesson) -> KeptPixels:
    """Return where pictures as this lesson shows them are kept."""
    shown = lesson.preprocessing
    table = {key: value for key, value in shown.to_table().items() if key not in ("mean", "std")}
    name = digest_of_bytes(json.dumps(table, sort_keys=True).encode())[:24]
    folder = lesson.cache_folder / "pixels"
    make_room(folder, keep=name)
    return KeptPixels(folder / name, (shown.height, shown.width, shown.channels))


def _pretrained_network(lesson: Lesson) -> tuple[Network, Path, dict[str, Any]]:
    """Return the backbone with its pretrained weights and a head still to be fitted, their file, and which they are."""
    assert isinstance(lesson.architecture, Backbone)
    named = lesson.recipe.model.weights
    network, file = load_pretrained(
        lesson.architecture,
        classes=lesson.task.classes,
        preprocessing=lesson.preprocessing,
        weights=named,
        start=lesson.start,
        project_root=lesson.project_root,
        device=lesson.device,
    )
    if lesson.start is not None:
        return network, file, _weights_of_start(lesson)
    path = relative_path(file, lesson.project_root) if named else file.name
    return network, file, {"path": path, "sha256": digest_of_file(file)}


def _weights_of_start(lesson: Lesson) -> dict[str, Any]:
    assert lesson.start is not None
    return {"path": relative_path(lesson.start.file, lesson.project_root), "sha256": lesson.start.sha256}


def _with_new_head(outcome: Outcome, lesson: Lesson) -> Outcome:
    """Return an outcome with the warning that its head is not the start's."""
    assert lesson.start is not None
    return replace(outcome, warnings=(why_new_head(lesson.start, lesson.task.classes), *outcome.warnings))


def _features_of(lesson: Lesson, network: Network, file: Path, weights: Mapping[str, Any]) -> Features:
    assert isinstance(lesson.architecture, Backbone)
    lesson.crew.await_note("features")  # the leader computes them, and keeps them for all
    features = see_pictures(
        [row for part in PARTS for row in lesson.parts[part]],
        lambda: network,
        backbone=lesson.architecture,
        weights=(file, weights["sha256"]),
        preprocessing=lesson.preprocessing,
        start=lesson.start,
        device=lesson.device,
        asked=lesson.asked,
        project_root=lesson.project_root,
        cache_folder=lesson.cache_folder,
        threads=lesson.threads,
        engine=lesson.engine,
        progress=lesson.progress,
    )
    lesson.crew.note("features")
    return features


def _fit_head(
    lesson: Lesson, network: Network, features: Features, parts: Mapping[Part, tuple[ManifestRow, ...]]
) -> None:
    """Give the network the linear head that is best on validation, for a fine-tuning to start from."""
    recipe = replace(lesson.recipe, balance=balance_of_first_head(lesson.recipe.balance))
    lesson = replace(lesson, recipe=recipe)
    plan = _balance_head(lesson, parts, "linear")
    kept = {**parts, "train": tuple(parts["train"][place] for place in plan.kept)}
    trials = _try_heads(lesson, "linear", _values_by_part(features, kept), kept, plan)
    network.head = trials[best_trial(trials)].head.to(lesson.device)


def _try_heads(
    lesson: Lesson,
    kind: str,
    values: Mapping[Part, npt.NDArray[np.float32]],
    parts: Mapping[Part, tuple[ManifestRow, ...]],
    plan: HeadBalance,
    *,
    measure_count: int = 0,
) -> list[Trial]:
    """Return a head of a kind for every candidate, fitted to the features of the kept train samples."""
    classes = lesson.task.classes
    return fit_heads(
        kind,
        HeadLesson(
            features=values["train"],
            truth=truth_of(parts["train"], classes),
            times=plan.times,
            validation=(values["validation"], truth_of(parts["validation"], classes)),
            class_weights=_weights_of(plan, lesson.task),
            recipe=lesson.recipe,
            threads=lesson.threads,
            progress=lesson.progress,
            measure_count=measure_count,
        ),
    )


def _balance_head(lesson: Lesson, parts: Mapping[Part, tuple[ManifestRow, ...]], kind: str) -> HeadBalance:
    truth, recipe = truth_of(parts["train"], lesson.task.classes), lesson.recipe
    return plan_head_balance(truth, lesson.task.classes, recipe.balance, head=kind, seed=recipe.training.seed)


def _weights_of(plan: HeadBalance, task: Task) -> npt.NDArray[np.float32]:
    return np.array([plan.class_weights[name] for name in task.classes], np.float32)


def _unsettled(kind: str, trial: Trial) -> str:
    penalty = f"the {kind} head with C = {trial.setting['regularisation']:g} had not settled when its fit ended"
    return f"{penalty}; smaller numbers in training.regularisation settle sooner"


def _without_lost(
    lesson: Lesson, lost: Sequence[UnusableSample]
) -> tuple[dict[Part, tuple[ManifestRow, ...]], list[str]]:
    """Return the rows that are left, checked once more, and a warning where some are lost."""
    gone = {one.row.frame_id for one in lost}
    left = {part: tuple(row for row in rows if row.frame_id not in gone) for part, rows in lesson.parts.items()}
    if not lost:
        return left, []
    warning = describe_lost(lost, total=sum(len(rows) for rows in lesson.parts.values()))
    try:
        check_parts(left, lesson.task)
    except RunError as error:
        left_over = str(error) if left["train"] else "train is empty"
        raise RunError(f"{warning}. Put them where the manifest names them, then train again. Without them, "
                       f"{left_over}") from None  # fmt: skip
    return left, [warning]


def _values_by_part(
    features: Features, parts: Mapping[Part, tuple[ManifestRow, ...]]
) -> dict[Part, npt.NDArray[np.float32]]:
    place = {row.frame_id: index for index, row in enumerate(features.rows)}
    return {part: features.values[[place[row.frame_id] for row in parts[part]]] for part in PARTS}


def _with_kept(lesson: Lesson) -> Lesson:
    """Return a lesson whose train part is what `balance` keeps of it for the whole training."""
    rows, recipe = lesson.parts["train"], lesson.recipe
    kept = plan_kept(truth_of(rows, lesson.task.classes), recipe.balance, seed=recipe.training.seed)
    return replace(lesson, parts={**lesson.parts, "train": tuple(rows[at] for at in kept)})


def _class_weights(lesson: Lesson, parts: Mapping[Part, tuple[ManifestRow, ...]]) -> npt.NDArray[np.float32]:
    """Return (classes,) the weight of each class in the loss, by what an epoch shows of it."""
    classes, balance = lesson.task.classes, lesson.recipe.balance
    shown = count_shown(truth_of(parts["train"], classes), balance, len(classes))
    weights = plan_class_weights(dict(zip(classes, shown.tolist(), strict=True)), balance)
    return np.array([weights[name] for name in classes], np.float32)


TRAININGS: Mapping[str, Callable[[Lesson], Outcome]] = {
    "cnn": _train_cnn,
    "features": _train_head,
    "finetune": _train_backbone,
}
