"""Predictions on the samples of train by models that were fitted without their groups."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.split import Split
from rushes.errors import RunError, require_extra
from rushes.labels.manifest import ManifestRow, Part
from rushes.learning.ground import Ground, train_on
from rushes.learning.predictions import Predictions, read_predictions, write_predictions
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.learning.runs import RUN_FILE, Run
from rushes.learning.samples import truth_of
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes, digest_of_file, write_json

FOLDS = 5
_SCHEMA = "out-of-fold/1"

Values = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What models that were not told the labels of some groups answer on these.

    Attributes:
        notes: which samples have no answer, and what else to know, in sentences.
        is_new: whether it was computed now; otherwise it was kept from before.
    """

    predictions: Predictions
    notes: tuple[str, ...]
    is_new: bool = True


def plan_class_folds(groups: Sequence[str], truth: Indices, *, folds: int = FOLDS) -> Indices:
    """Return (samples,) the fold of each: groups are never divided, and every class is spread as evenly as may be.

    The groups are dealt out one after the other, the largest first, each to the fold where the classes that it holds
    are rarest; what is rare in all counts as much as what is frequent. Of equals the smallest fold is taken.

    Args:
        truth: (samples,) index of each one's class.
        folds: at most as many as there are groups.
    """
    names = {name: index for index, name in enumerate(sorted(set(groups)))}
    group = np.array([names[name] for name in groups], np.int64)
    held = np.zeros((len(names), int(truth.max(initial=0)) + 1))
    np.add.at(held, (group, truth), 1)
    shares = held / np.maximum(held.sum(axis=0), 1)
    filled = np.zeros((min(folds, max(len(names), 1)), held.shape[1]))
    sizes = np.zeros(len(filled))
    fold_of = np.zeros(len(names), np.int64)
    for one in np.lexsort((np.arange(len(names)), -held.sum(axis=1))).tolist():
        costs = (filled * shares[one]).sum(axis=1)
        fold = min(range(len(filled)), key=lambda at: (costs[at], sizes[at]))
        fold_of[one] = fold
        filled[fold] += shares[one]
        sizes[fold] += held[one].sum()
    return fold_of[group]


def answer_out_of_fold(
    run: Run,
    ground: Ground,
    *,
    folds: int = FOLDS,
    retrain: bool = False,
    device: str | None = None,
    progress: Progress = silent,
) -> OutOfFold:
    """Return predictions on the train part of a run, each by a model that was fitted without the sample's group.

    By default heads are fitted on what the backbone saw before it was trained; `retrain` trains the run's recipe anew
    for each fold, which costs as many trainings and leaves no run behind. What was computed once is kept.

    Args:
        ground: the rows with the labels of today, and the split of the run.
        folds: two or more; with fewer groups, as many as these.

    Raises:
        MissingExtraError: the `train` extra is not installed.
        RunError: the train part is empty or of one group, or without `retrain` the run has no pretrained backbone.
        WeightsError: the weights of the backbone are not at hand.
    """
    require_extra("train", "torch", "timm", "safetensors", "sklearn", purpose="predictions out of fold")
    recipe = parse_recipe(run.recipe, where=str(run.folder / RUN_FILE))
    if recipe.model.kind == "cnn" and not retrain:
        raise RunError(
            f"{run.folder} was trained from scratch: it has no pretrained backbone that has not seen its labels. To "
            "doubt labels of train, --retrain trains its recipe anew for each fold"
        )
    parts = _parts_of(ground, run.classes)
    rows = parts["train"]
    groups = {row.group for row in rows}
    if len(groups) < 2:
        found = f"all of train is of one group, '{next(iter(groups))}'" if groups else "train is empty"
        raise RunError(f"{run.folder}: {found}: no label of it can be judged by other groups. Label frames of more "
                       "groups, and train again")  # fmt: skip
    place = ground.cache_folder / "out-of-fold" / f"{_key_of(run, parts, folds=folds, retrain=retrain)}.parquet"
    if (kept := _read_kept(place)) is not None:
        return kept
    truth = truth_of(rows, run.classes)
    planned = plan_class_folds([row.group for row in rows], truth, folds=folds)
    answer = _retrained if retrain else _refitted
    used, probabilities, notes = answer(run, recipe, ground, parts, planned, device, progress)
    answered: npt.NDArray[np.bool_] = np.asarray(np.isfinite(probabilities).all(axis=1), np.bool_)
    notes = [*notes, *_left_out(used, answered)]
    left = [row for row, there in zip(used, answered.tolist(), strict=True) if there]
    computed = OutOfFold(_predictions_of(left, run.classes, probabilities[answered]), tuple(notes))
    write_predictions(computed.predictions, place)
    write_json(place.with_suffix(".json"), {"schema": _SCHEMA, "run": run.name, "notes": notes})
    return computed


def _parts_of(ground: Ground, classes: Sequence[str]) -> dict[Part, list[ManifestRow]]:
    """Return the rows of each part whose labels are among the run's classes."""
    parts: dict[Part, list[ManifestRow]] = {"train": [], "validation": [], "test": []}
    for row in ground.rows:
        part = ground.split.part_of(row.frame_id, row.group)
        if part is not None and row.class_name in classes:
            parts[part].append(row)
    return parts


def _refitted(
    run: Run,
    recipe: Recipe,
    ground: Ground,
    parts: Mapping[Part, Sequence[ManifestRow]],
    folds: Indices,
    device: str | None,
    progress: Progress,
) -> tuple[Sequence[ManifestRow], Values, list[str]]:
    """Return the rows that could be read, (rows, classes) answers by heads on frozen features, and notes."""
    from rushes.learning.backbone_features import read_backbone_features
    from rushes.learning.measured_samples import measured_input_of, with_measures
    from rushes.learning.threads import count_threads

    measured_input_of(run)  # measures of another version would be other numbers under the same names

    features = read_backbone_features(
        [*parts["train"], *parts["validation"]],
        recipe,
        project_root=ground.project_root,
        cache_folder=ground.cache_folder,
        threads=ground.threads,
        engine=ground.engine,
        progress=progress,
    )
    seen_count = features.values.shape[1]
    features = with_measures(
        features,
        recipe.input,
        project_root=ground.project_root,
        cache_folder=ground.cache_folder,
        threads=count_threads(ground.threads),
        engine=ground.engine,
        progress=progress,
    )
    place = {row.frame_id: index for index, row in enumerate(features.rows)}
    there = [index for index, row in enumerate(parts["train"]) if row.frame_id in place]
    rows = [parts["train"][index] for index in there]
    watched = [row for row in parts["validation"] if row.frame_id in place]
    values = features.values[[place[row.frame_id] for row in rows]]
    seen = features.values[[place[row.frame_id] for row in watched]]
    truth, truth_seen = truth_of(rows, run.classes), truth_of(watched, run.classes)
    notes = []
    if recipe.model.start:
        notes.append(f"the backbone starts from {recipe.model.start}: where that was trained on these labels, it "
                     "spares their errors")  # fmt: skip
    if recipe.model.kind == "finetune":
        notes.append("heads on the backbone as it was before this training answer for train; --retrain trains the "
                     "recipe anew for each fold")  # fmt: skip
    narrowed = _with_chosen_head(run, recipe)
    answers = np.full((len(rows), len(run.classes)), np.nan, np.float32)
    planned = folds[there]
    for done, fold in enumerate(np.unique(planned).tolist(), start=1):
        held, others = planned == fold, planned != fold
        present = np.unique(truth[others])
        asked = held & np.isin(truth, present)
        if len(present) < 2 or not asked.any():
            continue
        heard = np.isin(truth_seen, present)
        watch = (seen[heard], truth_seen[heard]) if heard.any() else (values[others], truth[others])
        found = _fit_and_answer(
            narrowed,
            run.classes,
            present,
            (values[others], truth[others]),
            watch,
            values[asked],
            threads=ground.threads,
            measure_count=features.values.shape[1] - seen_count,
        )
        answers[asked] = 0
        answers[np.ix_(asked, present)] = found
        progress(done, int(planned.max()) + 1, "fitting heads without a fold")
    return rows, answers, notes


def _fit_and_answer(
    recipe: Recipe,
    classes: Sequence[str],
    present: Indices,
    known: tuple[Values, Indices],
    watched: tuple[Values, Indices],
    asked: Values,
    *,
    threads: int | None,
    measure_count: int = 0,
) -> Values:
    """Return (asked, present classes) answers by the head that is best on validation.

    Args:
        known, watched: features and truth of what it is fitted to, and of validation.
        present: the classes that are there, in order.
    """
    from rushes.learning.head_balance import balance_of_first_head, plan_head_balance
    from rushes.learning.head_trials import HeadLesson, answer_features
    from rushes.learning.heads import best_trial, fit_heads
    from rushes.learning.threads import count_threads

    names = [classes[index] for index in present.tolist()]
    position = np.zeros(len(classes), np.int64)
    position[present] = np.arange(len(present))
    kind = recipe.model.head if recipe.model.kind == "features" else "linear"
    balance = recipe.balance if recipe.model.kind == "features" else balance_of_first_head(recipe.balance)
    plan = plan_head_balance(position[known[1]], names, balance, head=kind, seed=recipe.training.seed)
    trials = fit_heads(
        kind,
        HeadLesson(
            features=known[0][plan.kept],
            truth=position[known[1]][plan.kept],
            times=plan.times,
            validation=(watched[0], position[watched[1]]),
            class_weights=np.array([plan.class_weights[name] for name in names], np.float32),
            recipe=recipe,
            threads=count_threads(threads),
            measure_count=measure_count,
        ),
    )
    return answer_features(trials[best_trial(trials)].head, asked)


def _with_chosen_head(run: Run, recipe: Recipe) -> Recipe:
    """Return the recipe with the one head that the run had found best, where it says so."""
    chosen: Mapping[str, Any] = next((record for record in run.history if record.get("chosen")), {})
    training = recipe.training
    if isinstance(value := chosen.get("regularisation"), int | float):
        training = replace(training, regularisation=(float(value),))
    if isinstance(count := chosen.get("neighbours"), int):
        training = replace(training, neighbours=(count,))
    return replace(recipe, training=training)


def _retrained(
    run: Run,
    recipe: Recipe,
    ground: Ground,
    parts: Mapping[Part, Sequence[ManifestRow]],
    folds: Indices,
    device: str | None,
    progress: Progress,
) -> tuple[Sequence[ManifestRow], Values, list[str]]:
    """Return the rows that were answered, (rows, classes) answers by trainings without each fold, and notes."""
    rows = parts["train"]
    place = {row.frame_id: index for index, row in enumerate(rows)}
    answers = np.full((len(rows), len(run.classes)), np.nan, np.float32)
    ground.cache_folder.mkdir(parents=True, exist_ok=True)
    count = int(folds.max()) + 1
    with tempfile.TemporaryDirectory(dir=ground.cache_folder, prefix="folds-") as folder:
        for fold in range(count):
            present = {row.class_name for row, at in zip(rows, folds.tolist(), strict=True) if at != fold}
            names = tuple(name for name in run.classes if name in present)
            held = [row for row, at in zip(rows, folds.tolist(), strict=True) if at == fold and row.class_name in names]
            if len(names) < 2 or not held:
                continue
            known = [row for row, at in zip(rows, folds.tolist(), strict=True) if at != fold]
            watched = [row for row in parts["validation"] if row.class_name in names]
            of_part: dict[Part, Sequence[ManifestRow]] = {"train": known, "validation": watched, "test": held}
            placed: dict[str, Part] = {row.frame_id: part for part, some in of_part.items() for row in some}
            split = Split(run.task, ground.split.kind, ground.split.seed, placed, {})

            def told(done: int, total: int | None, note: str = "", fold: int = fold) -> None:
                progress(fold, count, f"training without fold {fold + 1} of {count}: {note}")

            trained = train_on(
                replace(
                    ground,
                    task=replace(ground.task, classes=names),
                    rows=tuple(row for some in of_part.values() for row in some),
                    split=split,
                    split_path=None,
                    runs_folder=Path(folder),
                    leaks=(),
                ),
                recipe,
                device=device,
                progress=told,
            )
            found = read_predictions(trained.predictions_file("test"))
            at = [run.classes.index(name) for name in found.classes]
            which = [place[frame] for frame in found.frames]
            answers[which] = 0
            answers[np.ix_(which, at)] = found.probabilities
    return rows, answers, []


def _left_out(rows: Sequence[ManifestRow], answered: npt.NDArray[np.bool_]) -> list[str]:
    """Return a sentence on the classes whose samples got no answer."""
    lost = Counter(row.class_name for row, there in zip(rows, answered.tolist(), strict=True) if not there)
    if not lost:
        return []
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        groups[row.class_name].add(row.group)
    alone = [f"'{name}' ({count:,})" for name, count in lost.items() if len(groups[name]) == 1]
    others = sum(count for name, count in lost.items() if len(groups[name]) > 1)
    notes = []
    if alone:
        notes.append(f"train samples of classes that stand in one group alone cannot be judged by other groups, and "
                     f"are left out: {', '.join(alone)}")  # fmt: skip
    if others:
        notes.append(
            f"{others:,} train sample{'' if others == 1 else 's'} left out: no model without their group could answer"
        )
    return notes


def _predictions_of(rows: Sequence[ManifestRow], classes: tuple[str, ...], probabilities: Values) -> Predictions:
    return Predictions(
        classes=classes,
        truth=truth_of(rows, classes),
        probabilities=probabilities,
        frames=tuple(row.frame_id for row in rows),
        groups=tuple(row.group for row in rows),
        images=tuple(row.img_ref for row in rows),
        names=tuple(row.name for row in rows),
        timecodes=tuple(row.timecode for row in rows),
        origins=tuple(row.origin for row in rows),
    )


def _key_of(run: Run, parts: Mapping[Part, Sequence[ManifestRow]], *, folds: int, retrain: bool) -> str:
    """Return a digest of all that the answers depend on."""
    table = {
        "schema": _SCHEMA,
        "run": digest_of_file(run.whole_folder / RUN_FILE),
        "parts": {
            part: [[row.frame_id, row.sha256, row.class_name, row.group] for row in parts[part]]
            for part in ("train", "validation")
        },
        "folds": folds,
        "retrain": retrain,
    }
    return digest_of_bytes(json.dumps(table, sort_keys=True).encode())[:32]


def _read_kept(place: Path) -> OutOfFold | None:
    """Return what was kept, or None where nothing is, or not whole."""
    import polars

    try:
        table = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        return OutOfFold(read_predictions(place), tuple(table["notes"]), is_new=False)
    except (OSError, ValueError, KeyError, TypeError, polars.exceptions.PolarsError):
        return None
