"""`rushes review`: the page on which people look and decide, and what they decided as sidecars or a sheet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.options import (
    DebugOption,
    DryRunOption,
    JsonOption,
    ProjectOption,
    TaskOption,
    ThreadsOption,
    short_app,
)
from rushes.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from rushes.catalog.catalog import Catalog
    from rushes.inference.cull_outputs import Decided, Outputs
    from rushes.inference.verdicts import Cull
    from rushes.project import Project
    from rushes.review.session import Opening, Review
    from rushes.xmp.marks import Marks

FIRST = "page"  # what `rushes review [PLACE]` is short for


app = short_app(FIRST)


@app.callback()
def review() -> None:
    """Look at samples on a page, decide, and write what was decided as a sheet or where an editor reads it.

    `rushes review PLACE` is short for `rushes review page PLACE`.
    """


PlaceArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[PLACE]", help="A shoot's folder, or a cull's folder or name; otherwise everything."),
]
GroupOption = Annotated[str | None, typer.Option("--group", help="One group of the project: a shoot.")]
PickOption = Annotated[
    str | None,
    typer.Option("--pick", metavar="CLASS", help="Of two classes the one that P states; otherwise what is called so."),
]
QueueOption = Annotated[
    Path | None,
    typer.Option("--queue", metavar="SHEET", help="A queue of 'labels errors' or 'iterate', in its order."),
]


@app.command(epilog="Example: rushes review photos/wedding --task select")
def page(
    place: PlaceArgument = None,
    group: GroupOption = None,
    queue: QueueOption = None,
    pick: PickOption = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="RUN|BUNDLE", help="Whose answers are shown; otherwise the newest run's, or the cull's."),
    ] = None,
    order: Annotated[
        str, typer.Option(help="capture, doubt, disagreement, label-error, audit or score; the page can change it.")
    ] = "capture",
    person: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Who decides; otherwise the user of this machine.")
    ] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Open on a random draw: of a cull's rejects, or of all.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the server; 0 takes the last one, or any that is free.")
    ] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address, and open no browser.")] = False,
    task: TaskOption = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Serve a page on this machine on which samples get their classes, and photographs are picked, rated and coloured.

    What is decided is in the catalog at once, as labels of the origin `review:NAME`. Ctrl-C ends the server.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.review.serve import require_app

        require_app()
        from rushes.catalog.catalog import open_catalog
        from rushes.project import find_project

        home = find_project(project)
        by = _person(person)
        _check_order(order)
        with open_catalog(home.catalog_place, outlasts_power=True) as catalog:
            place_of = _Where(place, group, queue)
            found = _gather(door, home, catalog, place_of, pick=pick, task=task, threads=threads)
            opening = _opening(found, by=by, order=order, audit=audit)
            _serve(door, home, catalog, found, opening, model=model, port=port, opens=not no_open, threads=threads)


@app.command(epilog="Example: rushes review marks 2026-11-26-lake-at-dawn --xmp adobe")
def marks(
    place: PlaceArgument = None,
    xmp: Annotated[
        str | None,
        typer.Option("--xmp", metavar="PROFILE", help="Sidecars: adobe, bridge, darktable, photomechanic, digikam."),
    ] = None,
    xmp_to: Annotated[
        Path | None, typer.Option("--xmp-to", help="Folder for the sidecars; otherwise beside the photographs.")
    ] = None,
    group: GroupOption = None,
    pick: PickOption = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write what was decided on the page into XMP sidecars: picks and rejects, stars and colours.

    What a person decided overwrites what stands there; all else in a sidecar stays. `rushes cull undo` takes it back.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from datetime import UTC, datetime

        from rushes.catalog.catalog import open_catalog
        from rushes.inference.cull_folders import culls_home, name_cull
        from rushes.inference.cull_outputs import Outputs
        from rushes.project import find_project
        from rushes.review.marks_out import marks_of_review, reviewed_cull
        from rushes.review.serve import decisions_of
        from rushes.xmp.profiles import PROFILES

        if xmp is None or xmp not in PROFILES:
            said = f"--xmp {xmp}: " if xmp is not None else "say which sidecars with --xmp PROFILE. "
            raise UsageError(f"{said}{did_you_mean(xmp or '', list(PROFILES))}")
        home = find_project(project)
        with open_catalog(home.catalog_place) as catalog:
            asked = _Where(place, group)
            found = _gather(door, home, catalog, asked, pick=pick, task=task, threads=None, takes_in=False)
            states = decisions_of(found, catalog=catalog, project=home).states()
        decided = marks_of_review(found, states)
        if not decided:
            raise UsageError(f"nothing of {found.title} was decided on the page. Decide first: rushes review")
        now = datetime.now(UTC)
        name = name_cull(culls_home(home), shoot=Path(f"{Path(found.items[0].path).parent.name}-reviewed"), now=now)
        made = reviewed_cull(found, states, name=name, created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}")
        if dry_run:
            for path, one in decided.items():
                door.say(f"{path}: {_words_of(one.marks)}")
            door.finish({"photographs": len(decided), "folder": None, "applied": None, "dry_run": True})
        applied = _write(door, made, decided, Outputs(profile=xmp, xmp_to=xmp_to), home.culls_folder / name)
        door.say(f"Take it back: rushes cull undo {name}")
        report = {"photographs": len(decided), "folder": str(home.culls_folder / name), "applied": applied}
        door.finish(report | {"dry_run": False, "failed": door.failed})


@app.command(epilog="Example: rushes review sheet decided.csv --task scale --by ann")
def sheet(
    file: Annotated[Path, typer.Argument(help="A .csv, .xlsx, .jsonl, or .json (for Label Studio).")],
    place: Annotated[
        Path | None, typer.Option(metavar="PLACE", help="A shoot's folder, or a cull; otherwise everything.")
    ] = None,
    group: GroupOption = None,
    queue: QueueOption = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="One person's decisions alone.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write what was decided in reviews as a sheet, each with its origin and time, that `labels import` reads back."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.frame_refs import frame_refs
        from rushes.labels.export import plan_export
        from rushes.labels.export_files import check_new_export, write_export
        from rushes.project import find_project
        from rushes.review.sheet_out import decisions_in

        home = find_project(project)
        check_new_export(file, overwrite=overwrite)
        with open_catalog(home.catalog_place) as catalog:
            asked = _Where(place, group, queue)
            found = _gather(door, home, catalog, asked, pick=None, task=task, threads=None, takes_in=False)
            person = _person(by) if by is not None else None
            said = decisions_in(catalog.labels(task=found.task), found, by=person)
            refs = [ref for ref in frame_refs(catalog.frames(), catalog.sources()) if ref.id in found.by_id]
            planned = plan_export(
                refs,
                said,
                home.trust_of(home.task(found.task)),
                subjects={},
                all_statements=False,
                unlabelled=False,
            )
        if not planned:
            whom = f" by {person}" if person is not None else ""
            raise UsageError(f"nothing of {found.title} was decided in a review{whom}. Decide first: rushes review")
        if not dry_run:
            write_export(file, planned, task_name=found.task, all_statements=False)
        door.say(f"{plural(len(planned), 'decision')} {'would be written' if dry_run else 'written'}: {file}")
        door.say(f"Read it elsewhere: rushes labels import {file} --task {found.task}")
        door.finish({"path": None if dry_run else str(file), "task": found.task, "decisions": len(planned)})


def _write(door: Door, made: Cull, decided: dict[str, Decided], outputs: Outputs, folder: Path) -> dict[str, Any]:
    from dataclasses import asdict

    from rushes.cli.cull_words import say_applied, say_unread
    from rushes.inference.cull_apply import apply_cull

    say_unread(door, made, outputs.profile)
    with door.progress("write") as progress:
        applied = apply_cull(made, outputs, folder=folder, decided=decided, progress=progress)
    say_applied(door, applied)
    for one in applied.failures:
        door.fail_item(str(one))
    if applied.stopped:
        door.fail_item(applied.stopped)
    return asdict(applied)


def _words_of(marks: Marks) -> str:
    said = [marks.flag or "", "" if marks.rating is None else plural(marks.rating, "star"), marks.label or ""]
    return ", ".join(one for one in said if one)


@dataclass(frozen=True, slots=True)
class _Where:
    """What the command line names to review; nothing of it is all of the project."""

    place: Path | None = None
    group: str | None = None
    queue: Path | None = None


def _person(named: str | None) -> str:
    from rushes.review.people import person_at_the_machine, person_from

    if named is None:
        return person_at_the_machine()
    try:
        return person_from(named)
    except ValueError as error:
        raise UsageError(f"--as: {error}") from None


def _check_order(order: str) -> None:
    from rushes.review.session import ORDERS

    if order not in ORDERS:
        raise UsageError(f"--order {order}: there is no such order. {did_you_mean(order, ORDERS)}")


def _opening(found: Review, *, by: str, order: str, audit: bool) -> Opening:
    from rushes.review.session import Opening, drawn_order

    if (audit or order == "audit") and not drawn_order(found):
        raise UsageError("--audit: there is no audit sample here. Name a cull that drew one")
    return Opening(by, "audit" if audit else "all", "audit" if audit else order)


def _gather(
    door: Door,
    home: Project,
    catalog: Catalog,
    asked: _Where,
    *,
    pick: str | None,
    task: str | None,
    threads: int | None,
    takes_in: bool = True,
) -> Review:
    named = {"PLACE": asked.place, "--group": asked.group, "--queue": asked.queue}
    if len(given := [name for name, value in named.items() if value is not None]) > 1:
        raise UsageError(f"{' and '.join(given)} say {'two' if len(given) == 2 else 'three'} things. Give one of them")
    from rushes.review import gather
    from rushes.review.session import culling_of

    place = asked.place
    cull = gather.read_cull(home, place) if place is not None else None
    if cull is not None:
        if pick is not None:
            raise UsageError(f"--pick: the cull '{cull.name}' states the class to keep, {cull.class_name}")
        wanted = home.task(task or cull.task)
        if cull.task != wanted.name:
            raise UsageError(gather.of_another_task(cull, wanted))
        culling_of(wanted, pick=cull.class_name)
        if takes_in:
            _take_in(door, home, catalog, gather.photographs_of_cull(cull), threads=threads)
        found = gather.review_of_cull(catalog, wanted, cull)
        if found.absent:
            door.warn(f"note: {plural(len(found.absent), 'photograph')} of the cull can no longer be read "
                      f"and are left out, {found.absent[0]} first")  # fmt: skip
        return found
    wanted = home.task(task)
    culling_of(wanted, pick=pick)
    if place is not None:
        if not place.is_dir():
            raise UsageError(f"{place}: is neither a folder of photographs nor a cull of this project")
        if takes_in:
            _take_in(door, home, catalog, gather.media_below(place), threads=threads)
        return gather.review_of_folder(catalog, wanted, place, pick=pick)
    if asked.queue is not None:
        return gather.review_of_queue(catalog, wanted, asked.queue, root=home.root, pick=pick)
    if asked.group is not None:
        return gather.review_of_group(catalog, wanted, asked.group, pick=pick)
    return gather.review_of_task(catalog, wanted, project=home, pick=pick)


def _take_in(door: Door, home: Project, catalog: Catalog, paths: list[Path], *, threads: int | None) -> None:
    """Take in what the catalog does not know yet, as `rushes ingest` would."""
    from rushes.review.gather import files_not_taken_in

    if not files_not_taken_in(catalog, paths):
        return
    from rushes.catalog.ingest import ingest, plan_ingest
    from rushes.catalog.intake import Ingested, IngestSettings
    from rushes.cli.footage_words import parse_format, parse_picture_size, parse_sampling
    from rushes.cores import count_cores
    from rushes.footage.source import Unreadable

    defaults = home.ingest
    settings = IngestSettings(
        sampling=parse_sampling(
            None, None, every_frame=False, keyframes=False, at=None, per_shot=None, default=defaults.every
        ),
        size=parse_picture_size(defaults.size),
        format=parse_format(defaults.format),
        quality=defaults.quality,
        raw="preview",
    )
    wanted, lacks = plan_ingest(list(paths), group=None, class_folders=None)
    with door.progress("ingest") as progress:
        count = threads or min(4, count_cores())
        for outcome in ingest(
            wanted,
            catalog=catalog,
            root=home.root,
            scans=home.scans_folder,
            settings=settings,
            threads=count,
            progress=progress,
            store=home.store,
        ):
            lacks += outcome.lost if isinstance(outcome, Ingested) else (outcome,)
    for lack in lacks:
        assert isinstance(lack, Unreadable)
        door.warn(f"left out: {lack}")


def _serve(
    door: Door,
    home: Project,
    catalog: Catalog,
    found: Review,
    opening: Opening,
    *,
    model: Path | None,
    port: int,
    opens: bool,
    threads: int | None,
) -> None:
    import json
    import sys
    import webbrowser

    from rushes.studio.reviewing import serve_review

    what = "photograph" if all(item.is_still for item in found.items) else "sample"

    def started(address: str, once: str) -> None:
        door.say(f"{found.title}: {plural(len(found.items), what)}, task {found.task}, {_keys_of(found)}")
        door.say(f"decisions are by {opening.person or 'nobody in particular'}; another name: --as NAME")
        door.say(f"open {address}")
        door.say("Ctrl-C ends it; every decision is in the catalog at once")
        if door.as_json:
            said = {
                "address": address,
                "photographs": len(found.items),
                "task": found.task,
                "person": opening.person,
                "slug": found.slug,
            }
            sys.stdout.write(json.dumps(said, indent=2) + "\n")
            sys.stdout.flush()
        if opens:
            webbrowser.open(once)

    serve_review(
        found,
        catalog=catalog,
        project=home,
        started=started,
        port=port,
        threads=threads,
        opening=opening,
        model=model,
    )
    door.say("ended")


def _keys_of(found: Review) -> str:
    if found.culling is not None:
        return f"P is {found.culling.pick}, X is {found.culling.reject}"
    classes = found.classes
    return f"keys 1 to {min(len(classes), 9)} are {', '.join(classes)}" if len(classes) > 1 else f"1 is {classes[0]}"
