"""The steps of a round of `rushes iterate`, each of which is passed over where it has been done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.cli.door import Door
from rushes.cli.ground import ground_of
from rushes.cli.review_sheets import write_review_sheet
from rushes.errors import Fault, RunError, SheetError
from rushes.evaluation.gains import RoundScore, effect_of_labels, gain_of_model, relabel, score_of, score_rounds
from rushes.labels.trust import is_review
from rushes.learning.plateau import Decision, decide
from rushes.learning.plateau import Round as Tried
from rushes.learning.predictions import Predictions, read_predictions
from rushes.learning.recipe import Recipe
from rushes.learning.review_queue import (
    COLUMNS,
    MEANINGS,
    Answer,
    Kind,
    Noise,
    measure_noise,
    plan_queue,
    seems_learnt_by_heart,
)
from rushes.learning.rounds import (
    Change,
    Round,
    count_changes,
    does_seed_matter,
    folder_of_round,
    mean_and_spread,
    measure_of,
    middle_of,
)
from rushes.learning.runs import Run, list_runs, read_run
from rushes.learning.trainings import is_run_of
from rushes.project import Project, Task

if TYPE_CHECKING:
    from rushes.catalog.imports import Import
    from rushes.datasets.split import Split
    from rushes.labels.manifest import ManifestRow
    from rushes.labels.sheet import Sheet

_PARTS = ("validation", "test")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options of `rushes iterate` say.

    Attributes:
        length: rows of a queue; `checks` the share of them that are drawn at random.
        target: the score that is enough; None goes on to the plateau.
        patience: rounds without a gain before it stops.
    """

    seeds: int
    length: int
    checks: float
    include_test: bool
    target: float | None
    patience: int
    threads: int | None
    device: str | None


@dataclass(frozen=True, slots=True)
class Iteration:
    """A recipe that is iterated on a task, and where its rounds are kept."""

    door: Door
    place: Project
    task: Task
    recipe: Recipe
    folder: Path
    settings: Settings

    @property
    def recipe_table(self) -> dict[str, Any]:
        """The resolved recipe as `run.json` has it."""
        table: dict[str, Any] = json.loads(json.dumps(self.recipe.to_table() | {"task": self.task.name}))
        return table

    def queues_of(self, number: int) -> list[Path]:
        """Return the sheets of a round's queues, the oldest first."""
        return sorted(
            (self.folder / folder_of_round(number)).glob("queue*.csv"), key=lambda path: (len(path.name), path)
        )


@dataclass(frozen=True, slots=True)
class Today:
    """The labels as they are now, and how they are split."""

    manifest: Path
    rows: Sequence[ManifestRow]
    split_path: Path | None
    split: Split

    @property
    def class_of(self) -> dict[str, str]:
        """Frame id -> class."""
        return {row.frame_id: row.class_name for row in self.rows}

    @property
    def origin_of(self) -> dict[str, str]:
        """Frame id -> who stated its class."""
        return {row.frame_id: row.origin for row in self.rows}

    @property
    def settled(self) -> frozenset[str]:
        """Ids of the frames of which a review decides."""
        return frozenset(row.frame_id for row in self.rows if is_review(row.origin))


@dataclass(frozen=True, slots=True)
class Reviews:
    """What the queues were answered.

    Attributes:
        answers: folder of a round -> frame id -> the answer.
        appended, withdrawn: statements that are new to the catalog.
    """

    answers: Mapping[str, Mapping[str, Answer]]
    appended: int
    withdrawn: int


def take_reviews(work: Iteration, *, now: datetime, apply: bool) -> Reviews:
    """Import what stands in the column `class` of all queues, as `rushes labels import --origin review` would.

    Raises:
        SheetError: a row of a queue is wrong; all are named, and nothing is taken in.
    """
    from rushes.catalog.catalog import open_catalog
    from rushes.catalog.imports import apply_import, plan_imports, read_known
    from rushes.labels.columns import plan_sheets
    from rushes.labels.sheets.anywhere import read_sheets_at

    faults: list[Fault] = []
    planned: list[tuple[Path, Sheet, Import]] = []
    sheets_of_queues = sorted(work.folder.glob("round-*/queue*.csv"), key=place_of_queue)
    with open_catalog(work.place.catalog_place) as catalog:
        for path in sheets_of_queues:
            sheets = plan_sheets(read_sheets_at(str(path), root=work.place.root), MEANINGS, task_name=work.task.name)
            known = read_known(catalog, work.task, sheets=[table.key for table, _ in sheets])
            change = plan_imports(known, sheets, work.task, default_origin="review", now=f"{now:%Y-%m-%dT%H:%M:%SZ}")
            wrong = [*sheets.faults, *change.faults]
            if path.parent == sheets_of_queues[-1].parent:
                wrong += change.unmatched
            for missed in change.unmatched if path.parent != sheets_of_queues[-1].parent else ():
                work.door.warn(f"note: {path.parent.name}/{missed}")
            # Every round has a queue.csv.
            faults += [replace(fault, sheet=f"{path.parent.name}/{fault.sheet}") for fault in wrong]
            planned += [(path, table, change) for table, _ in sheets]
        if faults:
            raise SheetError(faults)
        if apply:
            for _, _, change in planned:
                apply_import(catalog, change)
    new = [label for _, _, change in planned for label in change.new]
    answers: dict[str, dict[str, Answer]] = {}
    for path, table, change in planned:
        answers.setdefault(path.parent.name, {}).update(_answers(table, change))
    appended = sum(label.class_name is not None for label in new)
    return Reviews(answers, appended, withdrawn=len(new) - appended)


def place_of_queue(path: Path) -> tuple[int, int, str]:
    """Return what queues are sorted by: the number of their round, then their own; round 100 comes after round 99."""
    number = path.parent.name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0, len(path.name), path.name


def is_under_review(folder: Path, *, now: datetime, calm_seconds: float) -> bool:
    """Return whether a queue was saved in the last so many seconds: a review that is half done makes half a round."""
    saved = [path.stat().st_mtime for path in folder.glob("round-*/queue*.csv")]
    return calm_seconds > 0 and any(now.timestamp() - at < calm_seconds for at in saved)


def _answers(table: Sheet, change: Import) -> dict[str, Answer]:
    place = {name: index for index, name in enumerate(table.columns)}
    said = {label.frame: label.class_name for parsed in change.parsed for label in parsed.labels}
    answers = {}
    for row in table.rows:
        cells = {name: row[place[name]].strip() if name in place else "" for name in COLUMNS}
        answer = said.get(cells["frame"])
        if answer is not None:
            kind: Kind = "check" if cells["kind"] == "check" else "doubt"
            answers[cells["frame"]] = Answer(kind, cells["labelled"], cells["predicted"], answer)
    return answers


def refresh(work: Iteration, *, now: datetime, write: bool) -> Today:
    """Bring manifest and split up to the labels of today; known groups stay where they are."""
    from rushes.datasets.refresh import refresh_manifest, refresh_split
    from rushes.datasets.split import newest_split
    from rushes.labels.manifest import newest_manifest, read_manifest
    from rushes.labels.manifest_table import rows_of_table

    fresh = refresh_manifest(work.place, work.task, now=now, write=write)
    rows: Sequence[ManifestRow] = rows_of_table(fresh.table)
    known = newest_split(work.place.splits_folder, work.task.name, "grouped")
    placed = refresh_split(work.place, work.task, rows, kind="grouped", now=now, write=write)
    for note in placed.notes if placed.written or known is None else ():
        work.door.warn(f"note: {note}")
    manifest = newest_manifest(work.place.manifests_folder, work.task.name) or Path()
    if write:
        rows = read_manifest(manifest)
    return Today(manifest, rows, placed.path, placed.split)


def what_changed(work: Iteration, last: Round | None, today: Today) -> tuple[list[str], tuple[Change, ...]]:
    """Return what is new since the last round, in words, and how labels changed; nothing in words where nothing is."""
    from rushes.labels.manifest import read_manifest

    if last is None:
        return ["nothing was trained yet"], ()
    changes = count_changes(read_manifest(work.place.root / str(last.manifest["path"])), today.rows)
    words = []
    if changes:
        count = sum(change.count for change in changes)
        words.append(f"{count} label{' has' if count == 1 else 's have'} changed")
    if last.recipe != work.recipe_table:
        words.append("the recipe has changed")
    if last.split["sha256"] != today.split.digest and not changes:
        words.append("the split has changed")
    if not words and (missing := len(seeds_of(work)) - len(last.runs)) > 0:
        words.append(f"{missing} more {'seed is' if missing == 1 else 'seeds are'} asked for")
    return words, changes


def is_new(work: Iteration, last: Round, today: Today) -> bool:
    """Return whether recipe or split are others than those of the last round."""
    return last.recipe != work.recipe_table or last.split["sha256"] != today.split.digest


def seeds_of(work: Iteration) -> list[int]:
    """Return the seeds that a round is trained from: one, where the recipe has no dice for a seed to throw."""
    first = work.recipe.training.seed
    return list(range(first, first + (work.settings.seeds if does_seed_matter(work.recipe_table) else 1)))


def train_runs(work: Iteration, today: Today, *, now: datetime) -> list[Run]:
    """Return a run per seed on the labels of today; those that are there are not trained again."""
    from rushes.storage.files import digest_of_file

    digest = digest_of_file(today.manifest)
    known = [
        run
        for run in list_runs(work.place.runs_folder)
        if run.manifest["sha256"] == digest and run.split["sha256"] == today.split.digest
    ]
    runs = []
    if len(seeds_of(work)) < work.settings.seeds:
        work.door.warn(
            f"note: the seed decides nothing in {work.recipe.name} (a {work.recipe.model.head} head on features): it "
            f"is trained once, not {work.settings.seeds} times"
        )
    for seed in seeds_of(work):
        seeded = replace(work, recipe=replace(work.recipe, training=replace(work.recipe.training, seed=seed)))
        there = [run for run in known if is_run_of(run, seeded.recipe, task_name=work.task.name)]
        if there:
            work.door.say(f"run: {there[-1].folder} (it was there)")
        runs.append(there[-1] if there else _train(seeded, today, now=now))
    return runs


def _train(work: Iteration, today: Today, *, now: datetime) -> Run:
    from rushes.learning.ground import train_on

    ground = ground_of(
        work.door,
        work.place,
        work.task,
        manifest=(today.manifest, today.rows),
        split=(today.split_path, today.split),
        threads=work.settings.threads,
    )
    with work.door.progress("train") as progress:
        run = train_on(ground, work.recipe, device=work.settings.device, progress=progress, now=now)
    for warning in run.warnings:
        work.door.warn(f"warning: {warning}")
    work.door.say(f"run: {run.folder}")
    return run


def score_runs(work: Iteration, runs: Sequence[Run]) -> dict[str, float]:
    """Return the score of each run on validation, by name; a run whose score is undefined has none.

    Raises:
        RunError: none of them has a score.
    """
    name = measure_of(work.recipe.training.monitor)
    scored = {run.name: score_of(read_predictions(run.predictions_file("validation")), name) for run in runs}
    found = {run: value for run, value in scored.items() if value is not None}
    if not found:
        raise RunError(f"{name} on validation is undefined: no class of task {work.task.name} is labelled there. Label "
                       "samples of it")  # fmt: skip
    return found


def evaluate(work: Iteration, run: Run) -> Mapping[str, Any]:
    """Return what `metrics.json` holds of a run, judged now where it was not."""
    from rushes.catalog.catalog import open_catalog, signatures_of_frames
    from rushes.cli.labels_today import labels_of_task
    from rushes.evaluation.evaluate import Known, evaluate_run

    metrics = run.folder / "metrics.json"
    if metrics.is_file() and (run.folder / "report.html").is_file():
        table: Mapping[str, Any] = json.loads(metrics.read_text(encoding="utf-8"))
        return table
    with open_catalog(work.place.catalog_place) as catalog:
        known = Known(
            catalog.subjects(),
            signatures_of_frames(catalog.frames()),
            labels=labels_of_task(catalog, work.place, work.task.name),
        )
    with work.door.progress("evaluate") as progress:
        return evaluate_run(run.folder, project_root=work.place.root, known=known, progress=progress).metrics


def find_gains(work: Iteration, before: Round | None, run: Run, today: Today) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return, by part, what the model gained over the round before, and how far the labels alone moved its score."""
    gains: dict[str, Any] = {}
    effects: dict[str, Any] = {}
    name, class_of = measure_of(work.recipe.training.monitor), today.class_of
    for part in _PARTS if before is not None else ():
        earlier = _predictions(work, before.run, part) if before else None
        later = _predictions(work, run.name, part)
        if earlier is not None and later is not None and earlier.classes == later.classes:
            gains[part] = gain_of_model(earlier, later, class_of, name=name).to_table()
            effects[part] = effect_of_labels(earlier, class_of, name=name).to_table()
    return gains, effects


def _predictions(work: Iteration, run: str, part: str) -> Predictions | None:
    """Return what a run answered; None where the run, or its part, is there no more."""
    path = work.place.runs_folder / run / "predictions" / f"{part}.parquet"
    return read_predictions(path) if path.is_file() else None


def score_today(
    work: Iteration, rounds: Sequence[Round], today: Today, *, part: str = "validation"
) -> dict[int, RoundScore]:
    """Return number of a round -> its score with the labels of today; none where its runs are gone."""
    answers = {
        one.number: {run: found for run in one.runs if (found := _predictions(work, run, part)) is not None}
        for one in rounds
    }
    return score_rounds(
        {number: runs for number, runs in answers.items() if runs},
        today.class_of,
        name=measure_of(work.recipe.training.monitor),
    )


def decide_on(work: Iteration, rounds: Sequence[Round], scored: Mapping[int, RoundScore], today: Today) -> Decision:
    """Say whether the iteration may end, by validation on the labels of today.

    Where no seeds tell the noise, a gain counts whose interval over the groups of validation lies above nought.
    """
    standing = [(one, scored[one.number]) for one in rounds if one.number in scored]
    tried = [
        Tried(found.score, found.spread, repeats=len(one.runs) if found.spread is not None else 1)
        for one, found in standing
    ]

    def paired(before: int, since: int) -> float | None:
        runs = [_predictions(work, standing[at][0].run, "validation") for at in (before, since)]
        if runs[0] is None or runs[1] is None or runs[0].classes != runs[1].classes:
            return None
        gain = gain_of_model(runs[0], runs[1], today.class_of, name=measure_of(work.recipe.training.monitor))
        low = gain.interval.low
        return None if low is None or gain.value is None else gain.value - low

    return decide(tried, target=work.settings.target, patience=work.settings.patience, paired=paired)


def write_queue(work: Iteration, run: Run, today: Today, *, number: int) -> tuple[Path, int]:
    """Write the next queue of a round, as a sheet and a page; return the sheet and its length.

    A sheet that is there is never written again: it may hold a review, and what it stated would be withdrawn.
    """
    there = len(work.queues_of(number))
    sheet = work.folder / folder_of_round(number) / (f"queue-{there + 1}.csv" if there else "queue.csv")
    answers = _answers_of(work, run, today)
    settings = work.settings
    queue = plan_queue(answers, length=settings.length, checks=settings.checks, settled=today.settled, seed=number)
    if not queue.asked:
        return sheet, 0
    notes = _notes_on(work, run, answers)
    for note in notes:
        work.door.warn(f"note: {note}")
    title = f"{work.recipe.name} on {work.task.name}, round {number}"
    write_review_sheet(work.door, work.place, work.task, queue, sheet, title=title, notes=notes)
    return sheet, len(queue.asked)


def _answers_of(work: Iteration, run: Run, today: Today) -> dict[str, Predictions]:
    """Return what a run says of the labels of today, by part."""
    from rushes.learning.train_answers import predict_train

    answers: dict[str, Predictions] = {}
    for part in _PARTS if work.settings.include_test else _PARTS[:1]:
        found = _predictions(work, run.name, part)
        if found is not None:
            answers[part] = relabel(found, today.class_of, today.origin_of)
    train_rows = [row for row in today.rows if today.split.part_of(row.frame_id, row.group) == "train"]
    with work.door.progress("look") as progress:
        answers["train"] = predict_train(
            run,
            [row for row in train_rows if row.class_name in run.classes],
            project_root=work.place.root,
            cache_folder=work.place.cache_folder,
            threads=work.settings.threads,
            progress=progress,
        )
    return answers


def _notes_on(work: Iteration, run: Run, answers: Mapping[str, Predictions]) -> list[str]:
    notes = []
    if run.recipe["model"]["kind"] != "features":
        note = "The network was told the labels of train, so that it doubts fewer of them than are wrong."
        if "validation" in answers and seems_learnt_by_heart(answers["train"], answers["validation"]):
            note = (
                "The network has learnt the labels of train by heart, and finds no errors there. Augment more, train "
                "for fewer epochs, or look for errors with a recipe of the kind 'features'."
            )
        notes.append(note)
    if work.settings.include_test:
        notes.append("Labels of the test part are in this queue. Corrected only where the model doubts them, they make "
                     "its test score flatter.")  # fmt: skip
    return notes


def count_waiting(work: Iteration, number: int, reviews: Reviews, today: Today) -> tuple[Path | None, int]:
    """Return the newest queue of a round, and how many of its rows nobody has answered."""
    from rushes.labels.sheets.files import read_sheets

    queues = work.queues_of(number)
    if not queues:
        return None, 0
    answered = reviews.answers.get(folder_of_round(number), {}).keys() | today.settled
    table = read_sheets(queues[-1])[0]
    at = table.columns.index("frame")
    frames = {row[at].strip() for row in table.rows} - {""}
    return queues[-1], len(frames - answered)


def describe_round(
    work: Iteration,
    rounds: Sequence[Round],
    runs: Sequence[Run],
    today: Today,
    *,
    changes: tuple[Change, ...],
    noise: Noise,
    now: datetime,
) -> Round:
    """Judge the runs of a round and return the record of it, still without a word on whether to stop."""
    from rushes.learning.lessons import relative_path
    from rushes.storage.files import digest_of_file

    scores = score_runs(work, runs)
    run = next(one for one in runs if one.name == middle_of(scores))
    metrics, name = evaluate(work, run), measure_of(work.recipe.training.monitor)
    mean, spread = mean_and_spread(list(scores.values()))
    gains, effects = find_gains(work, rounds[-1] if rounds else None, run, today)
    return Round(
        number=len(rounds) + 1,
        at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        run=run.name,
        runs=scores,
        recipe=work.recipe_table,
        manifest={
            "path": relative_path(today.manifest, work.place.root),
            "sha256": digest_of_file(today.manifest),
        },
        split=dict(run.split),
        measure=name,
        score=mean,
        spread=spread,
        validation=_estimate(metrics.get("validation"), name),
        test=_estimate(metrics.get("test"), name),
        changes=changes,
        gain=gains,
        labels_effect=effects,
        review=_noise_table(noise),
        counts={part: dict(counts) for part, counts in run.counts.items()},
    )


def noise_of(reviews: Reviews, last: Round | None) -> Noise:
    """Return what the answers to the queues of the last round tell of the labels."""
    return measure_noise(reviews.answers.get(last.folder_name, {}).values() if last else ())


def _noise_table(noise: Noise) -> dict[str, Any]:
    if not noise.doubted and not noise.checked:
        return {}
    return {"doubted": noise.doubted, "corrected": noise.corrected, "confirmed_model": noise.confirmed_model,
            "checked": noise.checked, "wrong": noise.wrong}  # fmt: skip


def _estimate(judged: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    return dict(judged["metrics"][name]) if judged else {"value": None}


def read_run_of(work: Iteration, one: Round) -> Run:
    """Return the run that stands for a round."""
    return read_run(work.place.runs_folder / one.run)
