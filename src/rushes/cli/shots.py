"""`rushes shots`: the shots of films, as a table and as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of, with_lines_below
from rushes.cli.film_files import say_fetched, say_plan, write_each
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, ThreadsOption, verb_app
from rushes.cli.shot_words import cell_of, scans_of
from rushes.errors import MediaError, UsageError, did_you_mean

if TYPE_CHECKING:
    from rushes.footage.found_shots import FoundShots
    from rushes.inference.shot_predictor import ShotPredictor
    from rushes.storage.places import Place
    from rushes.storage.reading import Fetched
    from rushes.timelines.shot_pictures import PictureChoice, ShotPicture
    from rushes.timelines.timeline import Timeline, TimelineShot

app = verb_app()
MANY = ("--write",)

_SIDES = range(64, 1025)
_SPARED = ("sure", "frames", "cut", "end")  # columns that a narrow terminal does without, the first first
_INDENT = 4  # characters before a reason that stands below its shot
_APART = 3  # characters between columns
_LEAST_REASON = 36  # characters that reasons beside a table take at least; what is longer is folded


@app.command(epilog="Example: rushes shots film.mp4 --write film.edl film.csv sheet.jpg")
def shots(
    films: Annotated[list[str] | None, typer.Argument(metavar="PLACE…", help="Films; s3:// and https:// too.")] = None,
    write: Annotated[
        list[str] | None,
        typer.Option(
            help="Files to write, after the films; the extension chooses the format (.csv .json .edl .otio .fcpxml, "
            "contact sheet: .jpg .png .webp .html); {name} stands for the film's name. May be given several times."
        ),
    ] = None,
    picture: Annotated[
        str, typer.Option(help="Frame of a shot on contact sheets: typical, sharpest, first or middle.")
    ] = "typical",
    size: Annotated[
        int, typer.Option(help="Long side of the pictures on contact sheets, in pixels: 64 to 1024.")
    ] = 320,
    bundle: Annotated[
        Path | None, typer.Option(help="A bundle of shots, whose answers (scale, movement) stand beside each shot.")
    ] = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Find where the shots of films begin and end, print them, and write them for editing programs."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.storage.places import parse_place
        from rushes.storage.reading import held
        from rushes.timelines.formats.json import table_of as shots_as_table
        from rushes.timelines.shot_files import plan_files, write_shots
        from rushes.timelines.written import check_places

        if not films:
            raise UsageError(_ask_for_films(write or []))
        choice = _parse_choice(picture)
        if size not in _SIDES:
            raise UsageError(f"--size {size}: a side is {_SIDES.start} to {_SIDES.stop - 1} pixels")
        scans = scans_of(project)
        places = [parse_place(film) for film in films]
        planned = plan_files(places, write or [])
        check_places(path for paths in planned for path in paths)
        if dry_run:
            say_plan(door, places, planned, lambda film: f"would find the shots of {film}", _pages_of)
        predictor = _predictor_of(bundle, threads or 0)

        from rushes.footage.found_shots import find_shots

        tables: list[dict[str, Any]] = []
        written: list[Path] = []
        fetched: list[Fetched] = []
        for film, paths in zip(places, planned, strict=True):
            try:
                with held(film) as remote:
                    with door.progress("frames") as progress:
                        found = find_shots(film, scans=scans, threads=threads or 0, progress=progress)
                    timeline = _timeline_of(film, found)
                    timeline = _answered(door, timeline, film, found, predictor, threads or 0)
                    tables.append(shots_as_table(timeline))
                    _report(door, timeline, found.warnings)
                    pictures = _pictures_of(door, film, found, paths, choice, size, threads or 0)
            except MediaError as error:
                door.fail_item(str(error))
                continue
            if remote is not None:
                say_fetched(door, film, remote.fetched)
                fetched.append(remote.fetched)
            written += write_each(door, paths, partial(write_shots, timeline, pictures=pictures))
        if predictor is None and tables:
            door.say("How close each shot is (scale) is answered by a bundle: rushes shots FILM --bundle BUNDLE")
        door.finish({"films": tables, "written": [str(path) for path in written],
                     "fetched": [asdict(one) for one in fetched], "failed": door.failed})  # fmt: skip


def _ask_for_films(patterns: Sequence[str]) -> str:
    """Return what to say where no film is named: those behind --write are taken for files to write."""
    if not patterns:
        return "no film is named. Give one or more, for example: rushes shots film.mp4"
    return (
        f"no film is named. Films stand before --write, which takes every word up to the next option ({patterns[-1]} "
        "among them): rushes shots film.mp4 --write film.edl"
    )


def _parse_choice(text: str) -> PictureChoice:
    from rushes.timelines.shot_pictures import CHOICES

    for choice in CHOICES:
        if text == choice:
            return choice
    raise UsageError(f"--picture {text}: no such frame of a shot. {did_you_mean(text, list(CHOICES))}")


def _pages_of(path: Path) -> str:
    """Return what to say of a file that becomes several where there are many shots."""
    from rushes.timelines.contact_sheet import PAGE_SHOTS
    from rushes.timelines.shot_files import SHEET_EXTENSIONS

    if path.suffix.lower() not in SHEET_EXTENSIONS:
        return ""
    return f" ({path.stem}-001{path.suffix} and so on above {PAGE_SHOTS} shots)"


def _timeline_of(film: Place, found: FoundShots) -> Timeline:
    from rushes.timelines.sound import has_sound
    from rushes.timelines.timeline import make_timeline

    return make_timeline(found.source, found.index, found.shots, has_sound=has_sound(film))


def _predictor_of(bundle: Path | None, threads: int) -> ShotPredictor | None:
    if bundle is None:
        return None
    from rushes.bundles.shot_bundle import open_shot_bundle
    from rushes.inference.shot_predictor import ShotPredictor

    return ShotPredictor(open_shot_bundle(bundle), threads=threads)


def _answered(
    door: Door, timeline: Timeline, film: Place, found: FoundShots, predictor: ShotPredictor | None, threads: int
) -> Timeline:
    """Return the timeline with the movement that the scan shows, and with what a bundle answers in its place."""
    from rushes.timelines.movement import answer_movement
    from rushes.timelines.timeline import with_answers

    if predictor is None:
        return with_answers(timeline, answer_movement(found.signals, found.shots))
    from rushes.inference.predict_shots import answer_shots

    with door.progress("answers") as progress:
        predicted = list(answer_shots(predictor, film, found, found.shots, threads=threads, progress=progress))
    if "movement" not in predictor.bundle.tasks:
        timeline = with_answers(timeline, answer_movement(found.signals, found.shots))
    return with_answers(timeline, [shot.answers for shot in predicted])


def _report(door: Door, timeline: Timeline, warnings: Sequence[str]) -> None:
    from rushes.timelines.contact_sheet import describe_film
    from rushes.timelines.timeline import measure_lengths

    door.say(f"{timeline.name}  {', '.join(describe_film(timeline)[-2:])}")
    _show_shots(door, timeline)
    lengths = measure_lengths(timeline)
    cuts = ", ".join(
        plural(count, word)
        for word, count in (
            ("hard cut", lengths.cuts["hard"]),
            ("fade", lengths.cuts["fade"]),
            ("dissolve", lengths.cuts["dissolve"]),
        )
        if count
    )
    door.say(
        f"{plural(len(timeline.shots), 'shot')} in {float(timeline.duration_seconds):.1f} s: average "
        f"{float(lengths.average):.2f} s, median {float(lengths.median):.2f} s; {cuts or 'no cut'}"
    )
    for warning in warnings:
        door.warn(f"{timeline.path}: {warning}")
    if not timeline.constant_rate:
        door.warn(
            f"{timeline.path}: its frames do not stand evenly (a varying rate, or some are missing). "
            "Timecodes, .edl, .otio and .fcpxml keep to the nearest frames at "
            f"{float(timeline.rate):.5g} a second; ordinals and seconds are exact"
        )


def _show_shots(door: Door, timeline: Timeline) -> None:
    """Print the shots as a table; where a terminal is too narrow for reasons beside them, each stands below its shot.

    What a terminal still has no room for is left out: `--json` and the files hold it all.
    """
    rows = [_row(timeline, place) for place in timeline.shots]
    reasons = [_reason_of(place) for place in timeline.shots]
    columns = [name for name in rows[0] if any(row[name] != "" for row in rows)]
    width, beside = door.out.width, max(map(len, reasons))
    if beside and _width_of(columns, rows) + min(beside, _LEAST_REASON) + _APART <= width:
        cells: list[list[object]] = [[*(row[name] for name in columns), said]
                                     for row, said in zip(rows, reasons, strict=True)]  # fmt: skip
        door.show(table_of(None, [*columns, ""], cells, whole=columns))
        return
    for name in _SPARED:
        if _width_of(columns, rows) > width and name in columns:
            columns.remove(name)
    table = table_of(None, columns, [[row[name] for name in columns] for row in rows], whole=columns)
    door.show(with_lines_below(door.out, table, reasons, indent=_INDENT) if beside else table)


def _row(timeline: Timeline, place: TimelineShot) -> dict[str, object]:
    cut = place.shot.opening
    return {
        "shot": place.number,
        "start": timeline.timecode_at(place.start_slot),
        "end": timeline.timecode_at(place.stop_slot),
        "seconds": f"{float(place.duration_seconds):7.3f}",
        "frames": place.shot.frame_count,
        "cut": "" if cut is None else cut.kind,
        "sure": "" if cut is None else f"{cut.confidence:.2f}",
        **{task: cell_of(place.answers.get(task)) for task in timeline.tasks},
    }


def _reason_of(place: TimelineShot) -> str:
    """Return what was measured that speaks for the answers to a shot, and whether it is blank."""
    return "; ".join(["blank"] * place.shot.blank + [one.reason for one in place.answers.values() if one.reason])


def _width_of(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> int:
    """Return how many characters a table of these columns is wide."""
    return sum(max(len(name), *(len(str(row[name])) for row in rows)) + _APART for name in columns)


def _pictures_of(
    door: Door,
    film: Place,
    found: FoundShots,
    paths: Sequence[Path],
    choice: PictureChoice,
    size: int,
    threads: int,
) -> list[ShotPicture | None]:
    """Return a picture per shot where some file shows them, otherwise none at all."""
    from rushes.timelines.shot_files import needs_pictures
    from rushes.timelines.shot_pictures import read_shot_pictures

    if not any(map(needs_pictures, paths)):
        return []
    with door.progress("pictures") as progress:
        pictures = list(
            read_shot_pictures(
                film, found.index, found.shots, choice=choice, side_pixels=size, threads=threads, progress=progress
            )
        )
    lost = pictures.count(None)
    if lost:
        door.warn(f"{film}: {plural(lost, 'picture')} could not be decoded and left empty on the contact sheet")
    return pictures
