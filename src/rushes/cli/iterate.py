"""`rushes iterate`: train, judge, queue the doubtful labels; again when they were reviewed, until nothing is gained."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.ground import task_of
from rushes.cli.options import (
    DebugOption,
    DeviceOption,
    DryRunOption,
    JsonOption,
    ProjectOption,
    ThreadsOption,
    verb_app,
)
from rushes.errors import RecipeError, SheetError, UsageError, require_extra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.cli.iterate_steps import Iteration, Reviews, Settings, Today
    from rushes.evaluation.gains import RoundScore
    from rushes.learning.plateau import Decision
    from rushes.learning.rounds import Change, Round

app = verb_app()

_SHORTEST_WATCH_SECONDS = 10
_PATIENCE, _SEEDS, _QUEUE, _CHECKS, _EVERY = 3, 1, 50, 0.2, "10m"


@app.command(epilog="Example: rushes iterate recipes/features.toml --target-error 0.05")
def iterate(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file, or the name of one.")],
    change: Annotated[
        list[str] | None, typer.Option("--set", help="section.key=value, in place of the recipe's.")
    ] = None,
    target_error: Annotated[
        float | None, typer.Option(help="Stop where 1 less the score on validation is no more than this: 0.05.")
    ] = None,
    patience: Annotated[
        int, typer.Option(min=1, help="Rounds without a gain beyond the noise before it stops.")
    ] = _PATIENCE,
    seeds: Annotated[
        int, typer.Option(min=1, help="Trainings per round; several show how far chance alone goes.")
    ] = _SEEDS,
    queue: Annotated[int, typer.Option(min=1, help="Rows of a queue for review.")] = _QUEUE,
    checks: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a queue that is drawn where label and model agree.")
    ] = _CHECKS,
    include_test: Annotated[
        bool, typer.Option("--include-test", help="Queue labels of the test part too; its score will flatter.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Wait for changed labels, and do the next round, until it may stop.")
    ] = False,
    every: Annotated[str, typer.Option(help="With --watch: how often to look: 10m, 30s.")] = _EVERY,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    device: DeviceOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Do the next round: take the review in, train, judge, and write the queue of labels that the model doubts.

    Where no label, recipe or split has changed since the last round, nothing is trained, and it says what is waiting.
    """
    with opened(as_json=as_json, debug=debug) as door:
        require_extra("train", "torch", "timm", "safetensors", "sklearn", purpose="training")
        import time
        from datetime import UTC

        from rushes.cli.iterate_steps import Settings

        if target_error is not None and not 0 <= target_error < 1:
            raise UsageError(f"--target-error {target_error}: give a share from 0 to below 1, such as 0.05")
        pause = _pause(every)
        settings = Settings(
            seeds=seeds,
            length=queue,
            checks=checks,
            include_test=include_test,
            target=None if target_error is None else 1 - target_error,
            patience=patience,
            threads=threads,
            device=device,
        )
        said = ""
        while True:
            began = time.monotonic()
            work = _open(door, project, recipe, change or (), settings)
            command = _command(recipe, change or (), settings, watch=watch, every=every)
            try:
                done = do_round(
                    work,
                    now=datetime.now(UTC),
                    dry_run=dry_run,
                    command=command,
                    calm_seconds=pause if watch else 0.0,
                )
            except SheetError as error:  # somebody may be in the middle of a review
                if not watch or dry_run:
                    raise
                done = {"said": str(error), "stop": False}
            if done["said"] != said:
                said = done["said"]
                door.say(said)
            if not watch or dry_run or done["stop"]:
                door.finish(done)
            time.sleep(max(0.0, pause - (time.monotonic() - began)))


def _pause(every: str) -> float:
    from rushes.timecode import parse_duration

    try:
        pause = float(parse_duration(every))
    except ValueError as error:
        raise UsageError(f"--every {every}: {error}") from error
    if pause < _SHORTEST_WATCH_SECONDS:
        raise UsageError(f"--every {every}: the shortest is {_SHORTEST_WATCH_SECONDS}s")
    return pause


def _open(door: Door, project: Path | None, recipe: Path, changes: Sequence[str], settings: Settings) -> Iteration:
    from rushes.cli.iterate_steps import Iteration
    from rushes.learning.recipe_files import SHIPPED, find_recipe, read_recipe
    from rushes.learning.rounds import folder_of_iteration
    from rushes.project import find_project

    place = find_project(project)
    path = find_recipe(recipe, (place.recipes_folder, SHIPPED))
    asked = read_recipe(path, changes=changes)
    task = task_of(place, asked, path)
    if asked.split != "grouped":
        raise RecipeError(
            f"{asked.name}: split is '{asked.split}'. Rounds are compared on groups that no model watched; "
            'iterate a recipe with split = "grouped"'
        )
    if "review" not in place.trust_of(task):
        door.warn(f"note: the trust of task {task.name} does not name 'review', so that what is reviewed stands behind "
                  f"{', '.join(place.trust_of(task))}. Put it first in rushes.toml")  # fmt: skip
    return Iteration(door, place, task, asked, folder_of_iteration(place.root, asked.name, task.name), settings)


def do_round(
    work: Iteration, *, now: datetime, dry_run: bool, command: str, calm_seconds: float = 0.0
) -> dict[str, Any]:
    """Do the next round, or say what is waited for; return what came of it, `said` in words.

    Args:
        calm_seconds: a queue that was saved since then is still being reviewed, and no round is begun.
    """
    from rushes.cli import iterate_steps as steps
    from rushes.learning.rounds import read_rounds

    rounds = read_rounds(work.folder)
    last = rounds[-1] if rounds else None
    reviews = steps.take_reviews(work, now=now, apply=not dry_run)
    if reviews.appended or reviews.withdrawn:
        work.door.say(f"review: {plural(reviews.appended, 'statement')} taken in, {reviews.withdrawn} withdrawn")
    today = steps.refresh(work, now=now, write=not dry_run)
    words, changes = steps.what_changed(work, last, today)
    if dry_run:
        what = f"would train: {', '.join(words)}" if words else "would train nothing: nothing has changed"
        return _result(work, last, reviews, said=what) | {"dry_run": True}
    if last is not None and words and steps.is_under_review(work.folder, now=now, calm_seconds=calm_seconds):
        return _result(
            work, last, reviews, said="a queue is being reviewed; the next round begins when it is left alone"
        )
    if last is not None and not words:
        return _wait(work, rounds, reviews, today, command=command)
    return _train_round(work, rounds, reviews, today, words=words, changes=changes, now=now, command=command)


def _train_round(
    work: Iteration,
    rounds: list[Round],
    reviews: Reviews,
    today: Today,
    *,
    words: Sequence[str],
    changes: tuple[Change, ...],
    now: datetime,
    command: str,
) -> dict[str, Any]:
    from dataclasses import replace

    from rushes.cli import iterate_steps as steps
    from rushes.learning.rounds import add_round, replace_last_round

    again = rounds[-1] if rounds and not changes and not steps.is_new(work, rounds[-1], today) else None
    if again is not None:  # the same round, from more seeds
        rounds, changes = rounds[:-1], again.changes
    number = len(rounds) + 1
    work.door.say(f"round {number}: {', '.join(words)}; training {work.recipe.name} for task {work.task.name}")
    runs = steps.train_runs(work, today, now=now)
    noise = steps.noise_of(reviews, rounds[-1] if rounds else None)
    done = steps.describe_round(work, rounds, runs, today, changes=changes, noise=noise, now=now)
    scored = steps.score_today(work, [*rounds, done], today)
    decision = steps.decide_on(work, [*rounds, done], scored, today)
    done = replace(done, stop=decision.reason if decision.stop else "")
    if not work.queues_of(number):
        steps.write_queue(work, steps.read_run_of(work, done), today, number=number)
    if again is None:
        add_round(work.folder, done)
    else:
        replace_last_round(work.folder, done)
    _say_scores(work.door, done)
    sheet, waiting = steps.count_waiting(work, number, reviews, today)
    return _close(work, [*rounds, done], reviews, today, scored, decision, sheet, waiting, command=command,
                  trained=True)  # fmt: skip


def _wait(
    work: Iteration, rounds: list[Round], reviews: Reviews, today: Today, *, command: str
) -> dict[str, Any]:  # fmt: skip
    """Say what is waiting where nothing has changed; where all was confirmed, ask about the next samples."""
    from rushes.cli import iterate_steps as steps

    last = rounds[-1]
    scored = steps.score_today(work, rounds, today)
    decision = steps.decide_on(work, rounds, scored, today)
    sheet, waiting = steps.count_waiting(work, last.number, reviews, today)
    if not waiting:
        sheet, waiting = steps.write_queue(work, steps.read_run_of(work, last), today, number=last.number)
    return _close(work, rounds, reviews, today, scored, decision, sheet, waiting, command=command,
                  trained=False)  # fmt: skip


def _close(
    work: Iteration,
    rounds: list[Round],
    reviews: Reviews,
    today: Today,
    scored: Mapping[int, RoundScore],
    decision: Decision,
    sheet: Path | None,
    waiting: int,
    *,
    command: str,
    trained: bool,
) -> dict[str, Any]:
    """Write the history, and return what came of it."""
    from rushes.cli.iterate_steps import score_today
    from rushes.evaluation.history_page import History, format_history
    from rushes.learning.rounds import HISTORY_PAGE, what_would_help
    from rushes.storage.files import write_text

    last = rounds[-1]
    advice = what_would_help(last) if decision.stop else []
    page = work.folder / HISTORY_PAGE
    shown = [(one.number, work.queues_of(one.number)) for one in rounds]
    write_text(page, format_history(History(
        recipe=work.recipe.name,
        task=work.task.name,
        rounds=rounds,
        verdict=decision.reason,
        stopped=decision.stop,
        command=command,
        today=scored,
        test_today=score_today(work, rounds, today, part="test"),
        advice=advice,
        queues={
            number: [(f"{path.parent.name}/{path.stem}.html", f"{path.parent.name}/{path.name}") for path in paths]
            for number, paths in shown
        },
    )))  # fmt: skip
    said = [] if trained else [f"nothing has changed since round {last.number}: nothing was trained"]
    said += [f"{'it may end here: ' if decision.stop else ''}{decision.reason}"]
    said += [f"  to go further, {line}" for line in advice]
    if waiting and sheet is not None:
        said.append(f"{plural(waiting, 'sample waits', 'samples wait')} in {sheet}; fill its column class "
                    f"(pictures: {sheet.with_suffix('.html').name}), then run this again")  # fmt: skip
    else:
        said.append("nothing is left to ask: every label that the model doubts was reviewed")
    said.append(f"history: {page}")
    result = _result(work, last, reviews, said="\n".join(said))
    return result | {
        "trained": trained,
        "stop": decision.stop,
        "reason": decision.reason,
        "advice": advice,
        "scores_today": {str(number): found.score for number, found in scored.items()},
        "queue": str(sheet) if waiting else None,
        "waiting": waiting,
        "history": str(page),
    }


def _result(work: Iteration, last: Round | None, reviews: Reviews, *, said: str) -> dict[str, Any]:
    return {
        "folder": str(work.folder),
        "said": said,
        "trained": False,
        "stop": False,
        "appended": reviews.appended,
        "withdrawn": reviews.withdrawn,
        "round": last.to_table() if last else None,
        "dry_run": False,
    }


def _say_scores(door: Door, done: Round) -> None:
    spread = "" if done.spread is None else f" ± {done.spread:.3f} over {len(done.runs)} seeds"
    test = done.test["value"]
    door.say(
        f"{done.measure}: validation {done.score:.3f}{spread}, test {'undefined' if test is None else f'{test:.3f}'}"
    )
    for part, gain in done.gain.items():
        moved = done.labels_effect[part]["value"]
        if gain["value"] is not None and moved is not None:
            door.say(f"  {part}: {gain['value']:+.3f} gained by the model, {moved:+.3f} moved by the labels alone")


def _command(recipe: Path, changes: Sequence[str], settings: Settings, *, watch: bool, every: str) -> str:
    """Return what to type to go on: what was typed, less what nobody needs to say."""
    words = ["rushes", "iterate", str(recipe) if not recipe.is_absolute() else recipe.stem]
    words += [word for change in changes for word in ("--set", change)]
    error = None if settings.target is None else f"{1 - settings.target:g}"
    for name, value, usual in (
        ("--target-error", error, None),
        ("--patience", settings.patience, _PATIENCE),
        ("--seeds", settings.seeds, _SEEDS),
        ("--queue", settings.length, _QUEUE),
        ("--checks", settings.checks, _CHECKS),
        ("--device", settings.device, None),
        ("--threads", settings.threads, None),
    ):
        words += [name, f"{value:g}" if isinstance(value, float) else str(value)] if value != usual else []
    words += ["--include-test"] if settings.include_test else []
    words += ["--watch"] if watch else []
    words += ["--every", every] if watch and every != _EVERY else []
    return shlex.join(words)
