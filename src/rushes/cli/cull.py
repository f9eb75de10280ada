"""`rushes cull`: a first cull of a shoot, carried out and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.cull_words import say_applied, say_cull, say_culls, say_undone, say_unread
from rushes.cli.door import Door, opened, plural
from rushes.cli.options import (
    DebugOption,
    DryRunOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    ThreadsOption,
    WorkersOption,
    short_app,
)
from rushes.errors import CullError, ProjectError, UsageError, did_you_mean
from rushes.storage.places import is_store_as_path

if TYPE_CHECKING:
    from rushes.bundles.bundle import Bundle
    from rushes.inference.cull_control import Control
    from rushes.inference.cull_look import Looking
    from rushes.inference.cull_outputs import Outputs
    from rushes.inference.verdicts import Cull
    from rushes.project import Project

FIRST = "run"  # what `rushes cull BUNDLE FOLDER` is short for


app = short_app(FIRST)


@app.callback()
def cull() -> None:
    """Propose picks and rejects for a shoot, write them where an editor reads them, and take them back.

    `rushes cull BUNDLE FOLDER` is short for `rushes cull run BUNDLE FOLDER`.
    """


XmpOption = Annotated[
    str | None,
    typer.Option("--xmp", metavar="PROFILE", help="Sidecars: adobe, bridge, darktable, photomechanic, digikam."),
]
XmpToOption = Annotated[
    Path | None, typer.Option("--xmp-to", help="Folder for the sidecars; otherwise beside the photographs.")
]
CopyOption = Annotated[Path | None, typer.Option("--copy-to", help="Folder that picks are copied to.")]
LinkOption = Annotated[
    Path | None, typer.Option("--link-to", help="Folder in which picks are hard-linked: they take no room.")
]
RejectsOption = Annotated[Path | None, typer.Option("--rejects-to", help="Folder for the rejects, in the same way.")]
CsvOption = Annotated[Path | None, typer.Option("--csv", help="Write verdicts, scores and measures as CSV.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Write the whole cull as JSON.")]
WhichArgument = Annotated[
    str | None, typer.Argument(metavar="[CULL]", help="A cull's name or folder; otherwise the newest.")
]


@app.command(epilog="Example: rushes cull bundles/select shoots/2026-05-14 --recall 0.99 --xmp adobe")
def run(
    bundle: Annotated[Path, typer.Argument(help="A bundle's folder, or its name in the project.")],
    folder: Annotated[Path, typer.Argument(help="A shoot: raws and photographs, in folders below it too.")],
    recall: Annotated[
        float | None, typer.Option(help="Keep at least this share of the good ones. Otherwise 0.99.")
    ] = None,
    threshold: Annotated[float | None, typer.Option(help="Pick from this score on, 0 to 1.")] = None,
    top: Annotated[int | None, typer.Option(min=1, help="Pick so many, the best ones.")] = None,
    best_of_burst: Annotated[
        int | None, typer.Option(min=1, help="Pick at most so many of a burst; otherwise the score alone decides.")
    ] = None,
    class_name: Annotated[
        str | None, typer.Option("--class", help="Class to keep; otherwise the one called select, pick or keep.")
    ] = None,
    xmp: XmpOption = None,
    xmp_to: XmpToOption = None,
    copy_to: CopyOption = None,
    link_to: LinkOption = None,
    rejects_to: RejectsOption = None,
    csv: CsvOption = None,
    out: OutOption = None,
    audit: Annotated[float, typer.Option(min=0, max=1, help="Share of the rejects that is put up for review.")] = 0.05,
    faces: Annotated[
        Path | None, typer.Option(help="A YuNet face detector (ONNX), to look at eyes; otherwise the bundle's own.")
    ] = None,
    measures: Annotated[
        bool, typer.Option("--measures/--no-measures", help="Measure sharpness, light and composition as reasons.")
    ] = True,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Propose picks and rejects for a shoot. Photographs are never written to.

    The cull is kept with its reasons, for `rushes review` and `rushes cull apply`. With --xmp, --copy-to, --link-to,
    --csv or --out it is carried out at once; `rushes cull undo` takes back what was written.
    """
    with opened(as_json=as_json, debug=debug) as door:
        import time
        from datetime import UTC, datetime

        from rushes.bundles.bundle import open_bundle
        from rushes.cli.engines import engine_of, is_engine_asked
        from rushes.inference.cull import Wanted, cull_folder, find_shoot, good_class
        from rushes.inference.cull_folders import culls_home, name_cull, write_cull
        from rushes.inference.cull_gathered import find_gathered
        from rushes.inference.predictor import Predictor

        place = _project_or_none(project)
        control = _control(recall, threshold, top)
        outputs = _outputs(xmp, xmp_to, copy_to, link_to, rejects_to, csv, out)
        _check_folders(folder, outputs)
        home = culls_home(place)
        opened_bundle = open_bundle(_find_bundle(place, bundle))
        predictor = Predictor(opened_bundle, threads=threads or 0)
        found = find_shoot(folder, gathered=find_gathered((home, culls_home(None))))
        wanted = Wanted(control, good_class(opened_bundle, class_name), best_of_burst, audit)
        index = opened_bundle.classes.index(wanted.class_name)
        detector = faces or _own_detector(opened_bundle)
        looking = _looking(place, home, index, detector, measures=measures, threads=threads or 0)
        began = time.monotonic()
        now = datetime.now(UTC)
        name = name_cull(home, shoot=folder.resolve(), now=now)
        with engine_of(place, engine, workers, threads=threads) as working, door.progress("cull") as progress:
            # Threads of this process read ahead as it is: processes are for those who ask for them, or for a cluster.
            asked = working if is_engine_asked(place, engine, workers) else None
            made, seen = cull_folder(predictor, folder, found, looking, wanted, name=name, now=now, engine=asked,
                                     progress=progress)  # fmt: skip
        if not made.verdicts:
            door.say(f"{plural(len(found.photographs), 'photograph')}, none of which can be read: nothing is proposed")
            for one in made.unreadable:
                door.fail_item(str(one))
            door.finish({"cull": made.to_table(), "seconds": time.monotonic() - began, "dry_run": dry_run,
                         "folder": None, "applied": None, "failed": door.failed})  # fmt: skip
        look = f"{_review_of(place, made.name, home)} --audit"
        say_cull(door, made, found, seconds=time.monotonic() - began, dry_run=dry_run, look=look)
        say_unread(door, made, xmp)
        report: dict[str, Any] = {"cull": made.to_table(), "seconds": time.monotonic() - began, "dry_run": dry_run}
        if dry_run:
            door.finish(report | {"folder": None, "applied": None, "failed": door.failed})
        write_cull(made, home / name, seen=seen)
        applied = _carry_out(door, made, outputs, home / name)
        _say_next(door, made, home / name, applied, review=_review_of(place, name, home))
        door.finish(report | {"folder": str(home / name), "applied": applied, "failed": door.failed})


@app.command(epilog="Example: rushes cull apply --xmp darktable")
def apply(
    cull: WhichArgument = None,
    xmp: XmpOption = None,
    xmp_to: XmpToOption = None,
    copy_to: CopyOption = None,
    link_to: LinkOption = None,
    rejects_to: RejectsOption = None,
    csv: CsvOption = None,
    out: OutOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Carry out a cull that was kept, or go on with one that was stopped. What is done is not done again."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.inference.cull_folders import read_cull

        place = _project_or_none(project)
        outputs = _outputs(xmp, xmp_to, copy_to, link_to, rejects_to, csv, out)
        if outputs is None:
            raise UsageError("say what is to be written: --xmp PROFILE, --copy-to, --link-to, --csv or --out")
        folder = _find_cull(place, cull, states=None)
        made = read_cull(folder)
        say_unread(door, made, xmp)
        applied = _carry_out(door, made, outputs, folder)
        door.finish({"folder": str(folder), "applied": applied, "failed": door.failed})


@app.command(epilog="Example: rushes cull undo 2026-11-26-lake-at-dawn")
def undo(
    cull: WhichArgument = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take back what a cull wrote: every sidecar byte for byte. What was changed since stays, and is listed."""
    with opened(as_json=as_json, debug=debug) as door:
        from dataclasses import asdict

        from rushes.inference.cull_undo import undo_cull

        place = _project_or_none(project)
        folder = _find_cull(place, cull, states=("applied", "interrupted", "undo interrupted", "partly undone"))
        with door.progress("undo") as progress:
            undone = undo_cull(folder, progress=progress)
        say_undone(door, undone)
        for one in undone.refused:
            door.fail_item(str(one))
        if undone.stopped:
            door.fail_item(undone.stopped)
        door.finish(asdict(undone) | {"failed": door.failed})


@app.command(name="list", epilog="Example: rushes cull list")
def list_culls(project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the culls of the project, or outside one those of yours, the newest first."""
    with opened(as_json=as_json, debug=debug) as door:
        from dataclasses import asdict

        from rushes.footage.source import Unreadable
        from rushes.inference.cull_folders import culls_home, find_culls

        passed_over: list[Unreadable] = []
        home = culls_home(_project_or_none(project))
        found = find_culls(home, passed_over=passed_over.append)
        say_culls(door, found, home)
        for one in passed_over:
            door.fail_item(str(one))
        door.finish({"home": str(home), "culls": [asdict(one) for one in found], "failed": door.failed})


def _carry_out(door: Door, made: Cull, outputs: Outputs | None, folder: Path) -> dict[str, Any] | None:
    """Write what is asked for; None where nothing is."""
    if outputs is None:
        return None
    from dataclasses import asdict

    from rushes.inference.cull_apply import apply_cull

    with door.progress("write") as progress:
        applied = apply_cull(made, outputs, folder=folder, progress=progress)
    say_applied(door, applied)
    for one in applied.failures:
        door.fail_item(str(one))
    if applied.stopped:
        door.fail_item(applied.stopped)
    return asdict(applied)


def _say_next(door: Door, made: Cull, folder: Path, applied: dict[str, Any] | None, *, review: str) -> None:
    written = sum(applied[one] for one in ("sidecars", "copies", "links", "tables")) if applied else 0
    if written:
        door.say(f"\nTake it back: rushes cull undo {made.name}")
        return
    door.say(f"\nkept as {folder}; nothing was written beside the photographs")
    door.say(f"Next: {review}, then rushes cull apply {made.name} --xmp adobe")


def _review_of(place: Project | None, name: str, home: Path) -> str:
    """Return the command that shows a cull on the page, which takes a project: its decisions are labels."""
    return f"rushes review {name}" if place is not None else f"in a project (rushes init), rushes review {home / name}"


def _project_or_none(project: Path | None) -> Project | None:
    """Return the project that is named, or the one around; outside of one a cull works too."""
    from rushes.project import find_project

    if project is not None:
        return find_project(project)
    try:
        return find_project()
    except ProjectError as error:
        if "no rushes.toml" not in str(error):
            raise
        return None


def _find_bundle(place: Project | None, path: Path) -> Path:
    from rushes.cli.evaluate_bundle import find_bundle

    return (find_bundle(place, path) if place is not None else None) or path


def _control(recall: float | None, threshold: float | None, top: int | None) -> Control:
    from rushes.inference.cull_control import DEFAULT, Control

    stated = [Control("recall", recall)] if recall is not None else []
    stated += [Control("threshold", threshold)] if threshold is not None else []
    stated += [Control("top", top)] if top is not None else []
    if len(stated) > 1:
        raise UsageError("--recall, --threshold and --top say the same thing in three ways. Give one of them")
    if recall is not None and not 0 < recall <= 1:
        raise UsageError(f"--recall {recall:g}: it is a share, above 0 and up to 1, for example 0.99")
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"--threshold {threshold:g}: it is a score from 0 to 1, for example 0.9")
    return stated[0] if stated else DEFAULT


def _outputs(
    xmp: str | None,
    xmp_to: Path | None,
    copy_to: Path | None,
    link_to: Path | None,
    rejects_to: Path | None,
    csv: Path | None,
    out: Path | None,
) -> Outputs | None:
    """Return what is to be written; None where nothing is asked for."""
    from rushes.inference.cull_outputs import Outputs, refuse_tables
    from rushes.xmp.profiles import PROFILES

    if xmp is not None and xmp not in PROFILES:
        raise UsageError(f"--xmp {xmp}: {did_you_mean(xmp, list(PROFILES))}")
    if xmp_to is not None and xmp is None:
        raise UsageError(f"--xmp-to {xmp_to}: say which sidecars with --xmp PROFILE")
    if copy_to is not None and link_to is not None:
        raise UsageError("--copy-to and --link-to: picks are copied or linked. Give one of them")
    outputs = Outputs(xmp, xmp_to, copy_to, link_to, rejects_to, csv, out)
    refuse_tables(outputs)
    return None if outputs == Outputs() else outputs


def _check_folders(shoot: Path, outputs: Outputs | None) -> None:
    """Raise UsageError now where a shoot is in a store, or photographs would be gathered into their own folder."""
    if is_store_as_path(shoot) and not shoot.exists():
        raise UsageError(
            "a shoot is culled in a folder of this machine, not in a store: sidecars stand beside photographs. Copy it "
            "here; 'rushes predict' answers for photographs in a store"
        )
    named = {} if outputs is None else {"--copy-to": outputs.copy_to, "--link-to": outputs.link_to,
                                         "--rejects-to": outputs.rejects_to}  # fmt: skip
    for option, to in named.items():
        if to is not None and to.resolve() == shoot.resolve():
            raise UsageError(f"{option} {to}: is the shoot itself. Name a folder in it, or elsewhere")


def _looking(
    place: Project | None, home: Path, class_index: int, faces: Path | None, *, measures: bool, threads: int
) -> Looking:
    from rushes.footage.subject import Faces
    from rushes.inference.cull_look import Looking
    from rushes.storage.files import digest_of_file

    return Looking(
        class_index=class_index,
        faces=None if faces is None else Faces(faces),
        faces_digest="" if faces is None else digest_of_file(faces),
        measures=measures,
        kept=place.cache_folder if place is not None else home.parent / "cache",
        threads=threads,
    )


def _own_detector(bundle: Bundle) -> Path | None:
    """Return the face detector that travels in a bundle whose model takes measures; None where none does."""
    from rushes.datasets.measured_input import FACES_FILE

    return bundle.folder / FACES_FILE if FACES_FILE in bundle.files else None


def _find_cull(place: Project | None, named: str | None, *, states: tuple[str, ...] | None) -> Path:
    """Return the folder of the cull that is named, or of the newest one in one of the states.

    Raises:
        CullError: there is none.
    """
    from rushes.inference.cull_folders import culls_home, find_culls
    from rushes.inference.verdicts import CULL_FILE

    home = culls_home(place)
    if named is not None:
        for folder in (Path(named), home / named):
            if (folder / CULL_FILE).is_file():
                return folder
        known = [one.name for one in find_culls(home)]
        hint = did_you_mean(named, known) if known else f"There is none in {home}"
        raise CullError(f"there is no cull '{named}'. {hint}")
    for one in find_culls(home):
        if states is None or one.state in states:
            return one.folder
    raise CullError(f"there is no cull to take in {home}" if states is None else f"there is nothing to undo in {home}")
