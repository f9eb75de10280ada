"""How a network for shots is taught: its models of the motion, its heads, its backbone, its gates.

This module needs the `train` extra; `rushes.learning.train_shots` asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.shot_sample import ShotReading
from rushes.datasets.split import PARTS
from rushes.errors import RunError, WeightsError
from rushes.footage.movement import FEATURES, SERIES_COLUMNS, are_movements, backwards
from rushes.labels.manifest import Part
from rushes.labels.shot_manifest import ShotRow
from rushes.learning.augment import Augmentation, plan_augmentations
from rushes.learning.balance import plan_class_weights, plan_kept
from rushes.learning.lessons import SCORED, relative_path
from rushes.learning.motion_heads import best_motion, fit_motion_heads
from rushes.learning.motion_samples import MotionLesson, MotionSamples, MotionTrial, measure_standard
from rushes.learning.recipe import Recipe
from rushes.learning.shipped_motion import shipped_motion
from rushes.learning.shot_fit import (
    UNLABELLED,
    FittedShots,
    Places,
    TaughtShots,
    answer_shots,
    fit_shots,
    order_of,
    score_labelled,
)
from rushes.learning.shot_start import ShotStart, go_on_from
from rushes.learning.shot_store import (
    KeptFeatures,
    Reading,
    ReadShots,
    StoredFrames,
    read_parts,
    see_sample,
    taught_by_features,
    taught_by_frames,
)
from rushes.models.backbones import Backbone, find_weights, free_parameters, load_weights
from rushes.models.clip import ShotNetwork
from rushes.models.clip_design import USES, ShotDesign, ShotHeadDesign
from rushes.progress import Progress
from rushes.project import Task
from rushes.storage.files import digest_of_file

_PIECE_ON_CPU = 2  # shots that go through a whole network at a time, to begin with
_PIECE_ELSEWHERE = 16
_SCALED_SHOTS = 4096  # of train, by which the scale of features is measured
# Columns of a series that are the same of a pair played backwards; all others change their sign.
_EVEN = frozenset({"residual", "support", "found", "still", "rest", "focus", "step", "away"})


@dataclass(frozen=True, slots=True)
class ShotLesson:
    """What a training on shots is given.

    Attributes:
        parts: train holds the clips of the virtual camera too.
        checkpoint: where the state after each epoch is kept; its name says of what it is.
    """

    recipe: Recipe
    tasks: tuple[Task, ...]
    backbone: Backbone
    preprocessing: Preprocessing
    parts: Mapping[Part, tuple[ShotRow, ...]]
    project_root: Path
    scans_folder: Path
    cache_folder: Path
    checkpoint: Path
    threads: int
    device: torch.device
    progress: Progress
    on_epoch: Callable[[Mapping[str, Any]], None] | None = None
    start: ShotStart | None = None

    @property
    def sees_frames(self) -> bool:
        """Whether any head rests on frames."""
        return any(head.see != "motion" for head in self.recipe.heads.values())

    @property
    def sampled_by(self) -> str:
        """The task whose classes decide what an epoch shows."""
        return self.recipe.shots.sampled_by or next(iter(self.recipe.heads))


@dataclass(frozen=True, slots=True)
class ShotOutcome:
    """What a training on shots gives.

    Attributes:
        parts: the shots that could be read; of train those that `balance` keeps.
        labelled_train: all shots of train that could be read, clips of the virtual camera among them.
        probabilities: task -> part -> (shots, classes), of all shots of the part, labelled in the task or not.
        class_weights: task -> (classes,).
        heads: task -> what is to be said of its head.
    """

    network: ShotNetwork
    parts: Mapping[Part, ReadShots]
    labelled_train: tuple[ShotRow, ...]
    probabilities: Mapping[str, Mapping[Part, npt.NDArray[np.float32]]]
    class_weights: Mapping[str, npt.NDArray[np.float32]]
    heads: Mapping[str, Mapping[str, Any]]
    history: Sequence[Mapping[str, Any]] = ()
    epochs: int = 0
    best_epochs: Mapping[str, int] = field(default_factory=dict)
    trained_parameters: int = 0
    weights: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    pace: Mapping[str, Any] = field(default_factory=dict)
    earlier_seconds: float = 0.0


def teach_shots(lesson: ShotLesson) -> ShotOutcome:
    """Do what a recipe of shots says.

    The motion's models are fitted to what was measured; heads that see frames are taught on what the frozen backbone
    sees; then, where the recipe says so, the backbone with them; last the gates of heads that see both, which keep the
    gate, the frames alone or the motion alone, as validation says.

    Raises:
        RunError, RecipeError, WeightsError: as `rushes.learning.train_shots.train_shots`.
    """
    network, weights, warnings = _build(lesson)
    lesson = _of_weights(lesson, weights)
    reading = _reading_of(lesson, network)
    read = _read(lesson, network, reading, weights)
    parts = read.parts
    truth = {part: {task.name: parts[part].truth(task.name, task.classes) for task in lesson.tasks} for part in PARTS}
    check_readable(lesson.tasks, truth, read)
    kept = _kept(truth["train"][lesson.sampled_by], lesson)
    read_train = parts["train"]
    parts = {**parts, "train": parts["train"].at(kept)}
    truth["train"] = {task: found[kept] for task, found in truth["train"].items()}
    check_readable(lesson.tasks, truth, read)
    class_weights = {task.name: _class_weights(task, truth["train"], lesson) for task in lesson.tasks}
    heads = {task.name: _fit_motion(lesson, network, task, parts, truth) for task in lesson.tasks}
    taught = {part: taught_by_features(parts[part], truth[part]) for part in PARTS}
    fitted: list[FittedShots] = []
    seeing = [task for task, head in lesson.recipe.heads.items() if head.see != "motion"]
    for task in seeing:
        if lesson.recipe.heads[task].see == "both":
            network.head(task).use("frames")  # so that the frames stand on their own before the gate weighs them
    if seeing:
        if lesson.start is None:
            network.measure_scales(_frames_of(parts["train"], lesson))
        _free(network, seeing)
        joint = lesson.recipe.shots.shared
        fitted.append(_fit(lesson, network, seeing, taught, class_weights, joint=joint, stage="heads"))
    learnt = _learnt(network) if seeing else set()
    if seeing and lesson.recipe.model.trained != "head":
        assert network.body is not None
        model = lesson.recipe.model
        free_parameters(network.body, trained=model.trained, stages=model.stages)
        frames = _frames_stored(lesson, reading)
        by_frames = _by_frames(lesson, parts, truth, frames)
        fitted.append(_fit(lesson, network, seeing, by_frames, class_weights, joint=True, stage="whole"))
        learnt |= _learnt(network)
        # What the trained backbone sees, once: gates and answers rest on it.
        parts = {part: _seen_again(network, shots, frames, lesson) for part, shots in parts.items()}
        taught = {part: taught_by_features(parts[part], truth[part]) for part in PARTS}
    last = fitted[-1] if fitted else None
    for task in seeing:
        if lesson.recipe.heads[task].see == "both":
            about, gate = _weigh(lesson, network, task, taught, class_weights)
            heads[task] |= about
            fitted.append(gate)
            learnt |= _learnt(network)
    probabilities = _answers(lesson, network, taught)
    if last is not None and max(last.best_epochs.values()) == last.epochs == lesson.recipe.training.epochs:
        warnings.append(f"the best epoch is the last of {last.epochs}: more training.epochs may do better")
    return ShotOutcome(
        network=network.cpu(),
        parts=parts,
        labelled_train=read_train.rows,
        probabilities=probabilities,
        class_weights=class_weights,
        heads=heads,
        history=last.history if last else (),
        epochs=last.epochs if last else 0,
        best_epochs=last.best_epochs if last else {},
        trained_parameters=sum(one.numel() for name, one in network.named_parameters() if name in learnt),
        weights=weights,
        warnings=(*warnings, *read.notes, *(note for one in fitted for note in one.notes)),
        unusable=read.unusable,
        pace=last.pace if last else {},
        earlier_seconds=sum(one.earlier_seconds for one in fitted),
    )


def _of_weights(lesson: ShotLesson, weights: Mapping[str, Any]) -> ShotLesson:
    """Return a lesson whose state is kept apart for other weights: a file that was replaced is not gone on from."""
    digest = str(weights.get("sha256", ""))[:12]
    stem = f"{lesson.checkpoint.stem}-{digest}" if digest else lesson.checkpoint.stem
    return replace(lesson, checkpoint=lesson.checkpoint.with_stem(stem))


def _learnt(network: ShotNetwork) -> set[str]:
    """Return the names of the parameters that are taught as it is set up now."""
    return {name for name, parameter in network.named_parameters() if parameter.requires_grad}


def plan_design(recipe: Recipe, tasks: Sequence[Task], backbone: Backbone) -> ShotDesign:
    """Return the network that a recipe of shots asks for; which model of the motion is `auto` is still open."""
    heads = tuple(
        ShotHeadDesign(
            task=task.name,
            classes=task.classes,
            see=head.see,
            pooling=head.pooling,
            width=head.width,
            layers=head.layers,
            dropout=head.dropout,
            subject=head.subject,
            motion="none" if head.see == "frames" else "linear" if head.motion == "auto" else head.motion,
            loss=head.loss,
        )
        for task in tasks
        for head in [recipe.heads[task.name]]
    )
    seen = any(head.see != "motion" for head in heads)
    return ShotDesign(
        backbone=backbone if seen else None,
        heads=heads,
        shared=recipe.shots.shared,
        frames=recipe.shots.frames,
        features=FEATURES,
        series=SERIES_COLUMNS,
    )


def check_readable(tasks: Sequence[Task], truth: Mapping[Part, Mapping[str, Places]], read: Reading) -> None:
    """Raise RunError unless every class of every task can be learnt, and the learning can be watched."""
    lost = f" {len(read.unusable)} shots could not be read; the first: {read.unusable[0]}." if read.unusable else ""
    for task in tasks:
        labelled = {part: found[task.name][found[task.name] != UNLABELLED] for part, found in truth.items()}
        counts = np.bincount(labelled["train"], minlength=len(task.classes))
        missing = [name for name, count in zip(task.classes, counts, strict=True) if not count]
        if missing:
            held = "; ".join(
                f"'{name}': {np.count_nonzero(labelled['validation'] == index)} in validation, "
                f"{np.count_nonzero(labelled['test'] == index)} in test"
                for index, name in enumerate(task.classes)
                if name in missing
            )
            names = ", ".join(f"'{name}'" for name in missing)
            raise RunError(
                f"class {names} of {task.name} has no training shot ({held}), so that it can never be learnt.{lost} "
                "Label shots of it in more groups, let [synthetic] make clips of a movement, or take it out of the "
                "task's classes in rushes.toml"
            )
        if not len(labelled["validation"]):
            raise RunError(
                f"no shot of validation has a class of {task.name}, and without one nobody knows when to stop.{lost} "
                "Label shots in more groups, or raise the share of validation in rushes.toml"
            )


def _build(lesson: ShotLesson) -> tuple[ShotNetwork, dict[str, Any], list[str]]:
    """Return the network with the weights that it starts from, which these are, and warnings."""
    design = plan_design(lesson.recipe, lesson.tasks, lesson.backbone)
    network = ShotNetwork(design, lesson.preprocessing)
    weights: dict[str, Any] = {}
    warnings: list[str] = []
    if lesson.start is not None:
        taken = go_on_from(network, lesson.start, lesson.preprocessing)
        fresh = [head.task for head in design.heads if head.see != "motion" and head.task not in taken]
        weights = {"path": relative_path(lesson.start.file, lesson.project_root), "sha256": lesson.start.sha256}
        if fresh:
            warnings.append(
                f"the heads of {', '.join(fresh)} were begun anew: {lesson.start.folder.name} has none alike"
            )
    elif network.body is not None:
        named = lesson.recipe.model.weights
        file = find_weights(
            lesson.backbone,
            file=lesson.project_root / Path(named).expanduser() if named else None,
            folder=lesson.project_root / "weights",
        )
        load_weights(network.body, lesson.backbone, file)
        weights = {
            "path": relative_path(file, lesson.project_root) if named else file.name,
            "sha256": digest_of_file(file),
        }
    if network.body is not None:
        network.body.requires_grad_(False)
    return network.to(lesson.device).to(memory_format=torch.channels_last).eval(), weights, warnings


def _reading_of(lesson: ShotLesson, network: ShotNetwork) -> ShotReading:
    shots = lesson.recipe.shots
    faces = None
    if shots.faces:
        file = lesson.project_root / Path(shots.faces).expanduser()
        if not file.is_file():
            raise WeightsError(f"shots.faces: there is no file {file}. Put a YuNet face detector there, or leave "
                               "shots.faces empty")  # fmt: skip
        faces = (str(file), digest_of_file(file))
    looks = bool(set(network.views) & {"subject", "background"})
    return ShotReading(
        lesson.preprocessing,
        frames=shots.frames,
        choice="scan" if shots.choice == "scan" else "even",
        subject=looks,
        faces=faces if looks else None,
    )


def _read(lesson: ShotLesson, network: ShotNetwork, reading: ShotReading, weights: Mapping[str, Any]) -> Reading:
    """Read the shots of all parts; where heads see frames, with what the backbone sees in them."""
    kept = None
    if network.body is not None:
        about = {"backbone": lesson.backbone.to_table(), "weights": weights["sha256"]}
        kept = KeptFeatures(network, reading, about=about, cache_folder=lesson.cache_folder)
    read = read_parts(
        lesson.parts,
        reading,
        extract=kept.see if kept is not None else None,
        aggregate_count=len(FEATURES),
        project_root=lesson.project_root,
        scans_folder=lesson.scans_folder,
        cache_folder=lesson.cache_folder,
        threads=lesson.threads,
        progress=lesson.progress,
    )
    if kept is not None:
        kept.flush()
    return read


def _kept(truth: Places, lesson: ShotLesson) -> Places:
    """Return the places of train that `balance` keeps for the whole training; shots without a class all stay."""
    labelled, recipe = np.flatnonzero(truth != UNLABELLED), lesson.recipe
    kept = labelled[plan_kept(truth[labelled], recipe.balance, seed=recipe.training.seed)]
    return np.sort(np.concatenate([kept, np.flatnonzero(truth == UNLABELLED)]))


def _class_weights(task: Task, truth: Mapping[str, Places], lesson: ShotLesson) -> npt.NDArray[np.float32]:
    """Return (classes,) the weight of each class in the loss, by what the first epoch shows of it."""
    shown = truth[task.name][order_of(truth[lesson.sampled_by], lesson.recipe, 1)]
    counts = np.bincount(shown[shown != UNLABELLED], minlength=len(task.classes)).clip(min=1)
    weights = plan_class_weights(dict(zip(task.classes, counts.tolist(), strict=True)), lesson.recipe.balance)
    return np.array([weights[name] for name in task.classes], np.float32)


def _fit_motion(
    lesson: ShotLesson,
    network: ShotNetwork,
    task: Task,
    parts: Mapping[Part, ReadShots],
    truth: Mapping[Part, Mapping[str, Places]],
) -> dict[str, Any]:
    """Give a head that sees motion the model that is best on validation, and return what is to be said of it."""
    asked = lesson.recipe.heads[task.name]
    about: dict[str, Any] = {"see": asked.see, "pooling": asked.pooling if asked.see != "motion" else None}
    if asked.see == "frames":
        return about
    train = _motion_samples(parts["train"], truth["train"][task.name], lesson, by=truth["train"][lesson.sampled_by])
    trials = fit_motion_heads(
        asked.motion,
        MotionLesson(
            train=train,
            validation=_motion_samples(parts["validation"], truth["validation"][task.name], lesson),
            class_weights=_motion_weights(task, train, lesson),
            recipe=lesson.recipe,
            threads=lesson.threads,
            progress=lesson.progress,
            augment_motion=_turned_around(task),
            shipped=shipped_motion(task.classes) if are_movements(task.classes) else None,
        ),
    )
    chosen = trials[best_motion(trials)]
    head = network.head(task.name)
    standard = measure_standard(train.aggregates)
    head.take_motion(chosen.model.to(lesson.device), standard.to(lesson.device))
    assert head.motion is not None
    head.motion.requires_grad_(False)
    return about | {"motion": chosen.setting["motion"], "trials": [_record(one, chosen) for one in trials]}


def _motion_weights(task: Task, train: MotionSamples, lesson: ShotLesson) -> npt.NDArray[np.float32]:
    """Return (classes,) the weight of each class in the loss of a model of the motion, which has no epochs to draw."""
    balance = lesson.recipe.balance
    if balance.sampling not in ("all", "oversample") and balance.loss == "plain":
        balance = replace(balance, loss="weights")
    counts = np.bincount(train.truth, weights=train.times, minlength=len(task.classes))
    turned = _turned_around(task)
    if turned is not None:  # every shot counts backwards too
        counts = counts + np.bincount(turned(train).truth, weights=train.times, minlength=len(task.classes))
    counts = counts.astype(int).clip(min=1)
    weights = plan_class_weights(dict(zip(task.classes, counts.tolist(), strict=True)), balance)
    return np.array([weights[name] for name in task.classes], np.float32)


def _record(trial: MotionTrial, chosen: MotionTrial) -> dict[str, Any]:
    return trial.to_record(chosen=trial is chosen)


def _motion_samples(shots: ReadShots, truth: Places, lesson: ShotLesson, *, by: Places | None = None) -> MotionSamples:
    """Return what was measured in the labelled shots.

    Args:
        by: (shots,) of the task that sampling goes by, in train: shots that an epoch repeats count as often.
    """
    times = np.ones(len(truth), np.int64)
    if by is not None and lesson.recipe.balance.sampling == "oversample":
        times = np.bincount(order_of(by, lesson.recipe, 1), minlength=len(truth))
    places = np.flatnonzero((truth != UNLABELLED) & (times > 0))
    longest = max([1, *(len(shots.series[place]) for place in places)])
    series = np.zeros((len(places), longest, len(SERIES_COLUMNS)), np.float32)
    mask = np.zeros((len(places), longest), np.bool_)
    for row, place in enumerate(places):
        one = shots.series[place]
        series[row, : len(one)], mask[row, : len(one)] = one, True
    return MotionSamples(shots.aggregates[places], series, mask, truth[places], times[places])


def _turned_around(task: Task) -> Callable[[MotionSamples], MotionSamples] | None:
    """Return what plays shots backwards, where the task's classes say what then becomes of each; None elsewhere.

    A push played backwards is a pull.
    """
    if not are_movements(task.classes):
        return None
    lower = [name.casefold() for name in task.classes]
    swapped = {"push": "pull", "pull": "push"}
    position = np.array([lower.index(swapped.get(name, name)) for name in lower], np.int64)

    def turn(samples: MotionSamples) -> MotionSamples:
        turned = np.stack([backwards(one) for one in samples.aggregates]) if len(samples) else samples.aggregates
        series, mask = series_backwards(samples.series, samples.series_mask)
        return MotionSamples(turned.astype(np.float32), series, mask, position[samples.truth], samples.times)

    return turn


def series_backwards(
    series: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return series as they would have been measured on the shots played backwards.

    Args:
        series: (shots, pairs, SERIES_COLUMNS); a shot's pairs stand first, in order.
        mask: (shots, pairs), which of them there are.
    """
    signs = np.array([1.0 if _is_even(name) else -1.0 for name in SERIES_COLUMNS], np.float32)
    turned = np.zeros_like(series)
    for row, count in enumerate(mask.sum(axis=1)):
        turned[row, :count] = series[row, :count][::-1] * signs
    return turned, mask


def _is_even(column: str) -> bool:
    """Return whether a column is the same of a pair played backwards: how well it was measured is, how it moved not."""
    return column.removeprefix("slow_") in _EVEN


def _frames_of(shots: ReadShots, lesson: ShotLesson) -> torch.Tensor:
    """Return the features of train's frames, (frames, views, features), or of so many that they are enough."""
    places = np.random.default_rng(lesson.recipe.training.seed).permutation(len(shots.features))[:_SCALED_SHOTS]
    return torch.from_numpy(np.concatenate([shots.features[place] for place in np.sort(places)])).to(lesson.device)


def _free(network: ShotNetwork, tasks: Sequence[str]) -> None:
    """Let the heads of some tasks be taught, with their temporal layers, and nothing else."""
    network.requires_grad_(False)
    network.poolings.requires_grad_(True)
    for task in tasks:
        head = network.head(task)
        assert head.out is not None
        head.out.requires_grad_(True)


def _fit(
    lesson: ShotLesson,
    network: ShotNetwork,
    tasks: Sequence[str],
    taught: Mapping[Part, TaughtShots],
    class_weights: Mapping[str, npt.NDArray[np.float32]],
    *,
    joint: bool,
    stage: str,
) -> FittedShots:
    whole = stage == "whole"
    piece = (_PIECE_ON_CPU if lesson.device.type == "cpu" else _PIECE_ELSEWHERE) if whole else 1 << 30
    return fit_shots(
        network,
        tasks=tasks,
        train=taught["train"],
        validation=taught["validation"],
        recipe=lesson.recipe,
        class_weights=class_weights,
        sampled_by=lesson.sampled_by,
        joint=joint,
        starts_known=whole or lesson.start is not None,
        piece_size=piece,
        checkpoint=lesson.checkpoint.with_stem(f"{lesson.checkpoint.stem}-{stage}"),
        threads=lesson.threads,
        on_epoch=lesson.on_epoch,
        progress=lesson.progress,
    )


def _frames_stored(lesson: ShotLesson, reading: ShotReading) -> StoredFrames:
    return StoredFrames(
        reading,
        project_root=lesson.project_root,
        scans_folder=lesson.scans_folder,
        cache_folder=lesson.cache_folder,
    )


def _seen_again(network: ShotNetwork, shots: ReadShots, frames: StoredFrames, lesson: ShotLesson) -> ReadShots:
    """Return shots with what the trained backbone sees in them."""
    network.eval()
    features = []
    for done, row in enumerate(shots.rows, start=1):
        features.append(see_sample(network, frames.read(row)))
        lesson.progress(done, len(shots.rows), "seeing the shots again")
    return replace(shots, features=tuple(features))


def _by_frames(
    lesson: ShotLesson,
    parts: Mapping[Part, ReadShots],
    truth: Mapping[Part, Mapping[str, Places]],
    frames: StoredFrames,
) -> dict[Part, TaughtShots]:
    return {
        part: taught_by_frames(parts[part], truth[part], frames, augmentations=_augmentations(lesson)) for part in PARTS
    }


def _augmentations(lesson: ShotLesson) -> Callable[[ShotRow], Augmentation]:
    """Return what the frames of a shot may undergo: that of its class of the task that sampling goes by."""
    task = next(task for task in lesson.tasks if task.name == lesson.sampled_by)
    every = [name for one in lesson.tasks for name in one.classes]
    of_class = dict(zip(every, plan_augmentations(lesson.recipe.augment, every), strict=True))
    others = plan_augmentations(replace(lesson.recipe.augment, classes={}), ("",))[0]

    def of(row: ShotRow) -> Augmentation:
        return of_class.get(row.classes.get(task.name, ""), others)

    return of


def _weigh(
    lesson: ShotLesson,
    network: ShotNetwork,
    task: str,
    taught: Mapping[Part, TaughtShots],
    class_weights: Mapping[str, npt.NDArray[np.float32]],
) -> tuple[dict[str, Any], FittedShots]:
    """Teach the gate of a head that sees both, and let its answer rest on what has the least loss on validation."""
    head = network.head(task)
    assert head.gate is not None
    network.requires_grad_(False)
    head.gate.requires_grad_(True)
    head.use("both")
    fitted = _fit(lesson, network, [task], taught, class_weights, joint=True, stage=f"gate-{task}")
    losses: dict[str, float] = {}
    for what in USES:
        head.use(what)
        answers = answer_shots(network, taught["validation"], piece_size=_PIECE_ELSEWHERE, threads=lesson.threads)
        losses[what] = score_labelled(answers[task], taught["validation"].truth[task]).loss
    used = min(losses, key=lambda what: losses[what] if math.isfinite(losses[what]) else math.inf)
    head.use(used)
    return {"used": used, "validation_loss": losses}, fitted


def _answers(
    lesson: ShotLesson, network: ShotNetwork, taught: Mapping[Part, TaughtShots]
) -> dict[str, dict[Part, npt.NDArray[np.float32]]]:
    piece = _PIECE_ON_CPU if lesson.device.type == "cpu" else _PIECE_ELSEWHERE
    found: dict[str, dict[Part, npt.NDArray[np.float32]]] = {task.name: {} for task in lesson.tasks}
    for part in SCORED:
        if len(taught[part]):
            answers = answer_shots(network, taught[part], piece_size=piece, threads=lesson.threads)
            for task, probabilities in answers.items():
                found[task][part] = probabilities
    return found
