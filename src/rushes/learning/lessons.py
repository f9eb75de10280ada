"""The three ways in which a network is taught: from scratch, a head on frozen features, the last stages too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.split import PARTS, count_classes
from rushes.errors import RunError
from rushes.labels.manifest import ManifestRow, Part
from rushes.learning.augment import plan_augmentations
from rushes.learning.backbone_features import load_pretrained, see_pictures
from rushes.learning.balance import plan_class_weights
from rushes.learning.features import Features
from rushes.learning.head_balance import (
    HeadBalance,
    balance_of_first_head,
    check_head_balance,
    plan_head_balance,
)
from rushes.learning.head_trials import HeadLesson, Trial, answer_features
from rushes.learning.heads import best_trial, fit_heads
from rushes.learning.knn_heads import check_size
from rushes.learning.recipe import BalanceRecipe, Recipe
from rushes.learning.samples import (
    Samples,
    UnusableSample,
    check_parts,
    describe_lost,
    read_samples,
    truth_of,
)
from rushes.models.backbones import Backbone, free_last_stages
from rushes.models.cnn import Design
from rushes.progress import Progress
from rushes.project import Task
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    import torch

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


def relative_path(path: Path, root: Path) -> str:
    """Return a path as a run records it: relative to the project where it is inside, the bare name elsewhere."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name


def _train_cnn(lesson: Lesson) -> Outcome:
    from rushes.models.network import build_network

    network = build_network(lesson.architecture, lesson.task.classes, lesson.preprocessing)
    return _fit_network(lesson, network, weights={})


def _train_head(lesson: Lesson) -> Outcome:
    from rushes.models.heads import shape_of

    kind = lesson.recipe.model.head
    check_head_balance(kind, lesson.recipe.balance)
    network, weights = _pretrained_network(lesson)
    features = _features_of(lesson, network, weights)
    parts, warnings = _without_lost(lesson, features.lost)
    plan = _balance_head(lesson, parts, kind, lesson.recipe.balance)
    parts["train"] = tuple(parts["train"][place] for place in plan.kept)
    if kind == "knn" and (warning := check_size(len(parts["train"]), features.values.shape[1])):
        warnings.append(warning)
    values = _values_by_part(features, parts)
    trials = _try_heads(lesson, kind, values, parts, plan, lesson.recipe.balance)
    chosen = trials[best_trial(trials)]
    if not chosen.converged:
        warnings.append(_unsettled(kind, chosen))
    network.head = chosen.head
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
    )


def _train_last_stages(lesson: Lesson) -> Outcome:
    network, weights = _pretrained_network(lesson)
    features = _features_of(lesson, network, weights)
    parts, _ = _without_lost(lesson, features.lost)
    # A head that fits the features as they are keeps the first steps from spoiling the backbone (Kumar et al. 2022).
    _fit_head(lesson, network, features, parts)
    free_last_stages(network.body, lesson.recipe.model.stages)
    return _fit_network(lesson, network, weights=weights)


def _fit_network(lesson: Lesson, network: Network, *, weights: Mapping[str, Any]) -> Outcome:
    import torch

    from rushes.learning.fit import answer, fit, piece_size_for

    every_row = [row for part in PARTS for row in lesson.parts[part]]
    samples, lost = read_samples(
        every_row,
        classes=lesson.task.classes,
        project_root=lesson.project_root,
        preprocessing=lesson.preprocessing,
        threads=lesson.threads,
        progress=lesson.progress,
    )
    parts, warnings = _without_lost(lesson, lost)
    by_part = _samples_by_part(samples, parts)
    network.to(lesson.device).to(memory_format=torch.channels_last)
    design = lesson.architecture
    piece_size = piece_size_for(design.largest_map_count if isinstance(design, Design) else None, lesson.device)
    class_weights = _class_weights(lesson, parts)
    fitted = fit(
        network,
        train=by_part["train"],
        validation=by_part["validation"],
        recipe=lesson.recipe,
        class_weights=class_weights,
        augmentations=plan_augmentations(lesson.recipe.augment, lesson.task.classes),
        piece_size=piece_size,
        checkpoint=lesson.checkpoint,
        on_epoch=lesson.on_epoch,
        progress=lesson.progress,
    )
    if fitted.best_epoch == fitted.epochs == lesson.recipe.training.epochs:
        warnings.append(f"the best epoch is the last of {fitted.epochs}: more training.epochs may do better")
    return Outcome(
        network=network,
        parts=parts,
        probabilities={
            part: answer(network, by_part[part].pixels, piece_size) for part in SCORED if len(by_part[part])
        },
        class_weights=class_weights,
        history=fitted.history,
        epochs=fitted.epochs,
        best_epoch=fitted.best_epoch,
        trained_parameters=sum(p.numel() for p in network.parameters() if p.requires_grad),
        weights=weights,
        warnings=tuple(warnings),
    )


def _pretrained_network(lesson: Lesson) -> tuple[Network, dict[str, Any]]:
    """Return the backbone with its pretrained weights and a head still to be fitted, and which weights these are."""
    assert isinstance(lesson.architecture, Backbone)
    named = lesson.recipe.model.weights
    network, file = load_pretrained(
        lesson.architecture,
        classes=lesson.task.classes,
        preprocessing=lesson.preprocessing,
        weights=named,
        project_root=lesson.project_root,
        device=lesson.device,
    )
    path = relative_path(file, lesson.project_root) if named else file.name
    return network, {"path": path, "sha256": digest_of_file(file)}


def _features_of(lesson: Lesson, network: Network, weights: Mapping[str, Any]) -> Features:
    assert isinstance(lesson.architecture, Backbone)
    return see_pictures(
        [row for part in PARTS for row in lesson.parts[part]],
        network,
        backbone=lesson.architecture,
        weights_digest=weights["sha256"],
        preprocessing=lesson.preprocessing,
        device=lesson.device,
        project_root=lesson.project_root,
        cache_folder=lesson.cache_folder,
        threads=lesson.threads,
        progress=lesson.progress,
    )


def _fit_head(
    lesson: Lesson, network: Network, features: Features, parts: Mapping[Part, tuple[ManifestRow, ...]]
) -> None:
    """Give the network the linear head that is best on validation, for a fine-tuning to start from."""
    balance = balance_of_first_head(lesson.recipe.balance)
    plan = _balance_head(lesson, parts, "linear", balance)
    kept = {**parts, "train": tuple(parts["train"][place] for place in plan.kept)}
    trials = _try_heads(lesson, "linear", _values_by_part(features, kept), kept, plan, balance)
    network.head = trials[best_trial(trials)].head.to(lesson.device)


def _try_heads(
    lesson: Lesson,
    kind: str,
    values: Mapping[Part, npt.NDArray[np.float32]],
    parts: Mapping[Part, tuple[ManifestRow, ...]],
    plan: HeadBalance,
    balance: BalanceRecipe,
) -> list[Trial]:
    """Return a head of a kind for every candidate, fitted to the features of the kept train samples."""
    model, classes = lesson.recipe.model, lesson.task.classes
    return fit_heads(
        kind,
        HeadLesson(
            features=values["train"],
            truth=truth_of(parts["train"], classes),
            times=plan.times,
            validation=(values["validation"], truth_of(parts["validation"], classes)),
            class_weights=_weights_of(plan, lesson.task),
            training=lesson.recipe.training,
            balance=balance,
            hidden=model.hidden,
            dropout=model.dropout,
            threads=lesson.threads,
            progress=lesson.progress,
        ),
    )


def _balance_head(
    lesson: Lesson, parts: Mapping[Part, tuple[ManifestRow, ...]], kind: str, balance: BalanceRecipe
) -> HeadBalance:
    truth = truth_of(parts["train"], lesson.task.classes)
    return plan_head_balance(truth, lesson.task.classes, balance, head=kind, seed=lesson.recipe.training.seed)


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
        raise RunError(f"{error}\n{warning}") from None
    return left, [warning]


def _samples_by_part(samples: Samples, parts: Mapping[Part, tuple[ManifestRow, ...]]) -> dict[Part, Samples]:
    """Cut samples that stand part after part into their parts; no pixel is copied."""
    cut: dict[Part, Samples] = {}
    start = 0
    for part in PARTS:
        stop = start + len(parts[part])
        cut[part] = Samples(samples.rows[start:stop], samples.truth[start:stop], samples.pixels[start:stop])
        start = stop
    return cut


def _values_by_part(
    features: Features, parts: Mapping[Part, tuple[ManifestRow, ...]]
) -> dict[Part, npt.NDArray[np.float32]]:
    place = {row.frame_id: index for index, row in enumerate(features.rows)}
    return {part: features.values[[place[row.frame_id] for row in parts[part]]] for part in PARTS}


def _class_weights(lesson: Lesson, parts: Mapping[Part, tuple[ManifestRow, ...]]) -> npt.NDArray[np.float32]:
    counts = count_classes(parts, lesson.task.classes)["train"]
    weights = plan_class_weights(counts, lesson.recipe.balance)
    return np.array([weights[name] for name in lesson.task.classes], np.float32)


TRAININGS: Mapping[str, Callable[[Lesson], Outcome]] = {
    "cnn": _train_cnn,
    "features": _train_head,
    "finetune": _train_last_stages,
}
