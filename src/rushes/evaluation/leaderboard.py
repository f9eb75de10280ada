"""Runs in the order of what they reach on validation, apart where they cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.errors import RunError
from rushes.evaluation.evaluate import read_part
from rushes.evaluation.judge import Judgement, judge
from rushes.evaluation.verdict import blind_score
from rushes.learning.predictions import Predictions
from rushes.learning.runs import Run, UnreadableRun, survey_runs
from rushes.storage.files import digest_of_bytes

SHORT = 8  # characters of a digest that are shown
METRICS_FILE = "metrics.json"


@dataclass(frozen=True, slots=True)
class Standing:
    """One run and what it reaches.

    Attributes:
        ground: digest of the validation samples and their labels; only runs of the same ground can be ranked.
        validation: judgement of the part on which it was chosen; None where that cannot be judged, and `problem` why.
        metrics: what `rushes evaluate` found (`metrics.json`); None where it has not been asked.
        test_ground: digest of the test samples and their labels; "" where `rushes evaluate` has not been asked.
    """

    run: Run
    ground: str
    validation: Judgement | None
    metrics: Mapping[str, Any] | None
    problem: str = ""
    test_ground: str = ""

    @property
    def f1_macro(self) -> float | None:
        """Macro-F1 on validation, by which runs are ranked."""
        return self.validation.f1_macro.value if self.validation else None

    @property
    def blind(self) -> float | None:
        """The better of the macro-F1 on validation that two answers without a look at the picture reach."""
        return blind_score(self.validation) if self.validation and self.validation.samples else None

    @property
    def test(self) -> Mapping[str, Any] | None:
        """Macro-F1 on test as `metrics.json` says it: `value`, `low`, `high`, `level`, `groups`."""
        return self.metrics["test"]["metrics"]["f1_macro"] if self.metrics else None

    @property
    def never_predicted(self) -> tuple[str, ...]:
        """Classes that have samples in validation or test of which not one was answered so."""
        never = {one.class_name for one in self.validation.per_class if one.labelled and not one.predicted} if (
            self.validation
        ) else set()  # fmt: skip
        for name, counts in (self.metrics["test"]["counts"] if self.metrics else {}).items():
            if counts["labelled"] and not counts["predicted"]:
                never.add(name)
        return tuple(name for name in self.run.classes if name in never)

    @property
    def recipe_digest(self) -> str:
        """Digest of the resolved recipe, its name aside: two runs that have it alike were to do the same."""
        return digest_of_recipe(self.run.recipe)


@dataclass(frozen=True, slots=True)
class Board:
    """The runs of a task that were watched on the same samples with the same labels, the best first.

    Attributes:
        kind: of the split.
        ground: digest of the validation samples and their labels; "" where there are none to tell by.
    """

    task: str
    kind: str
    ground: str
    standings: tuple[Standing, ...]

    @property
    def test_letters(self) -> dict[str, str]:
        """Digest of the test samples and their labels -> a letter, in the order of the runs; {} where they are alike.

        Runs that were watched on the same validation may have been tested on other samples, or on other labels.
        """
        grounds = list(dict.fromkeys(one.test_ground for one in self.standings if one.test_ground))
        return {} if len(grounds) < 2 else {ground: _letter(at) for at, ground in enumerate(grounds)}

    @property
    def title(self) -> str:
        """What its runs have in common, in words."""
        splits = _short_digests(standing.run.split for standing in self.standings)
        words = [self.task, f"{self.kind} split {splits}"]
        judged = next((standing.validation for standing in self.standings if standing.validation), None)
        if judged is None:
            words.append("no validation samples")
        else:
            groups = f"{len(judged.groups):,} group" + ("" if len(judged.groups) == 1 else "s")
            words.append(f"{judged.samples:,} validation samples of {groups}")
        return " · ".join(words)


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """All runs of a project, or those that were asked for.

    Attributes:
        boards: the one with the newest run first.
        unreadable: folders that hold a run.json from which no run can be read.
        unlisted: how many runs were left out because only the newest were asked for.
    """

    boards: tuple[Board, ...]
    unreadable: tuple[UnreadableRun, ...]
    unlisted: int = 0

    @property
    def standings(self) -> tuple[Standing, ...]:
        return tuple(standing for board in self.boards for standing in board.standings)


def read_leaderboard(runs_folder: Path, *, task: str | None = None, last: int | None = None) -> Leaderboard:
    """Read the runs of a folder and judge what each answered on validation.

    Args:
        task: only its runs.
        last: only so many of the newest.
    """
    runs, unreadable = survey_runs(runs_folder)
    wanted = [run for run in runs if task is None or run.task == task]
    kept = wanted[-last:] if last is not None else wanted
    standings = [read_standing(run) for run in kept]
    return Leaderboard(rank_standings(standings), tuple(unreadable), unlisted=len(wanted) - len(kept))


def read_standing(run: Run) -> Standing:
    """Judge a run on its validation part, and read what `rushes evaluate` has found, if it was asked."""
    metrics = _read_metrics(run.folder / METRICS_FILE)
    tested = ""
    if metrics is not None:
        with suppress(RunError):
            tested = digest_of_samples(read_part(run, "test"))
    try:
        predictions = read_part(run, "validation")
        judged = judge(predictions, train_counts=run.counts.get("train", {}))
    except RunError as error:
        return Standing(run, "", None, metrics, str(error), tested)
    return Standing(run, digest_of_samples(predictions), judged, metrics, test_ground=tested)


def rank_standings(standings: Sequence[Standing]) -> tuple[Board, ...]:
    """Return boards of runs that can be compared; in each the best macro-F1 on validation first, of equals the newest.

    Never by the test part: whoever chooses by it has chosen on the test set, and its score says no longer how the
    choice does on films that nobody has seen.
    """
    found: dict[tuple[str, str, str], list[Standing]] = {}
    newest_first = sorted(standings, key=lambda one: (one.run.created_at, one.run.name), reverse=True)
    for standing in newest_first:
        run = standing.run
        ground = standing.ground or f"split {run.split.get('sha256')}"
        found.setdefault((run.task, str(run.split.get("kind")), ground), []).append(standing)
    return tuple(
        Board(task, kind, members[0].ground, tuple(sorted(members, key=_rank)))
        for (task, kind, _), members in found.items()
    )


def _letter(at: int) -> str:
    return chr(ord("a") + at) if at < 26 else f"{_letter(at // 26 - 1)}{_letter(at % 26)}"


def digest_of_samples(predictions: Predictions) -> str:
    """Return a digest of which samples were answered and how they are labelled, whatever their order."""
    labels = (predictions.classes[index] for index in predictions.truth)
    lines = sorted(f"{frame}\t{label}" for frame, label in zip(predictions.frames, labels, strict=True))
    return digest_of_bytes("\n".join(lines).encode())


def digest_of_recipe(recipe: Mapping[str, Any]) -> str:
    """Return a digest of what a recipe says, its name aside."""
    said = {key: value for key, value in recipe.items() if key != "name"}
    return digest_of_bytes(json.dumps(said, sort_keys=True, default=list).encode())


def describe_model(run: Run) -> str:
    """Return the kind of training and its network: `cnn-6x6`, `features mobilenetv2_100, linear head`."""
    model = run.recipe.get("model")
    model = model if isinstance(model, Mapping) else {}
    kind = str(model.get("kind", run.architecture.get("kind", "")))
    if kind == "cnn":
        design = str(model.get("design") or "cnn")
        return design if design.startswith("cnn") else f"cnn {design}"
    network = str(model.get("backbone", ""))
    if kind == "shots":
        return _describe_shots(run, network)
    head = run.head.get("kind", "linear")
    return f"{kind} {network}" + (f", {head} head" if kind == "features" else "")


def _describe_shots(run: Run, network: str) -> str:
    """Return what a task of a run of shots is answered by: `shots resnet50, gru`, `shots boosted motion`, or both."""
    seen, motion = run.head.get("see"), f"{run.head.get('motion') or 'measured'} motion"
    if seen == "motion":
        return f"shots {motion}"
    pooled = f", {run.head['pooling']}" if run.head.get("pooling") else ""
    return f"shots {network}{pooled}" + (f" and {motion}" if seen == "both" else "")


def is_of_motion(run: Run) -> bool:
    """Return whether a task of a run of shots is answered by measured motion alone, so that no network is its own."""
    return run.is_of_shots and run.head.get("see") == "motion"


def describe_epochs(run: Run) -> str:
    """Return how many epochs were run and whose weights were kept, `12, kept 8`; `none, head only` of a mere head."""
    return f"{run.epochs}, kept {kept_epoch(run)}" if run.epochs and not is_of_motion(run) else "none, head only"


def kept_epoch(run: Run) -> int:
    """Return the epoch whose weights were kept; of a run of shots each task has its own."""
    kept = run.head.get("best_epoch")
    return kept if run.is_of_shots and isinstance(kept, int) else run.best_epoch


def history_of(run: Run) -> Sequence[Mapping[str, Any]]:
    """Return the epochs of a run, or of a task that is answered by motion alone the models that were tried."""
    trials = run.head.get("trials")
    return tuple(trials) if is_of_motion(run) and trials else run.history


def images_per_second(run: Run) -> float | None:
    """Return how fast the training went; None where it was not measured, and of shots."""
    return _pace(run, "images_per_second")


def describe_pace(run: Run) -> str:
    """Return how fast the network was trained, `1,234 images/s` or `12 shots/s`; "" where that was not measured."""
    pace, what = training_pace(run), "shots" if run.is_of_shots else "images"
    return "" if pace is None else f"{pace:,.0f} {what}/s"


def training_pace(run: Run) -> float | None:
    """Return images a second, or shots a second of a run of shots; None where no network was trained for it."""
    if is_of_motion(run):
        return None
    return _pace(run, "shots_per_second" if run.is_of_shots else "images_per_second")


def _pace(run: Run, key: str) -> float | None:
    pace = run.pace.get(key)
    return float(pace) if isinstance(pace, int | float) and not isinstance(pace, bool) else None


def leaderboard_table(leaderboard: Leaderboard) -> dict[str, Any]:
    """Return all that the leaderboard knows as plain values for JSON, the runs in the order in which they are shown."""
    runs = []
    for number, board in enumerate(leaderboard.boards, start=1):
        for rank, standing in enumerate(board.standings, start=1):
            runs.append(standing_table(standing) | {"board": number, "rank": rank})
    return {
        "runs": runs,
        "boards": [
            {
                "board": number,
                "task": board.task,
                "split_kind": board.kind,
                "samples_digest": board.ground or None,
                "title": board.title,
                "count": len(board.standings),
            }
            for number, board in enumerate(leaderboard.boards, start=1)
        ],
        "unreadable": [{"run": str(one.folder), "reason": one.reason} for one in leaderboard.unreadable],
        "unlisted": leaderboard.unlisted,
    }


def standing_table(standing: Standing) -> dict[str, Any]:
    """Return a run with its scores as plain values: all of run.json, `validation`, `metrics`, `digests` and more."""
    run = standing.run
    report = run.whole_folder / "report.html"
    return {
        "run": str(run.folder),
        **run.to_table(),
        "model": describe_model(run),
        "images_per_second": images_per_second(run),
        "validation": standing.validation.to_table() if standing.validation else None,
        "problem": standing.problem or None,
        "metrics": standing.metrics,
        "blind_f1_macro": standing.blind,
        "never_predicted": list(standing.never_predicted),
        "digests": {
            "manifest": run.manifest.get("sha256"),
            "split": run.split.get("sha256"),
            "recipe": standing.recipe_digest,
            "samples": standing.ground or None,
            "test_samples": standing.test_ground or None,
        },
        "report": str(report) if report.is_file() else None,
    }


def _rank(standing: Standing) -> float:
    """Return a sort key; sorting keeps the newest first among equals."""
    return -standing.f1_macro if standing.f1_macro is not None else 1.0


def _read_metrics(path: Path) -> Mapping[str, Any] | None:
    """Return what metrics.json holds; None where it is missing or is not what `rushes evaluate` writes."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        whole = table["schema"] == "metrics/1" and {"value", "low", "high"} <= set(
            table["test"]["metrics"]["f1_macro"]
        )  # fmt: skip
        whole = whole and all({"labelled", "predicted"} <= set(one) for one in table["test"]["counts"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return table if whole else None


def _short_digests(files: Any) -> str:
    found = sorted({str(file.get("sha256") or "")[:SHORT] for file in files} - {""})
    return ", ".join(found[:3]) + (" …" if len(found) > 3 else "")
