"""`rushes runs`: the leaderboard, its page, two runs beside each other, and runs sent to MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, TaskOption, verb_app
from rushes.cli.runs_compare import compare
from rushes.cli.runs_send import send
from rushes.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.evaluation.leaderboard import Board, Leaderboard, Standing
    from rushes.project import Project

app = verb_app()

_MOST_CHARACTERS = {"model": 24, "beware": 22}  # of columns that may be folded

LastOption = Annotated[int | None, typer.Option("--last", min=1, help="Only so many of the newest runs.")]


@app.callback(invoke_without_command=True, epilog="Example: rushes runs --task mcu --last 20")
def runs(
    context: typer.Context,
    task: TaskOption = None,
    last: LastOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the runs of the project, the best macro-F1 on validation first, apart where they cannot be compared."""
    if context.invoked_subcommand is not None:
        _refuse_words_before(context.invoked_subcommand, given=(task, last, project, as_json or None, debug or None))
        return
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.evaluation.leaderboard import leaderboard_table
        from rushes.project import find_project

        place = find_project(project)
        leaderboard = _read(place, task=task, last=last)
        for board in leaderboard.boards:
            _show_board(door, board)
        _say_the_rest(door, leaderboard)
        door.finish(leaderboard_table(leaderboard))


@app.command(epilog="Example: rushes runs page --task mcu")
def page(
    to: Annotated[Path | None, typer.Option("--to", help="The file; otherwise runs/index.html.")] = None,
    task: TaskOption = None,
    last: LastOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write the leaderboard as one HTML page, with the curves, scores, confusions and recipe of every run."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.evaluation.runs_page import write_runs_page
        from rushes.project import find_project

        place = find_project(project)
        leaderboard = _read(place, task=task, last=last)
        path = to if to is not None else place.runs_folder / "index.html"
        shown = write_runs_page(path, leaderboard, title=place.name)
        _say_the_rest(door, leaderboard)
        if shown < len(leaderboard.standings):
            door.say(
                f"the page lists {plural(len(leaderboard.standings), 'run')} and shows {shown} of them in full; "
                "--task or --last choose others"
            )
        door.say(f"page: {path}")
        door.finish(
            {
                "page": str(path),
                "listed": len(leaderboard.standings),
                "shown": shown,
                "unreadable": [{"run": str(one.folder), "reason": one.reason} for one in leaderboard.unreadable],
            }
        )


app.command(epilog="Example: rushes runs compare 2026-11-20-120000-cnn 2026-11-20-130000-mobilenet")(compare)
app.command(epilog="Example: rushes runs send --to sqlite:///mlflow.db")(send)


def _refuse_words_before(verb: str, *, given: tuple[object, ...]) -> None:
    """Refuse options between `runs` and a verb below it, which would be lost there."""
    if any(value is not None for value in given):
        with opened() as _:
            raise UsageError(f"the options stand before '{verb}'. Put them behind it: rushes runs {verb} …")


def _read(place: Project, *, task: str | None, last: int | None) -> Leaderboard:
    from rushes.evaluation.leaderboard import read_leaderboard

    wanted = place.task(task).name if task is not None else None
    return read_leaderboard(place.runs_folder, task=wanted, last=last)


def _show_board(door: Door, board: Board) -> None:
    """Print a table; what all of its runs have alike stands in its title, what none of them has is left out."""
    letters = board.test_letters
    rows = [_row(standing, letter=letters.get(standing.test_ground, "")) for standing in board.standings]
    alike = {name: value for name in ("blind", "manifest") if len({row[name] for row in rows}) == 1
             and (value := rows[0][name]) is not None}  # fmt: skip
    columns = [
        name for name in rows[0] if name not in alike and any(row[name] not in (None, "") for row in rows)
    ]  # fmt: skip
    columns = _fitting(columns, rows, width=door.out.width)
    title = " · ".join([board.title, *(f"{name} {value}" for name, value in alike.items())])
    door.show(table_of(title, columns, [[row[name] for name in columns] for row in rows], whole=("run", "validation")))
    if letters:
        door.say(
            "test: scores with different letters were taken on other test samples or labels, and cannot be compared"
        )


def _fitting(columns: list[str], rows: Sequence[Mapping[str, object]], *, width: int) -> list[str]:
    """Return the columns that a terminal has room for; the page and --json hold them all."""
    needs = {name: min(max(len(str(row[name])) for row in rows), _MOST_CHARACTERS.get(name, 80)) for name in columns}
    needs = {name: max(len(name), need) + 3 for name, need in needs.items()}
    for name in ("manifest", "recipe", "parameters", "speed", "epochs", "time", "blind", "model"):
        if sum(needs.values()) <= width:
            break
        needs.pop(name, None)
    return list(needs)


def _row(standing: Standing, *, letter: str) -> dict[str, object]:
    from rushes.evaluation.leaderboard import SHORT, describe_epochs, describe_model, describe_pace, is_of_motion
    from rushes.evaluation.markup import duration

    run = standing.run
    return {
        "run": run.called,
        "validation": _estimate(standing.f1_macro, *_ends(standing)),
        "test": f"{_test(standing)} {letter}".strip(),
        "blind": f"{standing.blind:.3f}" if standing.blind is not None else None,
        "model": describe_model(run),
        "epochs": describe_epochs(run),
        "time": duration(run.elapsed_seconds),
        "speed": describe_pace(run) or None,
        "parameters": None if is_of_motion(run) else run.parameters,
        "manifest": str(run.manifest.get("sha256") or "")[:SHORT],
        "recipe": standing.recipe_digest[:SHORT],
        "beware": _beware(standing),
    }


def _ends(standing: Standing) -> tuple[float | None, float | None]:
    if standing.validation is None:
        return None, None
    return standing.validation.f1_macro.interval.low, standing.validation.f1_macro.interval.high


def _test(standing: Standing) -> str:
    test = standing.test
    return "–" if test is None else _estimate(test["value"], test["low"], test["high"])


def _estimate(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" ({low:.2f}–{high:.2f})" if low is not None and high is not None else "")


def _beware(standing: Standing) -> str:
    words = [plural(len(standing.run.warnings), "warning")] if standing.run.warnings else []
    if standing.never_predicted:
        words.append(f"never predicted: {', '.join(standing.never_predicted)}")
    if standing.problem:
        words.append("validation cannot be judged")
    return "; ".join(words)


def _say_the_rest(door: Door, leaderboard: Leaderboard) -> None:
    if len(leaderboard.boards) > 1:
        door.say(
            "Scores of different tables were taken on other samples or labels, or on another kind of split: they "
            "cannot be compared. 'rushes runs compare A B' holds two runs against each other on what they share."
        )
    if leaderboard.unlisted:
        door.say(f"{plural(leaderboard.unlisted, 'older run')} not listed")
    if leaderboard.unreadable:
        door.warn(f"{plural(len(leaderboard.unreadable), 'folder')} cannot be read as a run:")
        for one in leaderboard.unreadable:
            door.warn(f"  {one.folder.name}: {one.reason}")
    if not leaderboard.standings and not leaderboard.unreadable:
        door.say("no runs yet. Train one: rushes train recipes/features.toml")
