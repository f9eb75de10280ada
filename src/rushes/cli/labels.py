"""`rushes labels`: statements from sheets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.labels_conflicts import conflicts
from rushes.cli.labels_errors import errors
from rushes.cli.labels_export import export
from rushes.cli.labels_picks import picks
from rushes.cli.labels_show import show
from rushes.cli.labels_suggest import suggest
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption, verbs_app
from rushes.errors import SheetError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.catalog.imports import Import
    from rushes.catalog.pull import PulledEpisode
    from rushes.labels.columns import PlannedSheets
    from rushes.labels.groups import GroupChange
    from rushes.labels.parse import Parsed

app = verbs_app("Statements that frames are of classes.")
MANY = ("--from",)

_UNMATCHED_SHOWN = 5
_GROUPS_SHOWN = 20


@app.command(name="import", epilog='Example: rushes labels import S01E01.xlsx --task rarity --map "FRAME NUMBER=frame"')
def import_sheet(
    sheet: Annotated[
        str,
        typer.Argument(help="A sheet, a link to Google Sheets, an export of Label Studio or CVAT, a dataset's folder."),
    ],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=MEANING: frame, source, ordinal, timecode, seconds, start, stop, last, "
                     "class, class:ORIGIN, origin, stated_at, group, subjects."),
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
        from rushes.catalog.imports import apply_import, find_absent, means_whole_file, plan_imports, read_known
        from rushes.labels.columns import plan_sheets
        from rushes.labels.season import is_season
        from rushes.labels.sheets.anywhere import read_sheets_at, shown
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        stated = dict(parse_mapping(words) for words in mapping or [])
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        found = read_sheets_at(sheet, root=place.root)
        if any(is_season(one.columns) for one in found):
            raise UsageError(
                f"{shown(sheet)}: is a season file, which says where the sheets are. Take them in: rushes labels pull "
                f"{shown(sheet)}"
            )
        sheets = plan_sheets(found, stated, task_name=wanted.name, known=place.columns)
        with open_catalog(place.catalog_place) as catalog:
            read = [table for table, _ in sheets]
            faulty = {fault.sheet for fault in sheets.faults}
            told = {table.key for table in read} | {table.key for table in found if table.name in faulty}
            absent = find_absent(catalog, wanted, found, said=told) if means_whole_file(sheet) else []
            keys = [key for table in read for key in (table.key, *table.former_keys)]
            dated = any(columns.stated_at is not None for _, columns in sheets)
            known = read_known(catalog, wanted, sheets=keys, dated=dated)
            planned = plan_imports(
                known, sheets, wanted, default_origin=origin, now=now, unread=[*sheets.faults, *absent]
            )
            faults = [*sheets.faults, *planned.faults]
            if strict and faults:
                raise SheetError(faults)
            if not dry_run:
                apply_import(catalog, planned)
        report_import(door, shown(sheet), planned, dry_run=dry_run)
        _report_groups(door, sheets, planned.regrouped, dry_run=dry_run)
        if sheets.skipped:
            door.say(f"{plural(len(sheets.skipped), 'worksheet')} without labels skipped: {', '.join(sheets.skipped)}")
        for fault in absent:
            door.warn(f"note: {fault}")
        for fault in faults:
            door.fail_item(str(fault))
        door.finish(
            {
                "rows": sum(parsed.row_count for parsed in planned.parsed),
                "statements": sum(len(parsed.labels) for parsed in planned.parsed),
                "appended": sum(label.class_name is not None for label in planned.new),
                "withdrawn": sum(label.class_name is None for label in planned.new),
                "overtaken": len(planned.overtaken),
                "withdrawals_held_back": bool(planned.held_back),
                "unmatched": [str(fault) for fault in planned.unmatched],
                "groups": planned.groups,
                "subjects": planned.subjects_set,
                "subjects_withdrawn": planned.subjects_withdrawn,
                "failed": door.failed,
                "dry_run": dry_run,
            }
        )


@app.command(epilog="Example: rushes labels pull S01-episodes.json --task rarity")
def pull(
    season_files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SEASONFILE…", help="Season files; otherwise those that rushes.toml names."),
    ] = None,
    season: Annotated[str | None, typer.Option(help="Only episodes of this season, as S01.")] = None,
    episode: Annotated[str | None, typer.Option(help="Only this episode of each season, as E01.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take nothing in of a sheet with anything faulty.")] = False,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Take the pictures of new frames to be at the base URL, as .jpg.")
    ] = False,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Read the sheet of every episode, and append what it states. What is faulty is listed, the rest is taken in.

    A sheet that cannot be reached keeps no other from being read. Rows that a sheet had before and has no more are
    withdrawn, unless other rows of it are faulty or of frames that are not in the catalog.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.pull import PullSettings, read_episodes
        from rushes.catalog.pull import pull as pull_episodes
        from rushes.project import find_project

        place = find_project(project)
        wanted = place.task(task)
        episodes = read_episodes(place, season_files or (), season=season, episode=episode)
        settings = PullSettings(strict=strict, check=not no_check, dry_run=dry_run)
        with door.progress("pull") as progress:
            pulled = pull_episodes(place, wanted, episodes, settings=settings, progress=progress)
        for one in pulled.episodes:
            report_pulled(door, one, dry_run=dry_run)
        for fault in pulled.faults:
            door.fail_item(str(fault))
        door.finish(
            {
                "episodes": [pulled_as_json(one) for one in pulled.episodes],
                "appended": sum(one.appended for one in pulled.episodes),
                "withdrawn": sum(one.withdrawn for one in pulled.episodes),
                "registered": sum(one.registered for one in pulled.episodes),
                "failed": door.failed,
                "dry_run": dry_run,
            }
        )


app.command(epilog="Example: rushes labels suggest --task rarity --page suggested.html")(suggest)
app.command(epilog="Example: rushes labels picks shoots/ --from xmp --rating 1")(picks)
app.command(epilog="Example: rushes labels conflicts --pair jonny:supervised --to review.csv")(conflicts)
app.command(epilog="Example: rushes labels errors 2026-11-20-120000-features")(errors)
app.command(epilog="Example: rushes labels show TT_S01_E01_FRM-00-00-08-12")(show)
app.command(epilog="Example: rushes labels export labels.xlsx --task rarity")(export)


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
    if planned.overtaken:
        count = plural(len(planned.overtaken), "statement adds", "statements add")
        door.say(f"{count} nothing: their origin has said otherwise since, {planned.overtaken[0].place} first")
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


def report_pulled(door: Door, one: PulledEpisode, *, dry_run: bool) -> None:
    """Say in a line what came of an episode's sheet; notes and rows that missed go to stderr, a few of each."""
    if one.planned is None:
        door.say(f"{one.stem}  {one.episode.title}: not taken in")
    else:
        missing = f", {len(one.unmatched)} of frames that are not in the catalog" if one.unmatched else ""
        would = "would be " if dry_run else ""
        took = (
            f"{one.appended:,} appended, {one.withdrawn:,} withdrawn, {plural(one.registered, 'new frame')}"
            + (f" in {', '.join(one.bases)}" if one.bases else "")
            if one.taken
            else "nothing taken in"
        )
        door.say(
            f"{one.stem}  {one.episode.title}: {plural(one.row_count, 'row')}, {len(one.faults)} faulty{missing}; "
            f"{would}{took}"
        )
    if one.planned is not None and one.taken:
        for change in one.planned.regrouped[:_GROUPS_SHOWN]:
            door.say(f"  the group {'would change' if dry_run else 'changed'}: {change}")
    if one.held_back and one.taken:
        door.warn(
            f"{one.episode.title}: nothing withdrawn, because rows are faulty or of frames that are not in the "
            "catalog, or worksheets were not read: of what it stated before, "
            f"{plural(one.held_back, 'statement is', 'statements are')} in no other row"
        )
    for fault in (*one.notes, *one.unmatched[:_UNMATCHED_SHOWN]):
        door.warn(f"note: {fault}")
    if len(one.unmatched) > _UNMATCHED_SHOWN:
        door.warn(f"… and {len(one.unmatched) - _UNMATCHED_SHOWN} more rows of frames that are not in the catalog")


def pulled_as_json(one: PulledEpisode) -> dict[str, Any]:
    """Return what came of an episode's sheet, as `labels pull --json` says it."""
    return {
        "season": one.episode.season,
        "episode": one.episode.episode,
        "title": one.episode.title,
        "name": one.stem,
        "taken": one.taken,
        "rows": one.row_count,
        "statements": one.statement_count,
        "appended": one.appended,
        "withdrawn": one.withdrawn,
        "registered": one.registered,
        "bases": list(one.bases),
        "held_back": one.held_back,
        "groups": dict(one.planned.groups) if one.planned is not None and one.taken else {},
        "faults": [str(fault) for fault in one.faults],
        "unmatched": [str(fault) for fault in one.unmatched],
        "notes": [str(fault) for fault in one.notes],
    }


def _why_held_back(parsed: Parsed, count: int) -> str:
    faulty = len({fault.row for fault in parsed.faults})
    reasons = [plural(faulty, "faulty row")] if faulty else []
    if parsed.is_whole:
        reasons = ["another worksheet of the file, which was not read whole"]
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
