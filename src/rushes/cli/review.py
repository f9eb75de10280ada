"""`rushes review`: the page on which a person looks at photographs and decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, TaskOption, ThreadsOption, verb_app
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.catalog.catalog import Catalog
    from rushes.project import Project
    from rushes.review.session import Review

app = verb_app()


@app.command(epilog="Example: rushes review photos/wedding --task select")
def review(
    place: Annotated[
        Path | None,
        typer.Argument(metavar="[PLACE]", help="A shoot's folder, or a cull's folder or name; otherwise everything."),
    ] = None,
    group: Annotated[str | None, typer.Option(help="One group of the project: a shoot.")] = None,
    pick: Annotated[
        str | None, typer.Option(metavar="CLASS", help="The class that P states; otherwise the one that is called so.")
    ] = None,
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
        if place is not None and group is not None:
            raise UsageError("PLACE and --group say two things. Give one of them")
        from rushes.catalog.catalog import open_catalog
        from rushes.project import find_project

        home = find_project(project)
        with open_catalog(home.catalog_place, outlasts_power=True) as catalog:
            found = _gather(door, home, catalog, place, group=group, pick=pick, task=task, threads=threads)
            if audit and not any(item.verdict and item.verdict.audited for item in found.items):
                raise UsageError("--audit: there is no audit sample here. Name a cull that drew one")
            _serve(door, home, catalog, found, audit=audit, port=port, opens=not no_open, threads=threads)


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
) -> Review:
    from rushes.review import gather
    from rushes.review.session import classes_of

    cull = gather.read_cull(home, place) if place is not None else None
    if cull is not None:
        if pick is not None:
            raise UsageError(f"--pick: the cull '{cull.name}' states the class to keep, {cull.class_name}")
        wanted = home.task(task or cull.task)
        classes_of(wanted, pick=cull.class_name)
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

    def started(address: str) -> None:
        door.say(f"{found.title}: {plural(len(found.items), 'photograph')}, task {found.task}, "
                 f"P is {found.classes.pick}, X is {found.classes.reject}")  # fmt: skip
        door.say(f"open {address}")
        door.say("Ctrl-C ends it; every decision is in the catalog at once")
        if door.as_json:
            said = {"address": address, "photographs": len(found.items), "task": found.task}
            sys.stdout.write(json.dumps(said, indent=2) + "\n")
            sys.stdout.flush()
        if opens:
            webbrowser.open(address)

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
