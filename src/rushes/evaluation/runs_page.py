"""The leaderboard and every run on it as one self-contained HTML page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from rushes.errors import RecipeError
from rushes.evaluation import sections
from rushes.evaluation.frame import head_of
from rushes.evaluation.judge import ClassJudgement, Judgement
from rushes.evaluation.leaderboard import (
    SHORT,
    Board,
    Leaderboard,
    Standing,
    describe_epochs,
    describe_model,
    describe_pace,
    history_of,
    is_of_motion,
    kept_epoch,
    training_pace,
)
from rushes.evaluation.markup import (
    breakable,
    count,
    counted,
    duration,
    format_toml,
    number,
    percent,
    score_cell,
    span,
    text,
    within,
)
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import upgrade_recipe
from rushes.storage.files import write_text

DETAIL_BYTES = 2_300_000  # of runs shown in full; rows, style and script come on top
_NEVER_NAMED = 2  # classes that are named in a row; more are counted
_DARK = 0.62  # share of a row from which the shade of its cell asks for the other colour of text
_WIDEST_MATRIX = 30
_REPORT = "report.html"
_NEVER_USUAL = ("schema = ", "name = ", "task = ")  # differ from run to run without deciding anything


def write_runs_page(path: Path, leaderboard: Leaderboard, *, title: str) -> int:
    """Write the page whole or not at all; return how many runs are shown in full.

    The page needs no network, and no file beside it but the reports that it links to; it stays below some three
    megabytes: where there are too many runs for that, the last of the boards are listed only.
    """
    page, shown = format_runs_page(leaderboard, title=title, folder=path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page)
    return shown


def format_runs_page(leaderboard: Leaderboard, *, title: str, folder: Path) -> tuple[str, int]:
    """Return the page as HTML, and how many runs are shown in full.

    Args:
        title: of the project.
        folder: that the page will stand in; reports are linked to as seen from there.
    """
    details = _details_within(leaderboard.standings, folder=folder)
    numbers = {id(standing): index for index, standing in enumerate(leaderboard.standings)}
    tables = "\n".join(
        _board(board, number, [numbers[id(standing)] for standing in board.standings], shown=len(details))
        for number, board in enumerate(leaderboard.boards, start=1)
    )
    newest = max((standing.run.created_at for standing in leaderboard.standings), default="")
    page = Template(_page("runs.html")).substitute(
        head=head_of(f"{title}: runs", styles=("report.css", "runs.css")),
        script=_page("runs.js"),
        project=text(title),
        made=text(newest[:10]),
        headline=_headline(leaderboard),
        tables=tables or "<p>There are no runs yet.</p>",
        unreadable=_unreadable(leaderboard),
        runs="\n".join(details),
        rest=_rest(len(leaderboard.standings) - len(details)),
    )
    return page, len(details)


def mark_recipe(recipe: Mapping[str, Any]) -> str:
    """Return a resolved recipe as TOML in HTML, what differs from the defaults marked."""
    table = dict(recipe)
    with suppress(RecipeError):  # of a schema that is not known: shown as it is
        table = upgrade_recipe(table, where="recipe")
    usual = set(_keyed_lines(Recipe(name="").to_table()))
    shown = []
    for section, line in _keyed_lines(table):
        is_usual = (section, line) in usual or line == section or line.startswith(_NEVER_USUAL)
        shown.append(text(line) if is_usual else f"<mark>{text(line)}</mark>")
    return "\n".join(shown)


def _keyed_lines(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (section, line) of a recipe's TOML, blank lines left out."""
    found, section = [], ""
    for line in format_toml(table).splitlines():
        if not line:
            continue
        if line.startswith("["):
            section = line
        found.append((section, line))
    return found


def _headline(leaderboard: Leaderboard) -> str:
    """Return the best of the newest board in a sentence, and what the order means."""
    board = next((board for board in leaderboard.boards if board.standings[0].f1_macro is not None), None)
    if board is None:
        return "<h1>No run can be ranked yet.</h1>"
    best = board.standings[0]
    judged = best.validation
    if judged is None or best.f1_macro is None:
        return "<h1>No run can be ranked yet.</h1>"
    certainty = within(judged.f1_macro.interval)
    blind = f", where answers without a look reach {number(best.blind)}" if best.blind is not None else ""
    tested = best.test
    test = (
        f" On the test part it reaches {number(tested['value'])}."
        if tested is not None and tested["value"] is not None
        else " It has not been judged on the test part yet."
    )
    first = "The run" if len(board.standings) == 1 else f"The best of {counted(len(board.standings), 'run')}"
    return (
        f"<h1>{first} for {text(board.task)} reaches a macro-F1 of "
        f"<strong>{number(best.f1_macro)}</strong> on validation"
        f"{f' ({text(certainty)})' if certainty else ''}{text(blind)}.</h1>"
        f"<p><b>{text(best.run.name)}</b>, {text(describe_model(best.run))}.{text(test)}</p>"
    )


def _board(board: Board, number_of_board: int, numbers: Sequence[int], *, shown: int) -> str:
    rows = "".join(
        _row(standing, rank, f"r{index}" if index < shown else "")
        for rank, (standing, index) in enumerate(zip(board.standings, numbers, strict=True), start=1)
    )
    speed = "shots/s" if any(one.run.is_of_shots for one in board.standings) else "images/s"
    columns = (
        ("#", ""), ("run", "words"), ("model", "words"), ("macro-F1 from 0 to 1", "wide"), ("validation", ""),
        ("test", ""), ("epochs", ""), ("time", ""), (speed, ""), ("parameters", ""), ("recipe", "words"),
        ("beware", "words"),
    )  # fmt: skip
    head = "".join(
        f'<th scope="col"{f" class={style}" if style else ""} data-sort="{index}">{name}</th>'
        for index, (name, style) in enumerate(columns)
    )
    manifests = sorted({str(one.run.manifest.get("sha256") or "")[:SHORT] for one in board.standings} - {""})
    return (
        f'<section class="full board" id="board{number_of_board}"><div class="over"><h2>{text(board.title)}</h2>'
        f"<p>manifest {text(', '.join(manifests[:4]))}{' …' if len(manifests) > 4 else ''}</p>"
        '<p class="script"><label>Show only <input type="search" class="filter" placeholder="cnn, seed, a class …">'
        '</label> <span class="outcome"></span></p></div>'
        f'<div class="scroll"><table class="numbers ranks"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div></section>"
    )


def _row(standing: Standing, rank: int, anchor: str) -> str:
    run, pace = standing.run, training_pace(standing.run)
    name = f'<a href="#{anchor}">{breakable(run.name)}</a>' if anchor else breakable(run.name)
    value, test = standing.f1_macro, standing.test
    interval = span(standing.validation.f1_macro.interval) if standing.validation else ""
    tested = test["value"] if test else None
    ends = f"{number(test['low'])}–{number(test['high'])}" if test and test["low"] is not None else ""
    best = ' class="best"' if rank == 1 else ""
    cells = [
        _cell(rank, str(rank)),
        f'<th scope="row" class="words">{name}<small class="narrow">{text(describe_model(run))}</small></th>',
        f'<td class="words">{text(describe_model(run))}</td>',
        f'<td class="wide" data-v="{_plain(value)}">{_track(standing)}</td>',
        _cell(value, f"<b{best}>{number(value)}</b>" if value is not None else "–", interval),
        _cell(tested, number(tested) if tested is not None else "–", ends if test else "not evaluated"),
        _cell(0 if is_of_motion(run) else run.epochs, text(describe_epochs(run))),
        _cell(run.elapsed_seconds, duration(run.elapsed_seconds)),
        _cell(pace, count(round(pace)) if pace is not None else "–"),
        _cell(None, "–")
        if is_of_motion(run)
        else _cell(run.parameters, _short_count(run.parameters), f"{_short_count(run.trained_parameters)} learnt"),
        f'<td class="words"><code>{standing.recipe_digest[:SHORT]}</code></td>',
        f'<td class="words beware" data-v="{len(run.warnings) + 100 * len(standing.never_predicted)}">'
        f"{_beware(standing)}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(value: float | None, shown: str, small: str = "") -> str:
    return f'<td data-v="{_plain(value)}">{shown}{f"<small>{text(small)}</small>" if small else ""}</td>'


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _short_count(value: int) -> str:
    """Return a count with three digits: `37.6 k`, `2.23 M`."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return str(value)


def _beware(standing: Standing) -> str:
    names = [f"‘{name}’" for name in standing.never_predicted]
    few = ", ".join(names) if len(names) <= _NEVER_NAMED else f"{len(names)} of {len(standing.run.classes)} classes"
    never = f'<b class="never" title="{text(", ".join(names))}">never {text(few)}</b>' if names else ""
    warnings = text(counted(len(standing.run.warnings), "warning")) if standing.run.warnings else ""
    problem = "validation cannot be judged" if standing.problem else ""
    return never + f"<small>{warnings}{problem}</small>" if never or warnings or problem else ""


def _track(standing: Standing) -> str:
    """Return a scale from 0 to 1: validation as a dot with its interval, test as a ring, blind answers as a tick."""
    parts = []
    interval = standing.validation.f1_macro.interval if standing.validation else None
    if interval is not None and interval.low is not None and interval.high is not None:
        width = max(interval.high - interval.low, 0.004) * 100
        parts.append(f'<i class="span" style="left:{interval.low * 100:.1f}%;width:{width:.1f}%"></i>')
    test = standing.test["value"] if standing.test else None
    for value, style in ((standing.blind, "blind"), (standing.f1_macro, "dot"), (test, "ring")):
        if value is not None:
            parts.append(f'<i class="{style}" style="left:{value * 100:.1f}%"></i>')
    return f'<div class="track" aria-hidden="true">{"".join(parts)}</div>'


def _details_within(standings: Sequence[Standing], *, folder: Path) -> list[str]:
    """Return the runs in full, from the first of the first board on, as many as the page may hold."""
    found: list[str] = []
    size = 0
    for index, standing in enumerate(standings):
        one = _details(standing, f"r{index}", folder=folder, is_open=index == 0)
        size += len(one.encode())
        if size > DETAIL_BYTES:
            break
        found.append(one)
    return found


def _details(standing: Standing, anchor: str, *, folder: Path, is_open: bool) -> str:
    run, value = standing.run, standing.f1_macro
    score = f"{number(value)} <small>validation</small>" if value is not None else "not ranked"
    report = run.whole_folder / _REPORT
    link = ""
    if report.is_file():
        there = Path(os.path.relpath(report, folder)).as_posix()
        link = f'<p><a href="{text(there)}">The report on its test part</a></p>'
    warnings = (*((standing.problem,) if standing.problem else ()), *run.warnings)
    judged = standing.validation
    training = sections.show_training(
        history_of(run), best_epoch=kept_epoch(run) if run.epochs else None, classes=run.classes
    )
    answers = (
        f'<div class="two"><div><h3>Classes</h3>{_classes(standing, judged)}</div>'
        f"<div><h3>Confusions on validation</h3>{show_small_matrix(judged)}</div></div>"
        if judged is not None and judged.samples
        else ""
    )
    return (
        f'<details class="run" id="{anchor}"{" open" if is_open else ""}><summary><span>{text(run.name)}</span>'
        f"<span>{text(describe_model(run))}</span><b>{score}</b></summary>"
        f'<div class="two"><div><h3>Made of</h3>{_facts(standing)}{link}</div>'
        f"<div><h3>Recipe <small>what differs from the defaults is marked</small></h3>"
        f'<pre class="recipe">{mark_recipe(run.recipe)}</pre></div></div>'
        f"{_warnings(warnings)}<h3>Training</h3>{training}{answers}</details>"
    )


def _facts(standing: Standing) -> str:
    run, pace = standing.run, describe_pace(standing.run)
    waiting = run.pace.get("waiting_share")
    speed = f", {pace}" if pace else ""
    waited = f", {percent(waiting)} of it waiting for pictures" if pace and isinstance(waiting, int | float) else ""
    rows = {
        "recipe": f"{run.recipe.get('name', '')}, {standing.recipe_digest[:16]}",
        "made": run.created_at,
        "time": f"{duration(run.elapsed_seconds)}{speed}{waited}",
        "epochs": describe_epochs(run),
        "parameters": ""
        if is_of_motion(run)
        else f"{count(run.parameters)}, {count(run.trained_parameters)} of them learnt here",
        "manifest": _digest(run.manifest),
        "split": f"{run.split.get('kind')}, {_digest(run.split)}",
        "weights": _digest(run.weights),
        "code": run.commit,
        "machine": ", ".join(f"{key} {said}" for key, said in run.machine.items() if not isinstance(said, Mapping)),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{text(said)}</dd>" for name, said in rows.items() if said)
    return f'<dl class="made">{listed}</dl>'


def _digest(file: Mapping[str, Any]) -> str:
    if not file.get("sha256"):
        return ""
    return f"{file.get('path') or 'in no file'}, sha256 {str(file['sha256'])[:16]}"


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    return f"<h3>Beware</h3>{sections.show_warnings(warnings)}"


def _classes(standing: Standing, judged: Judgement) -> str:
    """Return the scores per class on validation, and the recall on test where it was judged."""
    metrics = standing.metrics["test"]["metrics"] if standing.metrics else {}
    tested = "<th>recall<small>test</small></th>" if metrics else ""
    rows = "".join(
        f"<tr><th>{breakable(one.class_name)}</th><td>{count(one.labelled)}</td><td>{score_cell(one.f1.score)}</td>"
        f'<td class="wide">{_class_track(one)}</td>'
        f"<td>{score_cell(one.precision.score)}</td><td>{score_cell(one.recall.score)}</td>"
        + (f"<td>{_tested(metrics.get(f'recall/{one.class_name}'))}</td>" if metrics else "")
        + "</tr>"
        for one in judged.per_class
    )
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th>class</th><th>samples</th><th>F1</th>'
        f'<th class="wide">F1 from 0 to 1</th><th>precision</th><th>recall</th>{tested}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _class_track(one: ClassJudgement) -> str:
    value, blind = one.f1.value, one.always_f1.value
    dot = f'<i class="dot" style="left:{value * 100:.1f}%"></i>' if value is not None else ""
    tick = f'<i class="blind" style="left:{blind * 100:.1f}%"></i>' if blind is not None else ""
    return f'<div class="track" aria-hidden="true">{tick}{dot}</div>'


def _tested(metric: Any) -> str:
    value = metric.get("value") if isinstance(metric, Mapping) else None
    return number(value) if isinstance(value, int | float) else "–"


def show_small_matrix(judged: Judgement) -> str:
    """Return the confusion matrix as a small table, shaded by the share of its row."""
    if len(judged.classes) > _WIDEST_MATRIX:
        return f"<p>{len(judged.classes)} classes are too many for a table.</p>"
    head = "".join(f"<th><span>{text(name)}</span></th>" for name in judged.classes)
    rows = []
    for row, name in enumerate(judged.classes):
        labelled = int(judged.confusion[row].sum())
        cells = []
        for column in range(len(judged.classes)):
            samples = int(judged.confusion[row, column])
            share = samples / labelled if labelled else 0.0
            marks = (("hit", row == column), ("dark", share > _DARK), ("none", not samples))
            style = " ".join(mark for mark, holds in marks if holds)
            cells.append(f'<td class="{style}" style="--share:{share:.2f}">{count(samples)}</td>')
        rows.append(f"<tr><th>{text(name)}</th>{''.join(cells)}</tr>")
    return (
        '<div class="scroll"><table class="matrix small"><thead><tr><th class="corner">labelled</th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _unreadable(leaderboard: Leaderboard) -> str:
    if not leaderboard.unreadable:
        return ""
    listed = "".join(
        f"<li><b>{text(one.folder.name)}</b>: {text(one.reason)}</li>" for one in leaderboard.unreadable
    )  # fmt: skip
    return (
        f'<section id="unreadable"><div class="margin"><h2>Unreadable</h2><p>'
        f"{counted(len(leaderboard.unreadable), 'folder')} under runs/ from which no run can be read.</p></div>"
        f'<div class="body"><ul class="warnings">{listed}</ul></div></section>'
    )


def _rest(left: int) -> str:
    if not left:
        return ""
    return (
        f'<p class="foot">{counted(left, "more run")} would make this page too large: listed above only. '
        "<code>rushes runs page --task TASK</code> or <code>--last N</code> chooses which are shown.</p>"
    )


def _page(name: str) -> str:
    return (resources.files("rushes.evaluation") / "page" / name).read_text(encoding="utf-8")
