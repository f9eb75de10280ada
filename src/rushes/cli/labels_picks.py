"""`rushes labels picks`: what a photographer decided before, as labels."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, TaskOption
from rushes.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.catalog.picks import FoundPhotographs
    from rushes.labels.picks import PickPlan, Told, Unrated, Way
    from rushes.project import Project, Task
    from rushes.storage.places import Place

_SHOWN = 10
_WAYS = ("xmp", "folders", "names", "delivered")
_UNRATED = ("reject", "nothing")


def picks(
    places: Annotated[
        list[str], typer.Argument(metavar="PLACE…", help="Shoots, or the folder around them, as they were taken in.")
    ],
    way: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="WAY", help="xmp, folders, names FILE…, or delivered FOLDER…"),
    ] = None,
    rating: Annotated[
        int | None, typer.Option(min=1, max=5, help="From how many stars on it is a pick; otherwise 1.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="A colour label that makes a pick.")] = None,
    reject_label: Annotated[list[str] | None, typer.Option(help="A colour label that makes a reject.")] = None,
    pick_folder: Annotated[list[str] | None, typer.Option(help="Name of folders of picks.")] = None,
    reject_folder: Annotated[list[str] | None, typer.Option(help="Name of folders of rejects.")] = None,
    column: Annotated[str | None, typer.Option(help="Column of names; otherwise the one that names most.")] = None,
    unrated: Annotated[
        str | None,
        typer.Option(help="reject or nothing: what an unrated photograph is in a shoot with picks."),
    ] = None,
    keep: Annotated[str | None, typer.Option(metavar="CLASS", help="Class of picks.")] = None,
    drop: Annotated[str | None, typer.Option(metavar="CLASS", help="Class of rejects.")] = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """State which photographs were picked and which rejected, by marks, folders, lists of names or deliveries.

    Read again, what was taken back is withdrawn. Nothing is overwritten, and no photograph is written to.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.project import find_project

        found_way, of = _parse_way(way or [])
        marks = {"--rating": rating, "--label": label, "--reject-label": reject_label}
        folders = {"--pick-folder": pick_folder, "--reject-folder": reject_folder}
        _check_options(found_way, {**marks, **folders, "--column": column})
        asked = _Asked(
            way=found_way,
            of=of,
            places=places,
            marks=(rating, label, reject_label),
            folders=(pick_folder, reject_folder),
            column=column,
            unrated=_parse_unrated(unrated, found_way),
            named=(keep, drop),
        )
        _state(door, find_project(project), task, asked, dry_run=dry_run)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for, as the options say it.

    Attributes:
        of: files or folders behind the way.
        marks: stars, labels of picks and labels of rejects.
        folders: names of folders of picks, and of rejects.
        named: classes of picks and of rejects; None where they are not named.
    """

    way: Way
    of: Sequence[str]
    places: Sequence[str]
    marks: tuple[int | None, list[str] | None, list[str] | None]
    folders: tuple[list[str] | None, list[str] | None]
    column: str | None
    unrated: Unrated
    named: tuple[str | None, str | None]


def _state(door: Door, place: Project, task: str | None, asked: _Asked, *, dry_run: bool) -> None:
    """Append what was picked and rejected to the catalog, and report it."""
    from datetime import UTC, datetime

    from rushes.catalog.catalog import open_catalog
    from rushes.catalog.picks import find_photographs
    from rushes.labels.picks import ORIGINS, pick_classes, plan_picks
    from rushes.storage.places import parse_place

    wanted = place.task(task)
    classes = pick_classes(wanted, keep=asked.named[0], drop=asked.named[1])
    shoots = [parse_place(text) for text in asked.places]
    apart = [parse_place(text) for text in asked.of] if asked.way == "delivered" else []
    with open_catalog(place.catalog_place) as catalog:
        found = find_photographs(catalog, shoots, apart=apart)
        _check_found(found, asked.places)
        told = _tell(door, place, found, asked, shoots, apart)
        plan = plan_picks(
            found.photographs,
            told,
            wanted,
            classes=classes,
            origin=ORIGINS[asked.way],
            unrated=asked.unrated,
            previous=catalog.labels(task=wanted.name),
            now=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
        if not dry_run:
            catalog.append_labels(plan.new)
    _report(door, plan, classes, dry_run=dry_run)
    for note in told.notes:
        door.warn(f"note: {note}")
    _report_lacks(door, found, plan, asked.places)
    _finish(door, place, wanted, asked.way, classes, found, plan, dry_run=dry_run)


def _tell(
    door: Door, place: Project, found: FoundPhotographs, asked: _Asked, shoots: Sequence[Place], apart: Sequence[Place]
) -> Told:
    """Return what the way tells of photographs."""
    if asked.way == "folders":
        return _tell_folders(place, found, shoots, *asked.folders)
    if asked.way == "delivered":
        return _tell_delivered(place, found, apart)
    return _tell_marks(door, place, found, asked.of, asked.column, asked.marks)


def _finish(
    door: Door,
    place: Project,
    task: Task,
    way: Way,
    classes: tuple[str, str],
    found: FoundPhotographs,
    plan: PickPlan,
    *,
    dry_run: bool,
) -> None:
    """Say what follows, and give everything to scripts."""
    from rushes.labels.picks import ORIGINS

    origin = ORIGINS[way]
    if origin not in {one.casefold() for one in place.trust_of(task)}:
        door.warn(f"note: '{origin}' is not in the order of trust of rushes.toml, so that any origin in it wins")
    follow = _next_commands(task)
    if plan.decisions and not dry_run:
        door.say("\nNext:")
        for line in follow:
            door.say(f"  {line}")
    door.finish(
        {
            "way": way,
            "origin": origin,
            "keep": classes[0],
            "drop": classes[1],
            "shoots": [asdict(one) for one in plan.shoots],
            "picks": sum(one.picks for one in plan.shoots),
            "rejects": sum(one.rejects for one in plan.shoots),
            "unstated": sum(one.unstated for one in plan.shoots),
            "hard": sum(one.hard for one in plan.shoots),
            "appended": sum(one.class_name is not None for one in plan.new),
            "withdrawn": sum(one.class_name is None for one in plan.new),
            "contradictions": list(plan.contradictions),
            "unmatched": list(plan.unmatched),
            "not_in_catalog": [str(file) for file in found.strangers],
            "gone": list(found.gone),
            "next": follow,
            "failed": door.failed,
            "dry_run": dry_run,
        }
    )


def _parse_way(words: Sequence[str]) -> tuple[Way, Sequence[str]]:
    """Return the way and the files or folders behind it.

    Raises:
        UsageError: there is no such way, or it has too few or too many words.
    """
    if not words:
        raise UsageError("say what the picks are read from: --from xmp, --from folders, --from names FILE or --from "
                         "delivered FOLDER")  # fmt: skip
    word, *of = words
    if word not in _WAYS:
        raise UsageError(f"--from {word}: {did_you_mean(word, _WAYS)}")
    if word == "names" and not of:
        raise UsageError("--from names: name the list behind it, --from names picks.csv")
    if word == "delivered" and not of:
        raise UsageError("--from delivered: name the folder of delivered pictures behind it, --from delivered jpegs/")
    if word in ("xmp", "folders") and of:
        raise UsageError(f"--from {word} {of[0]}: nothing stands behind it. Name places before it: rushes labels picks "
                         f"{of[0]} --from {word}")  # fmt: skip
    return cast("Way", word), of


def _check_options(way: Way, given: dict[str, object]) -> None:
    """Raise UsageError where an option was given that the way does not look at."""
    of_way = {
        "xmp": ("--rating", "--label", "--reject-label"),
        "names": ("--rating", "--label", "--reject-label", "--column"),
        "folders": ("--pick-folder", "--reject-folder"),
        "delivered": (),
    }[way]
    for option, value in given.items():
        if value is not None and option not in of_way:
            allowed = f"It takes {', '.join(of_way)}" if of_way else "It takes none of these options"
            raise UsageError(f"{option} says nothing with --from {way}. {allowed}")


def _parse_unrated(text: str | None, way: Way) -> Unrated:
    if text is None:
        return "nothing" if way == "folders" else "culled"
    if text not in _UNRATED:
        raise UsageError(f"--unrated {text}: {did_you_mean(text, _UNRATED)}")
    return cast("Unrated", text)


def _check_found(found: FoundPhotographs, places: Sequence[str]) -> None:
    if found.photographs:
        return
    if found.missing and not found.strangers:
        raise UsageError(str(found.missing[0]))
    raise UsageError(
        f"the catalog holds no photograph that is at {' or '.join(places)}. Take them in first: rushes ingest "
        f"{shlex.join(places)} --shoots"
    )


def _tell_folders(
    place: Project,
    found: FoundPhotographs,
    asked: Sequence[Place],
    picked: list[str] | None,
    rejected: list[str] | None,
) -> Told:
    from dataclasses import replace

    from rushes.inference.cull_folders import culls_home
    from rushes.inference.cull_gathered import find_gathered
    from rushes.labels.pick_delivered import match_pictures
    from rushes.labels.pick_folders import PICK_FOLDERS, REJECT_FOLDERS, tell_folders

    # What was exported of a raw into a folder speaks for the raw.
    made: dict[str, list[Place]] = {}
    for match in match_pictures(found.photographs, found.exports, time_of=_time_of):
        for frame in match.frames:
            made.setdefault(frame, []).append(match.file)
    photographs = [replace(one, files=(*one.files, *made.get(one.frame, ()))) for one in found.photographs]
    gathered = find_gathered((culls_home(place), culls_home(None)))
    return tell_folders(
        photographs,
        asked,
        picks=picked or PICK_FOLDERS,
        rejects=rejected or REJECT_FOLDERS,
        is_gathered=gathered.__contains__,
    )


def _tell_delivered(place: Project, found: FoundPhotographs, folders: Sequence[Place]) -> Told:
    from rushes.footage.kinds import find_media, kind_of
    from rushes.footage.sources import address_of
    from rushes.labels.pick_delivered import tell_delivered

    root = f"{place.root}/"
    delivered: dict[str, list[Place]] = {}
    for folder in folders:
        files = [file for file in find_media(folder) if kind_of(file) == "photo"]
        if not files:
            raise UsageError(f"--from delivered {folder}: holds no pictures. Name the folder that they are in")
        delivered[f"delivered {address_of(folder).removeprefix(root)}"] = files
    return tell_delivered(found.photographs, delivered, time_of=_time_of)


def _time_of(file: Place) -> str | None:
    """Return when a picture was taken; its name counts alone where it does not say or cannot be read."""
    from rushes.errors import MediaError
    from rushes.footage.sources import capture_time_of_still

    try:
        return capture_time_of_still(file)
    except (MediaError, OSError):
        return None


def _tell_marks(
    door: Door,
    place: Project,
    found: FoundPhotographs,
    files: Sequence[str],
    column: str | None,
    marks: tuple[int | None, list[str] | None, list[str] | None],
) -> Told:
    from rushes.labels.pick_marks import MarkRule, tell_marks
    from rushes.labels.pick_names import tell_names
    from rushes.labels.sheets.anywhere import read_sheets_at

    rating, labels, reject_labels = marks
    stars = rating if rating is not None else (None if labels else 1)
    rule = MarkRule(stars, tuple(labels or ()), tuple(reject_labels or ()))
    if files:
        sheets = [sheet for file in files for sheet in read_sheets_at(file, root=place.root)]
        return tell_names(found.photographs, found.refs, sheets, rule, column=column)
    with door.progress("marks") as progress:
        return tell_marks(found.photographs, rule, progress=progress)


def _report(door: Door, plan: PickPlan, classes: tuple[str, str], *, dry_run: bool) -> None:
    door.show(
        table_of(
            None,
            ("shoot", "photographs", "picks", "rejects", "of these unrated", "unstated", "hard"),
            [
                (one.shoot, one.photographs, one.picks, one.rejects, one.unrated_rejects, one.unstated, one.hard)
                for one in plan.shoots
            ],
        )
    )
    would = "would be " if dry_run else ""
    appended = sum(label.class_name is not None for label in plan.new)
    picked = sum(one.picks for one in plan.shoots)
    rejected = sum(one.rejects for one in plan.shoots)
    door.say(
        f"{plural(picked, 'pick')} ({classes[0]}) and {plural(rejected, 'reject')} ({classes[1]}): "
        f"{plural(appended, 'statement')} {would}appended, {len(plan.new) - appended} {would}withdrawn"
    )
    guessed = sum(one.unrated_rejects for one in plan.shoots)
    if guessed:
        door.say(f"{plural(guessed, 'unrated photograph')} of shoots with picks taken for rejects; --unrated nothing "
                 "leaves them out")  # fmt: skip
    hard = sum(one.hard for one in plan.shoots)
    if hard:
        door.say(f"hardest to learn: {plural(hard, 'reject')} that look like a pick taken within two seconds")
    for one in plan.shoots:
        for warning in one.warnings:
            door.warn(f"{one.shoot} {warning}")


def _report_lacks(door: Door, found: FoundPhotographs, plan: PickPlan, places: Sequence[str]) -> None:
    for text in plan.unmatched[:_SHOWN]:
        door.warn(text)
    if len(plan.unmatched) > _SHOWN:
        door.warn(f"… and {len(plan.unmatched) - _SHOWN} more names that are of no photograph that was asked for")
    if found.strangers:
        door.warn(
            f"not in the catalog: {plural(len(found.strangers), 'photograph')} of these places, {found.strangers[0]} "
            f"first. Take them in: rushes ingest {shlex.join(places)} --shoots"
        )
    if found.gone:
        door.warn(
            f"no longer there: {plural(len(found.gone), 'photograph')} of the catalog, {found.gone[0]} first; what is "
            "stated of them stays. If they were moved, take them in again"
        )
    for text in (*plan.problems, *plan.contradictions, *(str(one) for one in found.missing)):
        door.fail_item(text)


def _next_commands(task: Task) -> list[str]:
    name = shlex.quote(task.name)
    return [
        f"rushes labels conflicts --task {name}",
        f"rushes manifest build --task {name}",
        f"rushes split make --task {name}",
        f"rushes train {'cull-quality' if 'select' in task.classes else 'features'} --set task={name}",
    ]
