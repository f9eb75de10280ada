"""`rushes review`: the page on which a person looks at photographs and decides."""

from __future__ import annotations

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
    from rushes.review.session import Review
    from rushes.xmp.marks import Marks

FIRST = "page"  # what `rushes review [PLACE]` is short for


app = short_app(FIRST)


@app.callback()
def review() -> None:
    """Look at photographs on a page, decide, and write what was decided where an editor reads it.

    `rushes review PLACE` is short for `rushes review page PLACE`.
    """


PlaceArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[PLACE]", help="A shoot's folder, or a cull's folder or name; otherwise everything."),
]
GroupOption = Annotated[str | None, typer.Option("--group", help="One group of the project: a shoot.")]
PickOption = Annotated[
    str | None,
    typer.Option("--pick", metavar="CLASS", help="The class that P states; otherwise the one that is called so."),
]


@app.command(epilog="Example: rushes review photos/wedding --task select")
def page(
    place: PlaceArgument = None,
    group: GroupOption = None,
    pick: PickOption = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Open on the rejects of a cull that were drawn for a person to look at.")
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
    """Serve a page on this machine on which photographs are picked, rejected, rated and coloured.

    What is decided is in the catalog at once, as labels of the origin `review`. Ctrl-C ends the server.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.review.serve import require_app

        require_app()
        from rushes.catalog.catalog import open_catalog
        from rushes.project import find_project

        home = find_project(project)
        with open_catalog(home.catalog_place, outlasts_power=True) as catalog:
            found = _gather(door, home, catalog, place, group=group, pick=pick, task=task, threads=threads)
            if audit and not any(item.verdict and item.verdict.audited for item in found.items):
                raise UsageError("--audit: there is no audit sample here. Name a cull that drew one")
            _serve(door, home, catalog, found, audit=audit, port=port, opens=not no_open, threads=threads)


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
            found = _gather(door, home, catalog, place, group=group, pick=pick, task=task, threads=None, takes_in=False)
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


def _gather(
    door: Door,
    home: Project,
    catalog: Catalog,
    place: Path | None,
    *,
    group: str | None,
    pick: str | None,
    task: str | None,
    threads: int | None,
    takes_in: bool = True,
) -> Review:
    if place is not None and group is not None:
        raise UsageError("PLACE and --group say two things. Give one of them")
    from rushes.review import gather
    from rushes.review.session import classes_of

    cull = gather.read_cull(home, place) if place is not None else None
    if cull is not None:
        if pick is not None:
            raise UsageError(f"--pick: the cull '{cull.name}' states the class to keep, {cull.class_name}")
        wanted = home.task(task or cull.task)
        classes_of(wanted, pick=cull.class_name)
        if takes_in:
            _take_in(door, home, catalog, gather.photographs_of_cull(cull), threads=threads)
        found = gather.review_of_cull(catalog, wanted, cull)
        if found.absent:
            door.warn(f"note: {plural(len(found.absent), 'photograph')} of the cull can no longer be read "
                      f"and are left out, {found.absent[0]} first")  # fmt: skip
        return found
    wanted = home.task(task)
    classes_of(wanted, pick=pick)
    if place is not None:
        if not place.is_dir():
            raise UsageError(f"{place}: is neither a folder of photographs nor a cull of this project")
        if takes_in:
            _take_in(door, home, catalog, gather.media_below(place), threads=threads)
        return gather.review_of_folder(catalog, wanted, place, pick=pick)
    if group is not None:
        return gather.review_of_group(catalog, wanted, group, pick=pick)
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
    *,
    audit: bool,
    port: int,
    opens: bool,
    threads: int | None,
) -> None:
    import json
    import sys
    import webbrowser

    from rushes.review.serve import serve_review

    def started(address: str, once: str) -> None:
        door.say(f"{found.title}: {plural(len(found.items), 'photograph')}, task {found.task}, "
                 f"P is {found.classes.pick}, X is {found.classes.reject}")  # fmt: skip
        door.say(f"open {address}")
        door.say("Ctrl-C ends it; every decision is in the catalog at once")
        if door.as_json:
            said = {"address": address, "photographs": len(found.items), "task": found.task}
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
        opens_on="audit" if audit else "all",
    )
    door.say("ended")
