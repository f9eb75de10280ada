"""Heads on cached features beside fine-tuning of the same backbone, on the same pictures."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Outcome, Say, Target, Timing, Turns, find_media, format_seconds, time_call
from rushes.datasets.split import Split, plan_split
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import write_manifest
from rushes.learning.recipe import HEADS, Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.project import SplitSettings, Task
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    from rushes.learning.runs import Run

TARGET = Target("ratio", 50)
_WEIGHTS = "weights/mobilenetv2_100_tf_ptq_dequant_fp16.pth"
_PICTURES = {
    "flowers": "photographs of five flowers",
    "archive3": "photographs of three archives",
    "shotscale_cinemanet": "film stills of five shot scales",
}
_EPOCHS = 10  # of the fine-tuning, at most: fewer than the default of 30, in the peer's favour
_DEFAULT = "linear"  # what a recipe takes that names no head: decided before anything was measured


def measure(say: Say) -> Outcome:
    say("Training a head on the cached features of a frozen backbone, against fine-tuning its last stage.")
    media = find_media()
    if media is None or not all((media / path).exists() for path in (_WEIGHTS, *map(_folder_of, _PICTURES))):
        say("Not measured: it needs shared/media with its pictures and the MobileNetV2 weights (or RUSHES_MEDIA).")
        return Outcome("features_first", None, None, "s", TARGET)
    say(f"MobileNetV2 at 224 x 224. Peer: rushes' own fine-tuning of its last stage, at most {_EPOCHS} epochs, from "
        "the same cached features. Ours: the default, a linear head; the two others beside it.")  # fmt: skip
    say("No group can be read from the names of these pictures: the splits are mixed, for ours and the peer alike.")
    found = []
    for name in _PICTURES:
        with tempfile.TemporaryDirectory() as folder:
            found.append(_compare(_Lesson(name, media, Path(folder)), say))
    worst = min(found, key=lambda one: one.turns.ratio)
    behind = [one.name for one in found if not one.no_worse]
    say(f"The line below is of {worst.name}, where the ratio is lowest. Macro-F1 is worse than the peer's on: "
        f"{', '.join(behind) or 'none'}.")  # fmt: skip
    return Outcome(
        "features_first", worst.turns.ours_seconds, worst.turns.peer_seconds, "s", TARGET, condition=not behind
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of one set of pictures: the time of the default head and the peer's, and how their scores compare."""

    name: str
    turns: Turns
    no_worse: bool


class _Lesson:
    """The same labelled pictures and split for all trainings."""

    def __init__(self, name: str, media: Path, folder: Path) -> None:
        self.name, self.media, self.folder = name, media, folder
        self.rows = _rows_of(name, media)
        self.task = Task(name, tuple(sorted({row.class_name for row in self.rows})))
        self.manifest, _ = write_manifest(self.rows, folder / "manifests", self.task.name, datetime.now(UTC))
        settings = SplitSettings(train=0.6, validation=0.2, test=0.2, seed=0)
        self.split: Split = plan_split(self.rows, task=self.task.name, kind="mixed", settings=settings)

    def train(self, recipe: Recipe) -> Run:
        from rushes.learning.ground import Ground, train_on

        ground = Ground(
            task=self.task,
            manifest=self.manifest,
            rows=tuple(self.rows),
            split=self.split,
            split_path=None,
            project_root=self.media,
            runs_folder=self.folder / "runs",
            cache_folder=self.folder / "cache",
        )
        return train_on(ground, recipe)


def _compare(lesson: _Lesson, say: Say) -> _Found:
    counts = {part: len(lesson.split.frames_of(part)) for part in ("train", "validation", "test")}
    say(f"{lesson.name}: {len(lesson.rows)} {_PICTURES[lesson.name]}, {counts['train']} to train on, "
        f"{counts['validation']} to watch, {counts['test']} to judge by.")  # fmt: skip
    runs: dict[str, Run] = {}

    def train(what: str) -> Timing:
        def call() -> None:
            runs[what] = lesson.train(_recipe(what, lesson.name))

        return time_call(call)

    train(_DEFAULT)  # the libraries are loaded, and no turn pays for it
    shutil.rmtree(lesson.folder / "cache", ignore_errors=True)
    afresh = train(_DEFAULT)
    # Less than a second of ours against a minute of the peer's: several, on both sides of it, steady the median.
    before = [train(_DEFAULT) for _ in range(2)]
    others = {head: train(head) for head in HEADS if head != _DEFAULT}
    peer = train("finetune")
    turns = Turns((*before, train(_DEFAULT), train(_DEFAULT)), (peer,))
    say(f"  {turns}")
    say(f"  features computed first: ours {format_seconds(afresh.wall_seconds)}, the same peer time: "
        f"{turns.peer_seconds / afresh.wall_seconds:.1f} x")  # fmt: skip
    finetuned = runs["finetune"]
    say(f"  the fine-tuning ran {finetuned.epochs} epochs; its best was epoch {finetuned.best_epoch}")
    scores = {what: _f1_macro(run) for what, run in runs.items()}
    losses = {head: _loss_of(runs[head]) for head in HEADS}
    best = min(losses, key=losses.__getitem__)
    times = {_DEFAULT: turns.ours_seconds} | {head: timing.wall_seconds for head, timing in others.items()}
    for head in HEADS:
        say(f"  {head}: {format_seconds(times[head])}, loss on validation {losses[head]:.3f}, macro-F1 on test "
            f"{scores[head]:.3f}{', the least loss of the three' if head == best else ''}")  # fmt: skip
    say(f"  all three, and the one with the least loss on validation taken: {format_seconds(sum(times.values()))}, "
        f"{turns.peer_seconds / sum(times.values()):.1f} x, macro-F1 on test {scores[best]:.3f}")  # fmt: skip
    say(f"  fine-tuning: macro-F1 on test {scores['finetune']:.3f}")
    return _Found(lesson.name, turns, scores[_DEFAULT] >= scores["finetune"])


def _loss_of(run: Run) -> float:
    return float(min(record["validation_loss"] for record in run.history))


def _folder_of(name: str) -> str:
    return f"images/{name}"


def _recipe(what: str, task: str) -> Recipe:
    """Return the recipe of a head, by its name, or of `finetune`."""
    kind = what if what == "finetune" else "features"
    table: dict[str, Any] = {
        "name": what,
        "task": task,
        "split": "mixed",
        "model": {"kind": kind, "weights": _WEIGHTS, "backbone_args": {"pad_type": "same"}},
        "input": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
    }
    if kind == "features":
        table["model"]["head"] = what
    else:
        table["training"] = {"epochs": _EPOCHS}
    return parse_recipe(json.loads(json.dumps(table)), where=what)


def _rows_of(name: str, media: Path) -> Sequence[ManifestRow]:
    files = sorted((media / _folder_of(name)).glob("*/*.jpg"))
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
