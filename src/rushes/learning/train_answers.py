"""What a run answers on the samples that it was trained on, without their labels where that is cheap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import require_extra
from rushes.labels.manifest import ManifestRow
from rushes.learning.head_trials import measures_weight
from rushes.learning.monitors import softmax
from rushes.learning.predictions import Predictions
from rushes.learning.runs import Run
from rushes.learning.samples import UnusableSample, read_pictures, truth_of
from rushes.progress import Progress, silent

FOLDS = 5
_REGULARISATION = 0.1  # C where the run's own head does not say
_STEPS = 500
_LEAST_SPREAD = 1e-6
_BATCH = 32

Values = npt.NDArray[np.float32]


def predict_train(
    run: Run,
    rows: Sequence[ManifestRow],
    *,
    project_root: Path,
    cache_folder: Path,
    threads: int | None = None,
    progress: Progress = silent,
) -> Predictions:
    """Return predictions on samples that a run was trained on.

    A frozen backbone has seen no label, and its head is fitted in a second: heads that were fitted without a fifth of
    the groups answer for these. A network that was trained answers itself; it was told the labels, so that it spares
    the errors that it has learnt by heart.

    Samples whose picture cannot be read are left out, and for a frozen backbone those of a class that stands in one
    fold alone: a head that never met a class cannot doubt it.

    Args:
        rows: of the train part, with the labels of today.
    """
    require_extra("train", "torch", "timm", "safetensors", "sklearn", purpose="a look at the labels of train")
    model: Mapping[str, Any] = run.recipe["model"]
    answer = _answer_out_of_fold if model["kind"] == "features" else _answer_by_network
    used, probabilities = answer(
        run, rows, project_root=project_root, cache_folder=cache_folder, threads=threads, progress=progress
    )
    kept = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    left = [used[index] for index in kept]
    return Predictions(
        classes=run.classes,
        truth=truth_of(left, run.classes),
        probabilities=probabilities[kept],
        frames=tuple(row.frame_id for row in left),
        groups=tuple(row.group for row in left),
        images=tuple(row.img_ref for row in left),
        names=tuple(row.name for row in left),
        timecodes=tuple(row.timecode for row in left),
        origins=tuple(row.origin for row in left),
    )


def plan_folds(groups: Sequence[str], *, folds: int = FOLDS) -> npt.NDArray[np.int64]:
    """Return (samples,) the fold of each: groups are never divided, and the folds are about equally large.

    Samples of one group alone are dealt out in turn, since they leave no other choice.
    """
    sizes = Counter(groups)
    if len(sizes) < 2:
        return np.arange(len(groups), dtype=np.int64) % folds
    count = min(folds, len(sizes))
    filled = [0] * count
    fold_of: dict[str, int] = {}
    for group, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        fold_of[group] = filled.index(min(filled))
        filled[fold_of[group]] += size
    return np.array([fold_of[group] for group in groups], np.int64)


def cross_fit(
    values: Values,
    truth: npt.NDArray[np.int64],
    folds: npt.NDArray[np.int64],
    *,
    class_count: int,
    regularisation: float,
    measure_count: int = 0,
) -> Values:
    """Return (samples, classes) probabilities by logistic regressions that were fitted on the other folds.

    Rows are NaN where the other folds hold no sample of the labelled class, or of one class only.

    Args:
        values: (samples, features).
        measure_count: how many of the features, the last ones, are measures.
    """
    probabilities = np.full((len(truth), class_count), np.nan, np.float32)
    for fold in np.unique(folds):
        held, others = folds == fold, folds != fold
        present = np.unique(truth[others])
        answered = held & np.isin(truth, present)
        if len(present) < 2 or not answered.any():
            continue
        answers = np.zeros((int(answered.sum()), class_count), np.float32)
        answers[:, present] = _fitted(values[others], truth[others], values[answered], regularisation, measure_count)
        probabilities[answered] = answers
    return probabilities


def _fitted(
    known: Values, truth: npt.NDArray[np.int64], asked: Values, regularisation: float, measure_count: int
) -> Values:
    """Return the answers to `asked`, a column for each class in `truth`, in order."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    centre, spread = known.mean(axis=0), np.maximum(known.std(axis=0), _LEAST_SPREAD)
    spread[len(spread) - measure_count :] /= measures_weight(len(spread), measure_count)
    model = LogisticRegression(C=regularisation, class_weight="balanced", max_iter=_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((known - centre) / spread, truth)
    return np.asarray(model.predict_proba((asked - centre) / spread), np.float32)


def _chosen(run: Run) -> float:
    """Return the C of the run's own head, where it is a linear one."""
    for record in run.history:
        value = record.get("regularisation")
        if record.get("chosen") and isinstance(value, int | float) and value > 0:
            return float(value)
    return _REGULARISATION


def _answer_out_of_fold(
    run: Run,
    rows: Sequence[ManifestRow],
    *,
    project_root: Path,
    cache_folder: Path,
    threads: int | None,
    progress: Progress,
) -> tuple[tuple[ManifestRow, ...], Values]:
    from rushes.learning.backbone_features import read_backbone_features
    from rushes.learning.measured_samples import measured_input_of, with_measures
    from rushes.learning.recipe_files import parse_recipe
    from rushes.learning.threads import count_threads

    measured_input_of(run)  # measures of another version would be other numbers under the same names
    recipe = parse_recipe(run.recipe, where=str(run.folder))
    features = read_backbone_features(
        rows,
        recipe,
        project_root=project_root,
        cache_folder=cache_folder,
        threads=threads,
        progress=progress,
    )
    seen_count = features.values.shape[1]
    features = with_measures(
        features,
        recipe.input,
        project_root=project_root,
        cache_folder=cache_folder,
        threads=count_threads(threads),
        progress=progress,
    )
    truth, folds = truth_of(features.rows, run.classes), plan_folds([row.group for row in features.rows])
    answers = cross_fit(
        features.values,
        truth,
        folds,
        class_count=len(run.classes),
        regularisation=_chosen(run),
        measure_count=features.values.shape[1] - seen_count,
    )
    return features.rows, answers


def _answer_by_network(
    run: Run,
    rows: Sequence[ManifestRow],
    *,
    project_root: Path,
    cache_folder: Path,
    threads: int | None,
    progress: Progress,
) -> tuple[tuple[ManifestRow, ...], Values]:
    from rushes.learning.threads import count_threads, let_idle_threads_sleep

    let_idle_threads_sleep()
    import torch

    from rushes.learning.threads import torch_threads
    from rushes.models.network import load_network

    network = load_network(run.folder)
    count = count_threads(threads)
    kept: list[ManifestRow] = []
    answers: list[Values] = [np.empty((0, len(run.classes)), np.float32)]
    waiting: list[npt.NDArray[np.uint8]] = []

    def answer() -> None:
        with torch.inference_mode():
            logits = network(torch.from_numpy(np.stack(waiting))).float().numpy()
        answers.append(softmax(logits))
        waiting.clear()

    with torch_threads(count):
        read = read_pictures(rows, project_root=project_root, preprocessing=run.preprocessing, threads=count)
        for done, (row, picture) in enumerate(read, start=1):
            if not isinstance(picture, UnusableSample):
                kept.append(row)
                waiting.append(picture)
            if len(waiting) == _BATCH:
                answer()
            progress(done, len(rows), "looking at train")
        if waiting:
            answer()
    return tuple(kept), np.concatenate(answers)
