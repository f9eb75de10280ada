"""`rushes labels errors`: labels that are likely wrong, and a queue to review them."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.engines import engine_of, is_engine_asked
from rushes.cli.options import (
    DebugOption,
    DeviceOption,
    DryRunOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    ThreadsOption,
    WorkersOption,
)
from rushes.errors import RunError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.datasets.disputed_twins import Dispute
    from rushes.datasets.split import Split
    from rushes.evaluation.label_noise import LabelNoise
    from rushes.labels.manifest import ManifestRow
    from rushes.labels.standing import StandingLabel
    from rushes.learning.label_errors import LabelDoubts
    from rushes.learning.predictions import Predictions
    from rushes.learning.review_queue import ReviewQueue
    from rushes.learning.runs import Run
    from rushes.project import Project, Task
    from rushes.scale.engine import Engine

_FOLDS = 5
_LENGTH = 60
_CHECKS = 0.2
_SHOWN = 10


def errors(
    run: Annotated[Path | None, typer.Argument(help="A run's folder or name; otherwise the newest run.")] = None,
    folds: Annotated[int, typer.Option(min=2, help="Shares of the groups of train; each is judged by the others.")] = (
        _FOLDS
    ),
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train the recipe anew for each fold, in place of heads on features.")
    ] = False,
    length: Annotated[int, typer.Option(min=1, help="Rows of the queue.")] = _LENGTH,
    everything: Annotated[bool, typer.Option("--all", help="Queue every label that is doubted.")] = False,
    checks: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the queue drawn at random where label and model agree.")
    ] = _CHECKS,
    include_test: Annotated[
        bool, typer.Option("--include-test", help="Queue labels of the test part too: corrected so, they flatter.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new .csv or .xlsx; otherwise one in the folder reviews.")
    ] = None,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Estimate how many labels are wrong, rank those that likely are, and queue them for review.

    Every label is judged by a model that was not told it, nor any other of its group. Frames that look alike and are
    labelled differently come first.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.errors import require_extra
        from rushes.learning.runs import read_run
        from rushes.project import find_project

        require_extra("train", "cleanlab", "sklearn", purpose="the search for wrong labels")
        place = find_project(project)
        found = read_run(find_run_of_frames(place, run))
        task = place.task(found.task)
        if out is not None:
            _check_name(out)
        rows, split, standing = _labels_of(place, task, found)
        answers, notes = _held_out(found, rows, split)
        if not dry_run:
            with engine_of(place, engine, workers, threads=threads) as pool:
                notes += _add_train(door, place, task, found, rows, split, answers, folds=folds, retrain=retrain,
                                    device=device, threads=threads,
                                    engine=pool if is_engine_asked(place, engine, workers) else None)  # fmt: skip
        if not answers:
            raise RunError(f"{found.folder}: none of its parts can be judged. {' '.join(notes)}")
        _report(
            door,
            place,
            task,
            found,
            (rows, split, standing),
            answers,
            notes,
            parts=("train", "validation", *(("test",) if include_test else ())),
            length=None if everything else length,
            checks=checks,
            sheet=out or _next_sheet(place, found),
            trainings=folds if retrain else 0,
            dry_run=dry_run,
        )


def find_run_of_frames(place: Project, run: Path | None) -> Path:
    """Return the folder of a run that answers about frames.

    Raises:
        RunError: there is none, or it is of shots.
    """
    from rushes.cli.versions import find_run
    from rushes.learning.runs import is_of_shots

    folder = find_run(place, run)
    if is_of_shots(folder) or is_of_shots(folder.parent):
        raise RunError(f"{folder} answers about shots, and wrong labels are looked for in frames. Name a run of "
                       "frames: rushes runs lists them")  # fmt: skip
    return folder


def _labels_of(place: Project, task: Task, run: Run) -> tuple[list[ManifestRow], Split, dict[str, StandingLabel]]:
    """Return the samples of the newest manifest, the split that the run was trained on, and what stands today.

    The labels are those of the catalog, so that a review counts as soon as it is imported.
    """
    from rushes.catalog.catalog import open_catalog
    from rushes.cli.labels_today import bring_up_to_date, labels_of_task
    from rushes.cli.versions import newest_rows, newest_split_of
    from rushes.datasets.split import read_split
    from rushes.errors import SplitError

    with open_catalog(place.catalog_place) as catalog:
        standing = labels_of_task(catalog, place, task.name)
    rows = bring_up_to_date(newest_rows(place, task)[1], standing)
    named = run.split.get("path")
    try:
        split = read_split(place.root / str(named)) if named else None
    except SplitError:
        split = None
    if split is None or split.digest != run.split["sha256"]:
        split = newest_split_of(place, task, run.split["kind"])[1]
        if split.digest != run.split["sha256"]:
            raise RunError(
                f"{run.folder}: the split that it was trained on is gone, so that nobody knows which labels it was "
                "told. Train it again"
            )
    return rows, split, standing


def _held_out(run: Run, rows: Sequence[ManifestRow], split: Split) -> tuple[dict[str, Predictions], list[str]]:
    """Return what the run answered on the parts that it was not trained on, with the labels of today."""
    from rushes.evaluation.evaluate import read_part
    from rushes.evaluation.gains import relabel

    class_of = {row.frame_id: row.class_name for row in rows}
    origin_of = {row.frame_id: row.origin for row in rows}
    answers: dict[str, Predictions] = {}
    for part in ("validation", "test"):
        if run.predictions_file(part).is_file():
            found = relabel(read_part(run, part), class_of, origin_of)
            if len(found):
                answers[part] = found
    notes = []
    if split.kind == "mixed":
        notes.append("the split is mixed: frames of one film stand on both sides, so that a wrong label that runs "
                     "through a film is confirmed by its neighbours")  # fmt: skip
    return answers, notes


def _add_train(
    door: Door,
    place: Project,
    task: Task,
    run: Run,
    rows: Sequence[ManifestRow],
    split: Split,
    answers: dict[str, Predictions],
    *,
    folds: int,
    retrain: bool,
    device: str | None,
    threads: int | None,
    engine: Engine | None,
) -> list[str]:
    """Judge the train part out of fold, and return what is to be known of that; a part that cannot be is said."""
    from rushes.learning.ground import Ground
    from rushes.learning.out_of_fold import answer_out_of_fold

    ground = Ground(
        task=task,
        manifest=place.root / str(run.manifest["path"]),
        rows=tuple(rows),
        split=split,
        split_path=None,
        project_root=place.root,
        runs_folder=place.runs_folder,
        cache_folder=place.cache_folder,
        threads=threads,
        working_size=run.working_size,
        engine=engine,
    )
    if retrain:
        door.warn(f"note: --retrain trains {run.recipe['name']} {folds} times; with the same labels the answers are "
                  "kept")  # fmt: skip
    try:
        with door.progress("out of fold") as progress:
            found = answer_out_of_fold(run, ground, folds=folds, retrain=retrain, device=device, progress=progress)
    except RunError as error:
        if retrain or not answers:
            raise
        return [f"train is not judged: {error}"]
    if len(found.predictions):
        answers["train"] = found.predictions
    return list(found.notes)


def _report(
    door: Door,
    place: Project,
    task: Task,
    run: Run,
    labels: tuple[Sequence[ManifestRow], Split, Mapping[str, StandingLabel]],
    answers: Mapping[str, Predictions],
    notes: Sequence[str],
    *,
    parts: Sequence[str],
    length: int | None,
    checks: float,
    sheet: Path,
    trainings: int,
    dry_run: bool,
) -> None:
    from rushes.cli.labels_today import read_reviewed_queues
    from rushes.cli.review_sheets import write_review_sheet
    from rushes.datasets.disputed_twins import find_disputes
    from rushes.datasets.refresh import signatures_of
    from rushes.evaluation.label_errors_section import say_reviewed
    from rushes.evaluation.label_noise import estimate_noise, pronounce_noise, pronounce_review
    from rushes.evaluation.making import command_to_train
    from rushes.labels.standing import reviewed_classes
    from rushes.learning.error_queue import plan_error_queue
    from rushes.learning.label_errors import find_label_errors
    from rushes.learning.review_queue import measure_noise

    rows, split, standing = labels
    reviewed = reviewed_classes(standing)
    doubts = find_label_errors(answers, reviewed=reviewed)
    noise = estimate_noise(doubts)
    disputes = [
        one
        for one in find_disputes(rows, signatures=signatures_of(place, rows))
        if any(row.frame_id not in reviewed for row in one.rows)
    ]
    queue = plan_error_queue(
        doubts,
        disputes,
        parts=parts,
        part_of=lambda row: split.part_of(row.frame_id, row.group),
        settled=reviewed,
        length=length,
        checks=checks,
    )
    told = say_reviewed(doubts)
    notes = [*notes, *doubts.notes, *([told] if told else []), *_beware(place, task, parts, doubts)]
    review = measure_noise(read_reviewed_queues(place, task, reviewed))
    found = pronounce_review(review)
    sentence = pronounce_noise(noise)
    door.say(f"{sentence[0].upper()}{sentence[1:]}.")
    if noise.wrong.value:
        door.say("The weaker the model, the more of these are its own mistakes: review tells, the checks above all.")
    if found:
        door.say(f"{found[0].upper()}{found[1:]}.")
    _show(door, doubts, noise, disputes)
    for note in notes:
        door.warn(f"note: {note}")
    page = None
    if dry_run:
        train = sum(split.part_of(row.frame_id, row.group) == "train" for row in rows)
        how = f"{trainings} trainings" if trainings else "heads fitted without each fold"
        door.say(f"would judge {plural(train, 'label')} of train by {how} too, and write {sheet}")
    elif queue.asked:
        title = f"{run.name}: labels of {task.name} that are likely wrong"
        page = write_review_sheet(door, place, task, queue, sheet, title=title, notes=notes)
        door.say(f"{_counted(queue)} in {sheet}; pictures: {page.name}")
        door.say(f"Fill its column class, then: {_command(sheet, task)}")
        door.say("What is imported is not asked about again. A model learns of it by: "
                 f"{shlex.join(['rushes', 'manifest', 'build', '--task', task.name])}, then: "
                 f"{command_to_train(run.recipe, project_root=place.root)}")  # fmt: skip
    elif doubts.refused:
        door.say("nothing is queued")
    else:
        door.say("nothing is left to ask: every label that is doubted was reviewed, or stands in a part that is not "
                 "queued")  # fmt: skip
    door.finish(
        {
            "run": str(run.folder),
            "judged": {part: len(found) for part, found in answers.items()},
            "estimate": noise.to_table(),
            "sentence": sentence,
            "reviewed": len(doubts.reviewed),
            "review": asdict(review) | {"sentence": found},
            "errors": [one.to_table() for one in doubts.errors],
            "disputes": [one.to_table() for one in disputes],
            "notes": notes,
            "queued": len(queue.asked) if not dry_run else 0,
            "queue": str(sheet) if page else None,
            "page": str(page) if page else None,
            "import": _command(sheet, task) if page else None,
            "dry_run": dry_run,
        }
    )


def _show(door: Door, doubts: LabelDoubts, noise: LabelNoise, disputes: Sequence[Dispute]) -> None:
    classes = [
        [
            one.class_name,
            one.labelled,
            one.found,
            *_ends(one.wrong.value, one.wrong.interval.low, one.wrong.interval.high),
        ]
        for one in noise.per_class
    ]
    if classes:
        door.show(table_of(None, ("class", "labels", "doubted", "wrong, at most about", "from", "to"), classes))
    if noise.confused:
        cells = [[one.labelled, one.true, round(one.count, 1)] for one in noise.confused[:_SHOWN]]
        door.show(table_of(None, ("labelled", "truly, by estimate", "samples"), cells))
    if doubts.errors:
        likeliest = [
            [one.name, one.labelled, one.suggested, f"{one.score:.3f}", one.part, one.stated_by]
            for one in doubts.errors[:_SHOWN]
        ]
        door.show(
            table_of(None, ("frame", "labelled", "suggested", "quality", "part", "by"), likeliest, whole=("frame",))
        )
    identical = sum(one.identical for one in disputes)
    if disputes:
        door.say(
            f"{plural(len(disputes), 'group')} of twins labelled differently, {identical:,} of them the same picture"
        )


def _ends(*shares: float | None) -> list[str | None]:
    return [None if share is None else f"{share * 100:.1f} %" for share in shares]


def _beware(place: Project, task: Task, parts: Sequence[str], doubts: LabelDoubts) -> list[str]:
    from rushes.labels.trust import is_review

    notes = []
    left = sum(one.part not in parts for one in doubts.errors)
    if left:
        notes.append(f"{plural(left, 'doubted label')} of the test part {'is' if left == 1 else 'are'} counted and "
                     "listed, but not queued: corrected only where the model doubts them, they make its test score "
                     "flatter. --include-test queues them all the same")  # fmt: skip
    if "test" in parts:
        notes.append("labels of the test part are queued. Corrected only where the model doubts them, they make its "
                     "test score flatter")  # fmt: skip
    trust = place.trust_of(task)
    if not trust or not is_review(trust[0]):
        notes.append(f"a review does not stand above all here: the trust of {task.name} is {' > '.join(trust)}. Put "
                     "review first in rushes.toml")  # fmt: skip
    return notes


def _counted(queue: ReviewQueue) -> str:
    checks = sum(one.kind == "check" for one in queue.asked)
    return f"{plural(len(queue.asked) - checks, 'doubt')} and {plural(checks, 'check')}"


def _command(sheet: Path, task: Task) -> str:
    return shlex.join(["rushes", "labels", "import", str(sheet), "--origin", "review", "--task", task.name])


def _check_name(out: Path) -> None:
    if out.suffix.casefold() not in (".csv", ".xlsx"):
        raise UsageError(f"--out {out}: a queue is written as .csv or .xlsx")
    if out.exists():
        raise UsageError(f"--out {out}: it is there already, and may hold a review. Name another file")


def _next_sheet(place: Project, run: Run) -> Path:
    """Return where the next queue of a run goes: one that is there may hold a review, and is never written over."""
    from rushes.evaluation.label_errors_section import REVIEWS_FOLDER

    folder = place.root / REVIEWS_FOLDER
    number = 1
    while (path := folder / f"{run.name}{'' if number == 1 else f'-{number}'}.csv").exists():
        number += 1
    return path
