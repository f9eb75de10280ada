"""`rushes labels`: statements from sheets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.labels_suggest import suggest
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption, verbs_app
from rushes.errors import SheetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.catalog.imports import Import
    from rushes.labels.columns import PlannedSheets
    from rushes.labels.groups import GroupChange
    from rushes.labels.parse import Parsed

app = verbs_app("Statements that frames are of classes.")

_UNMATCHED_SHOWN = 5
_GROUPS_SHOWN = 20
_CONFLICTS_SHOWN = 40


@app.command(name="import", epilog='Example: rushes labels import S01E01.xlsx --task rarity --map "FRAME NUMBER=frame"')
def import_sheet(
    sheet: Annotated[Path, typer.Argument(help="A CSV, TSV, XLSX or JSON Lines file.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=MEANING: frame, source, ordinal, timecode, seconds, start, stop, last, "
                     "class, class:ORIGIN, origin, group, subjects."),
    ] = None,
    origin: Annotated[str, typer.Option(help="Who answered, where the sheet does not say.")] = "supervised",
    strict: Annotated[bool, typer.Option("--strict", help="Take nothing in where a row is faulty.")] = False,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:  # fmt: skip
    """Append what a sheet states. Every faulty row is listed, and the others are taken in.

    Rows that a sheet had before and has no more are withdrawn, unless other rows of it are faulty or of frames that
    are not in the catalog. Nothing is ever overwritten.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from datetime import UTC, datetime

        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.imports import apply_import, plan_imports, read_known
        from rushes.labels.columns import plan_sheets
        from rushes.labels.sheets.files import read_sheets
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        stated = dict(parse_mapping(words) for words in mapping or [])
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        sheets = plan_sheets(read_sheets(sheet, root=place.root), stated, task_name=wanted.name, known=place.columns)
        with open_catalog(place.catalog_place) as catalog:
            planned = plan_imports(read_known(catalog, wanted), sheets, wanted, default_origin=origin, now=now)
            faults = [*sheets.faults, *planned.faults]
            if strict and faults:
                raise SheetError(faults)
            if not dry_run:
                apply_import(catalog, planned)
        report_import(door, str(sheet), planned, dry_run=dry_run)
        _report_groups(door, sheets, planned.regrouped, dry_run=dry_run)
        if sheets.skipped:
            door.say(f"{plural(len(sheets.skipped), 'worksheet')} without labels skipped: {', '.join(sheets.skipped)}")
        for fault in faults:
            door.fail_item(str(fault))
        door.finish(
            {
                "rows": sum(parsed.row_count for parsed in planned.parsed),
                "statements": sum(len(parsed.labels) for parsed in planned.parsed),
                "appended": sum(label.class_name is not None for label in planned.new),
                "withdrawn": sum(label.class_name is None for label in planned.new),
                "withdrawals_held_back": bool(planned.held_back),
                "unmatched": [str(fault) for fault in planned.unmatched],
                "groups": planned.groups,
                "subjects": planned.subjects_set,
                "subjects_withdrawn": planned.subjects_withdrawn,
                "failed": door.failed,
                "dry_run": dry_run,
            }
        )


@app.command(epilog="Example: rushes labels conflicts --task rarity")
def conflicts(
    task: TaskOption = None, project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False
) -> None:
    """List where origins disagree: what stands, what it overrules, and how often for each pair of origins."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.labels.trust import conflicts as find_conflicts
        from rushes.labels.trust import count_conflicts
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        with open_catalog(place.catalog_place) as catalog:
            names = {item.frame.id: item.frame.name for item in catalog.frames()}
            found = find_conflicts(catalog.labels(task=wanted.name), place.trust_of(wanted))
        rows = [
            [
                names[clash.frame],
                clash.winner.origin,
                clash.winner.class_name,
                clash.loser.origin,
                clash.loser.class_name,
            ]
            for clash in found
        ]
        if rows:
            columns = ["frame", "stands", "class", "overruled", "class"]
            door.show(table_of(None, columns, rows[:_CONFLICTS_SHOWN]))
        if len(rows) > _CONFLICTS_SHOWN:
            door.say(f"… and {len(rows) - _CONFLICTS_SHOWN} more; --json prints them all")
        counts = count_conflicts(found)
        for (winner, loser), count in counts.items():
            door.say(f"{winner} overrules {loser} on {plural(count, 'frame')}")
        door.say(f"{plural(len(found), 'conflict')}; trust: {' > '.join(place.trust_of(wanted))}")
        keys = ("frame", "winner", "winner_class", "loser", "loser_class")
        door.finish(
            {
                "conflicts": [dict(zip(keys, row, strict=True)) for row in rows],
                "pairs": [{"winner": pair[0], "loser": pair[1], "frames": count} for pair, count in counts.items()],
            }
        )


app.command(epilog="Example: rushes labels suggest --task rarity --page suggested.html")(suggest)


def parse_mapping(words: str) -> tuple[str, str]:
    """Return the column and the meaning that `COLUMN=MEANING` states.

    Raises:
        UsageError: the words are not of that form.
    """
    column, equals, meaning = words.rpartition("=")
    if not equals or not column.strip() or not meaning.strip():
        raise UsageError(f"--map {words}: write it as COLUMN=MEANING, for example 'FRAME NUMBER=frame'")
    return column.strip(), meaning.strip()


def report_import(door: Door, name: str, planned: Import, *, dry_run: bool) -> None:
    """Say what was read from a sheet and what it changed; what was held back and what missed goes to stderr."""
    rows = sum(parsed.row_count for parsed in planned.parsed)
    silent = sum(parsed.silent_count for parsed in planned.parsed)
    unmatched = planned.unmatched
    appended = sum(label.class_name is not None for label in planned.new)
    withdrawn = len(planned.new) - appended
    faulty = len(planned.faults)
    would = "would be " if dry_run else ""
    door.say(
        f"{name}: {plural(rows, 'row')}, {silent} without an answer, {faulty} faulty, {len(unmatched)} of frames that "
        f"are not in the catalog"
    )
    door.say(f"{plural(appended, 'statement')} {would}appended, {withdrawn} {would}withdrawn")
    _report_subjects(door, planned, would=would)
    for parsed in planned.parsed:
        if parsed.sheet in planned.held_back:
            door.warn(_why_held_back(parsed, planned.held_back[parsed.sheet]))
    for fault in unmatched[:_UNMATCHED_SHOWN]:
        door.warn(str(fault))
    if len(unmatched) > _UNMATCHED_SHOWN:
        door.warn(f"… and {len(unmatched) - _UNMATCHED_SHOWN} more rows of frames that are not in the catalog")
    if unmatched and len(unmatched) >= rows - silent:
        door.warn("no row names a frame of the catalog. Take the footage in first: rushes ingest FOOTAGE; or say "
                  "what the columns mean with --map")  # fmt: skip


def _report_subjects(door: Door, planned: Import, *, would: str) -> None:
    if planned.subjects:
        door.say(
            f"the subjects of {plural(planned.subjects_set, 'frame')} {would}set, of {planned.subjects_withdrawn} "
            f"{would}withdrawn"
        )
    lost = sum(len(parsed.without_frames) for parsed in planned.parsed)
    if lost:
        door.say(f"{plural(lost, 'row')} with subjects alone, of frames that are not in the catalog")
    if planned.subjects_held_back:
        door.warn(
            f"the subjects of {plural(planned.subjects_held_back, 'frame')} are in no row any more, and are kept: some "
            "rows are faulty or of frames that are not in the catalog"
        )


def _why_held_back(parsed: Parsed, count: int) -> str:
    faulty = len({fault.row for fault in parsed.faults})
    reasons = [plural(faulty, "faulty row")] if faulty else []
    if parsed.unmatched:
        reasons.append(f"{plural(len(parsed.unmatched), 'row')} of frames that are not in the catalog")
    return (
        f"{parsed.sheet}: nothing withdrawn, because of {' and '.join(reasons)}: of what it stated before, "
        f"{plural(count, 'statement is', 'statements are')} in no other row. Correct or delete these rows, or take "
        "their frames in, then import it again"
    )


def _report_groups(door: Door, sheets: PlannedSheets, regrouped: Sequence[GroupChange], *, dry_run: bool) -> None:
    from rushes.labels.columns import unused_group_column

    if regrouped:
        moved = "would change" if dry_run else "changed"
        door.say(f"the group of {plural(len(regrouped), 'source')} {moved}:")
    for change in regrouped[:_GROUPS_SHOWN]:
        door.say(f"  {change}")
    if len(regrouped) > _GROUPS_SHOWN:
        door.say(f"  … and {len(regrouped) - _GROUPS_SHOWN} more")
    for table, columns in sheets:
        name = unused_group_column(table.columns, columns)
        if name is not None:
            door.warn(f"{table.name}: the column '{name}' is not used. If it says which group a film or photograph "
                      f'is in, add --map "{name}=group"')  # fmt: skip
