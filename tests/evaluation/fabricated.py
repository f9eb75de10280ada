"""Predictions and runs made up for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushes.learning.predictions import Predictions, write_predictions

CLASSES = ("CS", "MS", "LS")


def answers(
    pairs: Sequence[tuple[str, str]],
    *,
    groups: Sequence[str] | None = None,
    classes: Sequence[str] = CLASSES,
    confidence: Sequence[float] | None = None,
) -> Predictions:
    """Return predictions from (label, answer) pairs; the answer gets `confidence`, the rest is shared."""
    count = len(pairs)
    position = {name: index for index, name in enumerate(classes)}
    sure = np.array(confidence if confidence is not None else [0.8] * count, np.float64)
    probabilities = np.repeat(((1 - sure) / (len(classes) - 1))[:, None], len(classes), axis=1)
    for row, (_, answer) in enumerate(pairs):
        probabilities[row, position[answer]] = sure[row]
    return Predictions(
        classes=tuple(classes),
        truth=np.array([position[label] for label, _ in pairs], np.int64),
        probabilities=probabilities.astype(np.float32).reshape(count, len(classes)),
        frames=tuple(f"{row:016x}:0" for row in range(count)),
        groups=tuple(groups) if groups is not None else tuple(f"film-{row % 4}" for row in range(count)),
        images=tuple(f"frames/{row}.jpg" for row in range(count)),
        names=tuple(f"TT_S01_E01_FRM-00-00-{row % 60:02d}-00" for row in range(count)),
        timecodes=tuple(f"00:00:{row % 60:02d}:00" for row in range(count)),
        origins=("jonny",) * count,
    )


def guesses(count: int, *, class_count: int, seed: int, group_count: int = 5, skill: float = 1.0) -> Predictions:
    """Return random predictions, better than chance by `skill`."""
    random = np.random.default_rng(seed)
    classes = tuple(f"class {index}" for index in range(class_count))
    truth = random.integers(0, class_count, count)
    scores = random.gumbel(size=(count, class_count)) + skill * np.eye(class_count)[truth]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    made = answers(
        [(classes[label], classes[0]) for label in truth],
        classes=classes,
        groups=[f"film-{group}" for group in random.integers(0, group_count, count)],
    )
    return Predictions(
        made.classes,
        made.truth,
        probabilities.astype(np.float32),
        made.frames,
        made.groups,
        made.images,
        made.names,
        made.timecodes,
        made.origins,
    )


def run_table(
    predictions: Predictions, *, name: str = "2026-11-20-101500-scale", kind: str = "grouped"
) -> dict[str, Any]:
    """Return the table of a run.json whose test part are these predictions."""
    classes = predictions.classes
    return {
        "schema": "run/1",
        "name": name,
        "task": "scale",
        "classes": list(classes),
        "recipe": {
            "name": "scale",
            "split": kind,
            "model": {"kind": "cnn", "design": "plain", "backbone": "", "stages": 1},
            "training": {"epochs": 3},
        },
        "architecture": {"kind": "cnn"},
        "preprocessing": {
            "width": 32,
            "height": 32,
            "color": "rgb",
            "fit": "squeeze",
            "mean": [0.5] * 3,
            "std": [0.5] * 3,
        },
        "manifest": {"path": "manifests/scale-manifest-1.jl", "sha256": "ab" * 32},
        "split": {"path": "splits/scale.json", "sha256": "cd" * 32, "kind": kind},
        "weights": {},
        "working_size": "640",
        "leaks": [],
        "commit": None,
        "machine": {"cores": 2, "versions": {"torch": "2.14"}},
        "created_at": "2026-11-20T10:15:00Z",
        "elapsed_seconds": 12.5,
        "parameters": 1234567,
        "trained_parameters": 1234,
        "epochs": 3,
        "best_epoch": 2,
        "counts": {
            "train": {class_name: 10 + index for index, class_name in enumerate(classes)},
            "test": {class_name: int((predictions.truth == index).sum()) for index, class_name in enumerate(classes)},
        },
        "class_weights": {},
        "warnings": ["class 'LS' has only 3 training samples"],
    }


def write_run_folder(folder: Path, test: Predictions, **changes: Any) -> Path:
    """Write a run's folder, `changes` in its table; return it."""
    folder.mkdir(parents=True)
    table = run_table(test, name=folder.name) | changes
    (folder / "run.json").write_text(json.dumps(table), encoding="utf-8")
    epochs = [
        {"epoch": epoch, "train_loss": None if epoch == 0 else 1.0 / epoch, "validation_loss": 1.2 / (epoch + 1),
         "f1_macro": 0.2 * epoch, "balanced_accuracy": 0.25 * epoch, "seconds": 1.0}
        for epoch in range(4)
    ]  # fmt: skip
    (folder / "history.jsonl").write_text("".join(json.dumps(epoch) + "\n" for epoch in epochs), encoding="utf-8")
    write_predictions(test, folder / "predictions" / "test.parquet")
    return folder
