"""A head on cached features beside fine-tuning of the same backbone, on the same pictures."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Outcome, Say, Target, Timing, Turns, find_media, format_seconds, time_call
from rushes.datasets.split import Split, plan_split
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import write_manifest
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.project import SplitSettings, Task
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    from rushes.learning.runs import Run

TARGET = Target("ratio", 50)
_WEIGHTS = "weights/mobilenetv2_100_tf_ptq_dequant_fp16.pth"
_PICTURES = "images/flowers"
_EPOCHS = 10  # of the fine-tuning, at most: fewer than the default of 30, in the peer's favour
_ROUNDS = 2


def measure(say: Say) -> Outcome:
    say("Training a head on the cached features of a frozen backbone, against fine-tuning its last stage.")
    media = find_media()
    if media is None or not (media / _WEIGHTS).is_file() or not (media / _PICTURES).is_dir():
        say("Not measured: it needs shared/media with the flowers and the MobileNetV2 weights (or RUSHES_MEDIA).")
        return Outcome("features_first", None, None, "s", TARGET)
    with tempfile.TemporaryDirectory() as folder:
        return _compare(_Lesson(media, Path(folder)), say)


class _Lesson:
    """The same labelled pictures and split for both trainings."""

    def __init__(self, media: Path, folder: Path) -> None:
        self.media, self.folder = media, folder
        self.rows = _rows_of(media)
        self.task = Task("flowers", tuple(sorted({row.class_name for row in self.rows})))
        self.manifest, _ = write_manifest(self.rows, folder / "manifests", self.task.name, datetime.now(UTC))
        settings = SplitSettings(train=0.6, validation=0.2, test=0.2, seed=0)
        self.split: Split = plan_split(self.rows, task=self.task.name, kind="mixed", settings=settings)

    def train(self, recipe: Recipe, *, cache: str) -> Run:
        from rushes.learning.train import train

        return train(
            recipe,
            task=self.task,
            manifest=self.manifest,
            rows=self.rows,
            split=self.split,
            project_root=self.media,
            runs_folder=self.folder / "runs",
            cache_folder=self.folder / cache,
        )


def _compare(lesson: _Lesson, say: Say) -> Outcome:
    head, finetune = _recipe("features"), _recipe("finetune")
    counts = {part: len(lesson.split.frames_of(part)) for part in ("train", "validation", "test")}
    say(f"Input: {len(lesson.rows)} photographs of {len(lesson.task.classes)} flowers, {counts['train']} to train on, "
        f"{counts['validation']} to watch, {counts['test']} to judge by; MobileNetV2 at 224 x 224.")  # fmt: skip
    say(f"Peer: rushes' own fine-tuning of that backbone's last stage, at most {_EPOCHS} epochs; it starts from the "
        "same cached features.")  # fmt: skip
    runs: dict[str, Run] = {}

    def train_head() -> None:
        runs["head"] = lesson.train(head, cache="cache")

    def train_last_stage() -> None:
        runs["finetune"] = lesson.train(finetune, cache="cache")

    def train_head_afresh() -> None:
        shutil.rmtree(lesson.folder / "cache", ignore_errors=True)
        train_head()

    train_head()  # the libraries are loaded, and no turn pays for it
    afresh = time_call(train_head_afresh)
    ours: list[Timing] = []
    peer: list[Timing] = []
    for _ in range(_ROUNDS):
        # Less than a second of ours against a minute of the peer's: three of them steady the median.
        ours += [time_call(train_head) for _ in range(3)]
        peer.append(time_call(train_last_stage))
    turns = Turns(tuple(ours), tuple(peer))
    scores = {name: _f1_macro(run) for name, run in runs.items()}
    say(f"Features there already: {turns}")
    say(f"Features computed first: ours {format_seconds(afresh.wall_seconds)}, the same peer time: "
        f"{turns.peer_seconds / afresh.wall_seconds:.1f} x")  # fmt: skip
    say(f"The fine-tuning ran {runs['finetune'].epochs} epochs; its best was epoch {runs['finetune'].best_epoch}.")
    say(f"Macro-F1 on the test part: head {scores['head']:.3f}, fine-tuning {scores['finetune']:.3f}.")
    no_worse = scores["head"] >= scores["finetune"]
    return Outcome("features_first", turns.ours_seconds, turns.peer_seconds, "s", TARGET, condition=no_worse)


def _recipe(kind: str) -> Recipe:
    table: dict[str, Any] = {
        "name": kind,
        "task": "flowers",
        "split": "mixed",
        "model": {"kind": kind, "weights": _WEIGHTS, "backbone_args": {"pad_type": "same"}},
        "input": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
    }
    if kind == "finetune":
        table["training"] = {"epochs": _EPOCHS}
    return parse_recipe(json.loads(json.dumps(table)), where=kind)


def _rows_of(media: Path) -> Sequence[ManifestRow]:
    files = sorted((media / _PICTURES).glob("*/*.jpg"))
    random.Random(0).shuffle(files)
    rows = []
    for path in files:
        digest = digest_of_file(path)
        rows.append(
            ManifestRow(
                img_ref=path.relative_to(media).as_posix(),
                class_name=path.parent.name,
                group=path.stem,
                source=digest,
                origin="folder",
                sha256=digest,
                name=path.stem,
            )
        )
    return rows


def _f1_macro(run: Run) -> float:
    from rushes.evaluation.judge import judge
    from rushes.learning.predictions import read_predictions

    judged = judge(read_predictions(run.predictions_file("test")), train_counts=run.counts["train"])
    return judged.f1_macro.value or 0.0
