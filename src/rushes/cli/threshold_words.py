"""Thresholds on the command line: what is wanted of them, and what they cost, in words and a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rushes.cli.door import Door, table_of
from rushes.errors import UsageError, did_you_mean
from rushes.wish import Wish, parse_wish

if TYPE_CHECKING:
    from rushes.learning.runs import Run
    from rushes.project import Project

THRESHOLDS_FILE = "thresholds.json"
_EXAMPLE = "--want 'Legendary: recall >= 0.95'"


def wishes_for(run: Run, place: Project, wants: Sequence[str]) -> dict[str, Wish]:
    """Return class -> what is wanted of its threshold: `--want`, else rushes.toml, else what was asked for before.

    Raises:
        UsageError: a `--want` cannot be understood, names no class of the run, or asks twice of one class.
    """
    task = place.tasks.get(run.task)
    wishes = {**_asked_before(run), **(task.thresholds if task else {})}
    said: dict[str, str] = {}
    for words in wants:
        name, wish = _parse_want(words)
        found = _class_of(name, run, place)
        if found is None:
            raise UsageError(f"--want '{words}': '{name}' is no class of {run.name}. {did_you_mean(name, run.classes)}")
        wishes[found] = _once(said, found, words, wish)
    return wishes


def _asked_before(run: Run) -> dict[str, Wish]:
    """Return the wishes in a run's `thresholds.json` that somebody stated; none where it holds nothing of the kind."""
    try:
        table = json.loads((run.folder / THRESHOLDS_FILE).read_text(encoding="utf-8"))
        stated = {name: one["wish"] for name, one in table["thresholds"].items() if one["stated"]}
        return {name: parse_wish(words) for name, words in stated.items() if name in run.classes}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _once(said: dict[str, str], found: str, words: str, wish: Wish) -> Wish:
    """Return the wish for a class that was asked for with these words, or raise where another was."""
    if found in said:
        raise UsageError(f"--want '{words}' and --want '{said[found]}': a class has one threshold. Keep one of them")
    said[found] = words
    return wish


def wishes_for_shots(runs: Mapping[str, Run], place: Project, wants: Sequence[str]) -> dict[str, dict[str, Wish]]:
    """Return the same for each task of a run of shots; a class is looked for in all tasks.

    Raises:
        UsageError: as for `wishes_for`, or two tasks have a class of that name.
    """
    wishes = {task: wishes_for(run, place, ()) for task, run in runs.items()}
    said: dict[str, str] = {}
    for words in wants:
        name, wish = _parse_want(words)
        holding = {task: found for task, run in runs.items() if (found := _class_of(name, run, place)) is not None}
        if len(holding) > 1:
            raise UsageError(f"--want '{words}': '{name}' is a class of {' and of '.join(holding)}. Say it in "
                             "rushes.toml, under [tasks.NAME.thresholds]")  # fmt: skip
        if not holding:
            classes = [one for run in runs.values() for one in run.classes]
            raise UsageError(f"--want '{words}': '{name}' is no class of the run. {did_you_mean(name, classes)}")
        for task, found in holding.items():
            wishes[task][found] = _once(said, found, words, wish)
    return wishes


def show_thresholds(door: Door, thresholds: Mapping[str, Any] | None) -> None:
    """Print the thresholds that somebody asked for, with what they cost; nothing where nobody did."""
    rows = [
        [name, one["wish"], _number(one["threshold"]), _costs(one["validation"]), _costs(one["test"])]
        for name, one in (thresholds or {}).items()
        if one["stated"]
    ]
    if rows:
        costs = [f"{part}: recall, precision, FPR" for part in ("validation", "test")]
        door.show(table_of(None, ["class", "wish", "threshold", *costs], rows))


def _parse_want(words: str) -> tuple[str, Wish]:
    name, colon, wanted = words.rpartition(":")
    if not colon or not name.strip():
        raise UsageError(f"--want '{words}': write the class, a colon and the wish: {_EXAMPLE}")
    try:
        return name.strip(), parse_wish(wanted.strip())
    except ValueError as error:
        raise UsageError(f"--want '{words}': {error}") from None


def _class_of(word: str, run: Run, place: Project) -> str | None:
    """Return the class of a run that a word names, case aside; also by the aliases of the project's task."""
    spellings = {name.casefold(): name for name in run.classes}
    task = place.tasks.get(run.task)
    aliased = task.class_of(word) if task else None
    return spellings.get(word.casefold()) or (aliased if aliased in run.classes else None)


def _costs(part: Mapping[str, Any] | None) -> str | None:
    return "  ".join(_number(part[key]["value"]) or "–" for key in ("recall", "precision", "fpr")) if part else None


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
