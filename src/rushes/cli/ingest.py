"""`rushes ingest`: footage into the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.footage_words import parse_development, parse_format, parse_picture_size, parse_sampling
from rushes.cli.options import (
    DebugOption,
    DryRunOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    TaskOption,
    ThreadsOption,
    WorkersOption,
    verb_app,
)
from rushes.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.catalog.intake import Ingested
    from rushes.project import Project
    from rushes.storage.places import Place

app = verb_app()

_SHOWN = 20


@app.command(epilog="Example: rushes ingest films/ --every 2s --size 640x360")
def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PLACE…", help="Videos, raws, photographs, folders of them; s3:// and https:// too."),
    ],
    every: Annotated[str | None, typer.Option(help="One frame of a film in so much time: 8s, 0.5s, 2m.")] = None,
    fps: Annotated[str | None, typer.Option(help="So many frames per second of a film.")] = None,
    every_frame: Annotated[bool, typer.Option("--every-frame", help="Every frame of a film.")] = False,
    keyframes: Annotated[bool, typer.Option("--keyframes", help="The key frames of a film.")] = False,
    at: Annotated[
        Path | None, typer.Option(metavar="TIMES.csv", help="Frames at the times that a sheet states.")
    ] = None,
    per_shot: Annotated[
        int | None, typer.Option("--per-shot", metavar="N", help="So many frames of each shot: sharp and typical ones.")
    ] = None,
    scan: Annotated[bool, typer.Option("--scan", help="Note the signals of every frame of a film: scans/.")] = False,
    size: Annotated[str | None, typer.Option(help="Long side in pixels, or WIDTHxHEIGHT.")] = None,
    format: Annotated[str | None, typer.Option(help="jpeg, webp or png.")] = None,
    quality: Annotated[int | None, typer.Option(min=1, max=100, help="Of JPEG and WebP.")] = None,
    thumbnail: Annotated[
        str | None, typer.Option(help="Size of a small picture beside each, as --size says it; 0 makes none.")
    ] = None,
    deinterlace: Annotated[
        bool | None,
        typer.Option("--deinterlace/--no-deinterlace", help="Take the combs at moving edges out of interlaced films."),
    ] = None,
    raw: Annotated[
        str | None, typer.Option(help="Of a raw: preview (half where none is enough), half or full.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="One group for all of it (a film, an episode, a shoot).")] = None,
    shoots: Annotated[
        bool | None,
        typer.Option("--shoots/--no-shoots", help="Each folder directly below PLACE is a shoot, and one group."),
    ] = None,
    class_folders: Annotated[
        bool, typer.Option("--class-folders", help="The folder that holds a photograph names its class (with --task).")
    ] = False,
    task: TaskOption = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take videos, raws and photographs into the catalog, and extract frames.

    Nothing is taken in twice, and footage is never written to. A run that was stopped goes on where it was.
    """
    with opened(as_json=as_json, debug=debug) as door:
        import os
        from dataclasses import replace

        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.ingest import ingest as take_in
        from rushes.catalog.ingest import plan_ingest
        from rushes.catalog.intake import Ingested, IngestSettings
        from rushes.cli.engines import engine_of
        from rushes.footage.kinds import OwnStore
        from rushes.footage.sampling import find_strangers
        from rushes.project import find_project
        from rushes.storage.places import parse_place

        place = find_project(project)
        if task is not None and not class_folders:
            raise UsageError(
                "--task goes with --class-folders: without it, no class is stated while footage is taken in"
            )
        _check_shoots(shoots, group=group, class_folders=class_folders)
        defaults = replace(
            place.ingest,
            size=size or place.ingest.size,
            format=format or place.ingest.format,
            quality=quality or place.ingest.quality,
            thumbnail=thumbnail or place.ingest.thumbnail,
            deinterlace=place.ingest.deinterlace if deinterlace is None else deinterlace,
            raw=raw or place.ingest.raw,
        )
        wanted_task = place.task(task) if class_folders else None
        settings = IngestSettings(
            sampling=parse_sampling(
                every,
                fps,
                every_frame=every_frame,
                keyframes=keyframes,
                at=at,
                per_shot=per_shot,
                default=defaults.every,
            ),
            size=parse_picture_size(defaults.size),
            format=parse_format(defaults.format),
            quality=defaults.quality,
            raw=parse_development(defaults.raw),
            task=wanted_task,
            deinterlace=defaults.deinterlace,
            thumbnail=None if defaults.thumbnail == "0" else parse_picture_size(defaults.thumbnail, "--thumbnail"),
            scan=scan,
        )
        by_shoot = group is None and not class_folders and (place.ingest.shoots if shoots is None else shoots)
        exports: dict[Place, Place] = {}
        own = OwnStore(place.store)
        wanted, missing = plan_ingest(
            [parse_place(path) for path in paths],
            group=group,
            class_folders=wanted_task,
            shoots=_known_groups(place) if by_shoot else None,
            passed_over=exports.__setitem__,
            own=own,
        )
        if own.passed_over:
            files, are = plural(own.passed_over, "file"), "is" if own.passed_over == 1 else "are"
            door.say(f"{files} below {place.store} {are} the project's own and passed over")
        found_shoots = list(dict.fromkeys(item.group or "" for item in wanted)) if by_shoot else []
        _report_shoots(door, found_shoots, exports)
        if dry_run:
            for item in wanted:
                beside = "".join(f" with {file.name}" for file in item.companions)
                door.say(f"would take in {item.path}{beside}{f', of {item.group}' if by_shoot else ''}")
            for lack in missing:
                door.fail_item(str(lack))
            door.finish(
                {
                    "would_ingest": [str(item.path) for item in wanted],
                    "shoots": found_shoots,
                    "exports": [str(export) for export in exports],
                    "failed": door.failed,
                }
            )
        if class_folders and group is None:
            door.warn("note: in class folders each photograph is a group of its own; photographs of one shoot may then "
                      "stand on two sides of a split. Name shoots with --group")  # fmt: skip
        taken: list[Ingested] = []
        with (
            open_catalog(place.catalog_place) as catalog,
            engine_of(place, engine, workers, threads=threads) as doer,
            door.progress("ingest") as progress,
        ):
            count = threads or min(4, os.cpu_count() or 1)
            for outcome in take_in(
                wanted,
                catalog=catalog,
                root=place.root,
                scans=place.scans_folder,
                settings=settings,
                threads=count,
                progress=progress,
                engine=doer,
                store=place.store,
            ):
                if isinstance(outcome, Ingested):
                    taken.append(outcome)
                else:
                    missing.append(outcome)
        place_of = {item.path: number for number, item in enumerate(wanted)}  # whichever was done first
        taken.sort(key=lambda outcome: place_of.get(outcome.path, len(place_of)))
        if taken:
            _report(door, taken)
        names: list[tuple[str, ...]] = [
            (outcome.source.name, outcome.path.name, outcome.path.stem) for outcome in taken
        ]
        names += [(item.path.name, item.path.stem) for item in wanted]
        for stranger in find_strangers(settings.sampling, names):
            door.fail_item(stranger)
        otherwise = sum(outcome.made_otherwise for outcome in taken)
        if otherwise:
            were = f"{plural(otherwise, 'picture')} {'was' if otherwise == 1 else 'were'}"
            stay = "stays as it is" if otherwise == 1 else "stay as they are"
            door.warn(f"note: {were} made with another size or format and {stay}; to have other ones, delete "
                      f"{'it' if otherwise == 1 else 'them'} from frames/ and run this again")  # fmt: skip
        for outcome in taken:
            for note in outcome.notes:
                door.warn(f"{outcome.path}: {note}")
        for lack in [*missing, *(lost for outcome in taken for lost in outcome.lost)]:
            door.fail_item(str(lack))
        door.finish(
            {
                "sources": len(taken),
                "frames_new": sum(outcome.new for outcome in taken),
                "frames_known": sum(outcome.known for outcome in taken),
                "shoots": found_shoots,
                "exports": [str(export) for export in exports],
                "files": [
                    {
                        "path": str(outcome.path),
                        "source": outcome.source.digest,
                        "name": outcome.source.name,
                        "group": outcome.source.group,
                        "start_timecode": outcome.source.start_timecode,
                        "interlaced": outcome.interlaced,
                        "new": outcome.new,
                        "known": outcome.known,
                        "lost": outcome.lost_frames,
                        "shots": outcome.shots,
                        "companions": [str(file) for file in outcome.companions],
                        "size_bytes": outcome.fetched.size_bytes if outcome.fetched else None,
                        "fetched_bytes": outcome.fetched.fetched_bytes if outcome.fetched else 0,
                    }
                    for outcome in taken
                ],
                "failed": door.failed,
            }
        )


def _check_shoots(shoots: bool | None, *, group: str | None, class_folders: bool) -> None:
    if shoots and group is not None:
        raise UsageError(
            f"--shoots --group {group}: a folder is a shoot of its own, or all is of one group. Leave one out"
        )
    if shoots and class_folders:
        raise UsageError(
            "--shoots --class-folders: both say what a folder means. Take the shoots in with --shoots, then let their "
            "folders be labels: rushes labels picks PLACE --from folders"
        )


def _known_groups(place: Project) -> dict[str, str]:
    """Return address -> group of the sources that are still where they were and no group of their own."""
    from rushes.catalog.catalog import open_catalog

    with open_catalog(place.catalog_place) as catalog:
        return {
            source.path: source.group
            for source in catalog.sources()
            if source.group != source.name and ("://" in source.path or Path(source.path).exists())
        }


def _report_shoots(door: Door, shoots: Sequence[str], exports: Mapping[Place, Place]) -> None:
    from rushes.catalog.shoots import parts_taken_for_shoots

    if shoots:
        more = f" and {len(shoots) - _SHOWN} more" if len(shoots) > _SHOWN else ""
        door.say(f"{plural(len(shoots), 'shoot')}: {', '.join(shoots[:_SHOWN])}{more}")
    for name in parts_taken_for_shoots(shoots):
        door.warn(f"note: '{name}' is taken for a shoot. If it is a part of one, name the folder above its shoot, or "
                  "--group for all of it")  # fmt: skip
    if exports:
        first = next(iter(exports))
        door.say(
            f"{plural(len(exports), 'picture')} made of a raw of the same shoot passed over, {first.name} first: the "
            "raw is the photograph"
        )


def _report(door: Door, taken: list[Ingested]) -> None:
    films = [outcome for outcome in taken if outcome.source.kind == "video"]
    for outcome in films[:_SHOWN]:
        source = outcome.source
        seconds = float(source.duration_seconds or 0)
        facts = [f"{source.width_pixels}x{source.height_pixels} {source.codec}", f"{seconds:.1f} s"]
        facts += ["interlaced"] if outcome.interlaced else []
        facts += [f"timecode {source.start_timecode}"] if source.start_timecode else []
        facts += [plural(outcome.shots, "shot")] if outcome.shots is not None else []
        door.say(
            f"{source.name}  {', '.join(facts)}, group {source.group}: "
            f"{plural(outcome.new, 'new frame')}, {outcome.known} already there"
        )
    if len(films) > _SHOWN:
        door.say(f"… and {len(films) - _SHOWN} more films")
    stills = len(taken) - len(films)
    new, known = sum(outcome.new for outcome in taken), sum(outcome.known for outcome in taken)
    door.say(
        f"{plural(len(films), 'film')} and {plural(stills, 'photograph')}: {plural(new, 'new frame')}, "
        f"{known:,} already there"
    )
    pairs = sum(1 for outcome in taken if outcome.companions)
    if pairs:
        door.say(f"{plural(pairs, 'raw')} paired with the JPEG or HEIC beside {'it' if pairs == 1 else 'them'}")
    fetched = [outcome.fetched for outcome in taken if outcome.fetched is not None]
    if fetched:
        got, size = sum(one.fetched_bytes for one in fetched), sum(one.size_bytes for one in fetched)
        door.say(f"fetched {got:,} of {size:,} bytes of {plural(len(fetched), 'remote file')}")
