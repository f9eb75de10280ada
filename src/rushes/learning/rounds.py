"""The rounds of an iteration: what each was made of and came to, kept line by line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rushes.errors import RunError
from rushes.labels.manifest import ManifestRow
from rushes.storage.files import write_text

SCHEMA = "round/1"
ROUNDS_FILE = "rounds.jsonl"
HISTORY_PAGE = "history.html"
FOLDER = "iterations"
MEASURES = ("f1_macro", "balanced_accuracy")
_FEW_SAMPLES = 30  # of a class in train: below it more labels are the likeliest help


@dataclass(frozen=True, slots=True)
class Change:
    """How many labels went from one class to another since the round before.

    Attributes:
        was: the class before; None where the sample was not labelled.
        now: the class since; None where it is labelled no more.
        origin: who stated the class of now; "" where nobody does.
    """

    was: str | None
    now: str | None
    origin: str
    count: int


@dataclass(frozen=True, slots=True)
class Round:
    """One round: what it was made of, and what came of it.

    Attributes:
        number: from 1.
        at: ISO 8601 UTC, when it was done.
        run: name of the run that stands for it, the middle one by validation.
        runs: name of each run, one per seed -> its score on validation, on the labels of then.
        recipe: the resolved recipe, as the run has it, with the first seed.
        manifest, split: `path` and `sha256`, of the split also its `kind`.
        measure: what `score` is of: `f1_macro` or `balanced_accuracy`.
        score: mean over the runs, on validation; `spread` their standard deviation, None of one run.
        validation, test: the run's score as metrics.json has it: `value`, `low`, `high`, `level`, `groups`.
        changes: the labels changed since the round before; () in the first.
        gain: part -> what the model gained over the round before on the labels of now, paired.
        labels_effect: part -> how far the score of the round before moved by the changed labels alone.
        review: what the answers to the queue of the round before tell of the labels; {} where nobody answered.
        counts: part -> class -> samples.
        stop: why the iteration could end here; "" where it should go on.
    """

    number: int
    at: str
    run: str
    runs: Mapping[str, float]
    recipe: Mapping[str, Any]
    manifest: Mapping[str, Any]
    split: Mapping[str, Any]
    measure: str
    score: float
    spread: float | None
    validation: Mapping[str, Any]
    test: Mapping[str, Any]
    changes: tuple[Change, ...] = ()
    gain: Mapping[str, Any] = field(default_factory=dict)
    labels_effect: Mapping[str, Any] = field(default_factory=dict)
    review: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    stop: str = ""

    @property
    def folder_name(self) -> str:
        """The folder of its queues, in that of the iteration."""
        return folder_of_round(self.number)

    def to_table(self) -> dict[str, Any]:
        """Return the line of `rounds.jsonl`."""
        return {"schema": SCHEMA, **asdict(self)}


def folder_of_round(number: int) -> str:
    """Return `round-03`."""
    return f"round-{number:02d}"


def folder_of_iteration(root: Path, recipe_name: str, task_name: str) -> Path:
    """Return where the rounds of a recipe on a task are kept."""
    slug = re.sub(r"[^A-Za-z0-9_.]+", "-", recipe_name).strip("-.")[:60] or "recipe"
    return root / FOLDER / f"{slug}-{task_name}"


def read_rounds(folder: Path) -> list[Round]:
    """Return the rounds that a folder tells of, in order; none where there is no such folder.

    Raises:
        RunError: a line is no round.
    """
    path = folder / ROUNDS_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    rounds = []
    for number, line in enumerate(lines, start=1):
        try:
            table = json.loads(line)
            if table.pop("schema") != SCHEMA:
                raise ValueError(f"this rushes reads '{SCHEMA}'")
            changes = tuple(Change(**change) for change in table.pop("changes"))
            rounds.append(Round(changes=changes, **table))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{path}, line {number}: not a round ({error!r}). Was it edited? Move the folder away to "
                           "begin anew") from error  # fmt: skip
    return rounds


def add_round(folder: Path, done: Round) -> None:
    """Put a round behind those that a folder tells of, whole or not at all."""
    path = folder / ROUNDS_FILE
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_text(path, before + json.dumps(done.to_table(), ensure_ascii=False) + "\n")


def replace_last_round(folder: Path, done: Round) -> None:
    """Put a round in the place of the last that a folder tells of, whole or not at all."""
    path = folder / ROUNDS_FILE
    *before, _ = path.read_text(encoding="utf-8").splitlines()
    write_text(path, "".join(f"{line}\n" for line in [*before, json.dumps(done.to_table(), ensure_ascii=False)]))


def does_seed_matter(recipe: Mapping[str, Any]) -> bool:
    """Return whether a recipe, as a table with its defaults, trains otherwise from another seed.

    A linear head and nearest neighbours on features have no dice, unless samples are drawn for them.
    """
    model, balance = recipe.get("model", {}), recipe.get("balance", {})
    if model.get("kind") != "features" or model.get("head") not in ("linear", "knn"):
        return True
    return bool(balance.get("remove")) or balance.get("sampling", "all") != "all"


def count_changes(before: Sequence[ManifestRow], after: Sequence[ManifestRow]) -> tuple[Change, ...]:
    """Return how labels changed from one manifest to a later one, the most frequent change first."""
    known = {row.frame_id: row.class_name for row in before}
    changed: Counter[tuple[str | None, str | None, str]] = Counter()
    for row in after:
        was = known.pop(row.frame_id, None)
        if was != row.class_name:
            changed[was, row.class_name, row.origin] += 1
    changed.update((was, None, "") for was in known.values())
    ordered = sorted(changed.items(), key=lambda item: (-item[1], *(str(word) for word in item[0])))
    return tuple(Change(*words, count) for words, count in ordered)


def measure_of(monitor: str) -> str:
    """Return the score that rounds are compared by, for what a recipe watches; a loss makes no target error."""
    return monitor if monitor in MEASURES else MEASURES[0]


def middle_of(scores: Mapping[str, float]) -> str:
    """Return the name with the middle score; of an even number the lower middle, of equals the first by name."""
    ordered = sorted(scores, key=lambda name: (scores[name], name))
    return ordered[(len(ordered) - 1) // 2]


def mean_and_spread(scores: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean of scores and their standard deviation (n - 1), None of a single one."""
    return fmean(scores), (stdev(scores) if len(scores) > 1 else None)


def what_would_help(done: Round) -> list[str]:
    """Return what a person can change where an iteration has come to its end, the likeliest help first."""
    advice = []
    train = done.counts.get("train", {})
    few = sorted((count, name) for name, count in train.items() if count < _FEW_SAMPLES)
    if few:
        shown = ", ".join(f"{name} ({count})" for count, name in few[:3])
        advice.append(f"label more frames of the classes with few training samples: {shown}")
    groups = done.validation.get("groups")
    if isinstance(groups, int) and 0 < groups < 8:
        advice.append(f"label more groups: validation rests on {groups}, so that small gains cannot be seen")
    if len(done.runs) == 1 and does_seed_matter(done.recipe):
        advice.append("measure the noise: --seeds 3 trains this round twice more, and every later one three times")
    if done.review.get("wrong"):
        advice.append(
            f"check labels where the model agrees: {done.review['wrong']} of {done.review['checked']} checks were wrong"
        )
    advice.append("try another recipe: a larger backbone, or rushes tune")
    return advice
