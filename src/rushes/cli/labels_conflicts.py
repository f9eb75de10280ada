"""`rushes labels conflicts`: where origins disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import opened, plural, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, TaskOption
from rushes.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from rushes.catalog.catalog import StoredFrame
    from rushes.labels.trust import Conflict

_SHOWN = 40
_KEYS = ("winner", "winner_class", "loser", "loser_class")
_FOR_REVIEW = (
    "image", "name", "class", "stands", "stands_class", "stands_place", "overruled", "overruled_class",
    "overruled_place",
)  # fmt: skip


def conflicts(
    pair: Annotated[
        str | None,
        typer.Option(metavar="WINNER:LOSER", help="Only where one origin overrules another: jonny:supervised."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="A .csv or .xlsx for review: fill in its column 'class', then import it.")
    ] = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List where origins disagree: what stands, what it overrules, and how often by origins and classes."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.labels.trust import conflicts as find_conflicts
        from rushes.labels.trust import count_class_conflicts, count_conflicts
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        if to is not None:
            _check_name(to)
        with open_catalog(place.catalog_place) as catalog:
            frames = {item.frame.id: item for item in catalog.frames()}
            found = find_conflicts(catalog.labels(task=wanted.name), place.trust_of(wanted))
        counts = count_conflicts(found)
        if pair is not None:
            found = _of_pair(found, pair, list(counts))
            counts = count_conflicts(found)
        by_class = count_class_conflicts(found)
        if to is not None:
            from rushes.labels.export_files import write_table

            write_table(to, _FOR_REVIEW, _review_rows(found, frames))
        rows = [
            (frames[clash.frame].frame.name, clash.winner.origin, clash.winner.class_name, clash.loser.origin,
             clash.loser.class_name)
            for clash in found
        ]  # fmt: skip
        if rows:
            columns = ["frame", "stands", "class", "overruled", "class"]
            door.show(table_of(None, columns, rows[:_SHOWN]))
        if len(rows) > _SHOWN:
            door.say(f"… and {len(rows) - _SHOWN} more; --json prints them all, --to FILE.csv writes them")
        if by_class:
            counted = [(*words, count) for words, count in list(by_class.items())[:_SHOWN]]
            door.show(table_of(None, ["stands", "class", "overruled", "class", "frames"], counted))
        for (winner, loser), count in counts.items():
            door.say(f"{winner} overrules {loser} on {plural(count, 'frame')}")
        door.say(f"{plural(len(found), 'conflict')}; trust: {' > '.join(place.trust_of(wanted))}")
        if to is not None:
            door.say(f"written: {to}")
        door.finish(
            {
                "conflicts": [dict(zip(("frame", *_KEYS), row, strict=True)) for row in rows],
                "pairs": [{"winner": pair[0], "loser": pair[1], "frames": count} for pair, count in counts.items()],
                "classes": [
                    dict(zip(_KEYS, words, strict=True)) | {"frames": count} for words, count in by_class.items()
                ],
                "path": str(to) if to else None,
            }
        )


def _of_pair(found: Sequence[Conflict], pair: str, known: Sequence[tuple[str, str]]) -> list[Conflict]:
    """Return the conflicts of one pair of origins.

    Raises:
        UsageError: there is no conflict of such a pair.
    """
    wanted = pair.strip().casefold()
    chosen = [clash for clash in found if _words(clash.winner.origin, clash.loser.origin).casefold() == wanted]
    if not chosen:
        pairs = [_words(*names) for names in known]
        hint = did_you_mean(pair, pairs) if pairs else "There are no conflicts at all"
        raise UsageError(f"--pair {pair}: no conflict of these two. {hint}")
    return chosen


def _words(winner: str, loser: str) -> str:
    return f"{winner}:{loser}"


def _check_name(to: Path) -> None:
    if to.suffix.casefold() not in (".csv", ".xlsx"):
        raise UsageError(f"--to {to}: conflicts are written as .csv or .xlsx")
    if to.exists():
        raise UsageError(f"--to {to}: it is there already, and may hold a review. Name another file")


def _review_rows(found: Sequence[Conflict], frames: Mapping[str, StoredFrame]) -> list[tuple[str, ...]]:
    return [
        (
            frames[clash.frame].image,
            frames[clash.frame].frame.name,
            "",
            clash.winner.origin,
            clash.winner.class_name or "",
            clash.winner.place,
            clash.loser.origin,
            clash.loser.class_name or "",
            clash.loser.place,
        )
        for clash in found
    ]
