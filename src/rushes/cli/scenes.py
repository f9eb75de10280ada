"""`rushes scenes`: the scenes, dialogues, characters and facts of films, as tables and as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, ThreadsOption, verb_app
from rushes.errors import MediaError, ProjectError, UsageError

if TYPE_CHECKING:
    from rushes.project import Project
    from rushes.storage.places import Place
    from rushes.structure.film import Film
    from rushes.structure.tools import Tools
    from rushes.structure.truth import StructureTruth
    from rushes.structure.understand import Folders, Understood
    from rushes.structure.wishes import Wishes

app = verb_app()
MANY = ("--write", "--subtitles", "--words", "--close-class")

_SCENES_SHOWN, _CHARACTERS_SHOWN = 200, 24
_PICTURE_SIDE = 320


@app.command(epilog="Example: rushes scenes film.mp4 --write film.html film.eaf film.csv")
def scenes(
    films: Annotated[list[str] | None, typer.Argument(metavar="PLACE…", help="Films; s3:// and https:// too.")] = None,
    write: Annotated[
        list[str] | None,
        typer.Option(
            help="Files to write, after the films; the extension chooses the format (.html .csv .json .edl .otio "
            ".fcpxml .eaf); {name} stands for the film's name. May be given several times."
        ),
    ] = None,
    looks: Annotated[
        str | None,
        typer.Option(help="What shots are compared by: 'scan', or a bundle of pictures, by path or by name."),
    ] = None,
    closeness: Annotated[
        str | None,
        typer.Option(help="The bundle (of mcu or scale, of pictures or shots) that says which shots are close."),
    ] = None,
    close_class: Annotated[
        list[str] | None, typer.Option(help="Class of it that means a medium close-up; may be given several times.")
    ] = None,
    faces: Annotated[
        bool | None,
        typer.Option("--faces/--no-faces", help="Look for faces and characters; what is found stays on this machine."),
    ] = None,
    detector: Annotated[
        str | None, typer.Option(help="Look for objects with this detector: a file, or the name of a known one.")
    ] = None,
    words: Annotated[
        list[str] | None, typer.Option(help="What a detector of open vocabulary looks for: cup, umbrella.")
    ] = None,
    subtitles: Annotated[
        list[str] | None, typer.Option(help="Subtitles (.srt .vtt .ass), one file for each film, in their order.")
    ] = None,
    with_character: Annotated[
        str | None, typer.Option("--with", help="Show only scenes with this character: a name, or a number.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="A file that says what is so (JSON or CSV); how far that is found is printed.")
    ] = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Find the scenes of films, their two-character dialogues, characters and facts, and write them out."""
    with opened(as_json=as_json, debug=debug) as door:
        from dataclasses import replace

        from rushes.storage.places import parse_place
        from rushes.structure.outputs import plan_film_files
        from rushes.structure.tools import open_tools
        from rushes.structure.truth import read_truth
        from rushes.structure.wishes import Wishes, wishes_of
        from rushes.timelines.written import check_places

        if not films:
            raise UsageError("no film is named. Give one or more, before --write: rushes scenes film.mp4")
        around = _project_around(project)
        base = Wishes() if around is None else wishes_of(around.film)
        wishes = replace(
            base,
            looks=base.looks if looks is None else looks,
            closeness=base.closeness if closeness is None else closeness,
            close_classes=tuple(close_class or ()),
            faces=with_character is not None or (base.faces if faces is None else faces),
            detector=base.detector if detector is None else detector,
            words=tuple(words or ()),
        )
        _check_faces(wishes.faces, around, with_character)
        places = [parse_place(film) for film in films]
        titles = _pair_subtitles(films, subtitles or [])
        planned = plan_film_files(places, write or [])
        check_places(path for paths in planned for path in paths)
        if truth is not None and len(films) > 1:
            raise UsageError(f"--truth {truth}: it is of one film, and {len(films)} are named. Name the one it is of")
        known = None if truth is None else read_truth(truth)
        if dry_run:
            _say_plan(door, places, planned, wishes)
        tools = _open(door, open_tools, wishes, around, threads or 0)
        act = _Act(door, tools, _folders_of(around), known, with_character, threads or 0)
        for film, said, paths in zip(places, titles, planned, strict=True):
            act.do(film, said, paths)
        door.finish({"films": act.tables, "scores": act.scores, "written": [str(path) for path in act.written],
                     "fetched": act.fetched, "failed": door.failed})  # fmt: skip


def _project_around(project: Path | None) -> Project | None:
    """Return the project that is named, or the one around the working folder; None outside of any.

    Raises:
        ProjectError: the project that is named is none.
    """
    from rushes.project import find_project

    try:
        return find_project(project)
    except ProjectError:
        if project is not None:
            raise
        return None


def _check_faces(wanted: bool, project: Project | None, with_character: str | None) -> None:
    """Refuse faces where there is no project to keep them in, from which they can be wiped again.

    Raises:
        UsageError: there is none.
    """
    if wanted and project is None:
        asked = "--faces" if with_character is None else f"--with {with_character}"
        raise UsageError(
            f"{asked}: what is found of faces is kept in a project, so that it stays in one place and can be wiped "
            "('rushes faces wipe'), and there is none here. Make one with 'rushes init DIR', or name one with --project"
        )


def _pair_subtitles(films: Sequence[str], subtitles: Sequence[str]) -> list[str | None]:
    if not subtitles:
        return [None] * len(films)
    if len(subtitles) != len(films):
        raise UsageError(
            f"--subtitles: {plural(len(subtitles), 'file')} for {plural(len(films), 'film')}. Give one for each film, "
            "in the order of the films, or none"
        )
    return list(subtitles)


def _folders_of(project: Project | None) -> Folders:
    from rushes.structure.understand import NOWHERE, Folders

    if project is None:
        return NOWHERE
    return Folders(scans=project.scans_folder, cache=project.cache_folder, faces=project.faces_folder)


def _open(door: Door, open_tools: Any, wishes: Wishes, project: Project | None, threads: int) -> Tools:
    with door.progress("models") as progress:
        tools: Tools = open_tools(
            wishes,
            bundles_folder=None if project is None else project.bundles_folder,
            models_folder=None if project is None else project.models_folder,
            threads=threads,
            progress=progress,
        )
    return tools


def _say_plan(door: Door, films: Sequence[Place], planned: Sequence[Sequence[Path]], wishes: Wishes) -> None:
    from rushes.storage.reading import exists

    for film, paths in zip(films, planned, strict=True):
        if not exists(film):
            door.fail_item(f"{film}: there is no such file. Check its name and folder")
            continue
        door.say(f"would find the scenes of {film}, its shots compared by {wishes.looks}"
                 f"{', and look for faces' if wishes.faces else ''}")  # fmt: skip
        for path in paths:
            door.say(f"would write {path}")
    door.finish({"would_write": [str(path) for paths in planned for path in paths], "failed": door.failed})


class _Act:
    """What is done with each film, and what came of it."""

    def __init__(
        self,
        door: Door,
        tools: Tools,
        folders: Folders,
        truth: StructureTruth | None,
        with_character: str | None,
        threads: int,
    ) -> None:
        self._door, self._tools, self._folders = door, tools, folders
        self._truth, self._with, self._threads = truth, with_character, threads
        self.tables: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        self.written: list[Path] = []
        self.fetched: list[dict[str, Any]] = []

    def do(self, film: Place, subtitles: str | None, paths: Sequence[Path]) -> None:
        """Understand one film, print what was found, and write its files; one that cannot be read is told."""
        from rushes.storage.places import parse_place
        from rushes.structure.table import table_of as table_of_film
        from rushes.structure.understand import understand_film

        try:
            with self._door.progress("film") as progress:
                understood = understand_film(
                    film,
                    self._tools,
                    folders=self._folders,
                    subtitles=None if subtitles is None else parse_place(subtitles),
                    picture_side=_PICTURE_SIDE if any(path.suffix.lower() == ".html" for path in paths) else 0,
                    threads=self._threads,
                    progress=progress,
                )
        except MediaError as error:
            self._door.fail_item(str(error))
            return
        if (got := understood.fetched) is not None:
            self._door.say(f"fetched {got.fetched_bytes:,} of {got.size_bytes:,} bytes of {film}")
            self.fetched.append(asdict(got))
        self.tables.append(table_of_film(understood.film))
        _report(self._door, understood.film, self._with)
        self._score(understood.film)
        self._write(understood, paths)

    def _score(self, film: Film) -> None:
        if self._truth is None:
            return
        from rushes.structure.scored import describe_score, score_film, table_of_score

        score = score_film(film, self._truth)
        self.scores.append(table_of_score(score))
        self._door.say(f"against {self._truth.name}:")
        for line in describe_score(score):
            self._door.say(f"  {line}")

    def _write(self, understood: Understood, paths: Sequence[Path]) -> None:
        from rushes.structure.outputs import write_film

        for path in paths:
            try:
                new = write_film(understood.film, path, understood.pictures)
            except MediaError as error:
                self._door.fail_item(str(error) if error.path == str(path) else f"{path}: {error}")
                continue
            self.written += new
            for one in new:
                self._door.say(f"wrote {one}")


def _report(door: Door, film: Film, with_character: str | None) -> None:
    structure, facts = film.structure, film.facts
    chosen = _scenes_with(film, with_character)
    door.say(f"{film.timeline.name}  {_headline(film)}")
    _show_scenes(door, film, chosen)
    _show_dialogues(door, film, chosen)
    _show_characters(door, film)
    for line in _facts_in_words(film):
        door.say(line)
    for note in film.notes:
        door.warn(f"{film.timeline.path}: {note}")
    if not structure.dialogues and facts.shot_count:
        door.say(f"no two-character dialogue was found: {structure.why_no_dialogue}")


def _scenes_with(film: Film, named: str | None) -> list[int]:
    """Return the places of the scenes that are shown: all, or those with a character.

    Raises:
        UsageError: the film has no such character.
    """
    if named is None:
        return list(range(len(film.structure.scenes)))
    from rushes.structure.scenes_with import character_named, scenes_with

    return scenes_with(film, character_named(film, named))


def _headline(film: Film) -> str:
    structure = film.structure
    said = [
        plural(len(film.timeline.shots), "shot"),
        plural(len(structure.scenes), "scene"),
        plural(len(structure.dialogues), "dialogue"),
    ]
    if film.characters is not None:
        said.append(plural(len(film.characters), "character"))
    return f"{float(film.timeline.duration_seconds):.1f} s, {', '.join(said)}; compared by {film.looks_by}"


def _span(film: Film, first: int, stop: int) -> list[object]:
    timeline = film.timeline
    opening, last = timeline.shots[first], timeline.shots[stop - 1]
    seconds = float(last.stop_seconds - opening.start_seconds)
    shots = f"{first + 1}–{stop}" if stop > first + 1 else f"{stop}"
    return [timeline.timecode_at(opening.start_slot), timeline.timecode_at(last.stop_slot), f"{seconds:8.2f}", shots]


def _show_scenes(door: Door, film: Film, chosen: Sequence[int]) -> None:
    rows: list[list[object]] = []
    for place in chosen[:_SCENES_SHOWN]:
        scene = film.structure.scenes[place]
        within = range(scene.first, scene.stop)
        talks = [number for number, one in enumerate(film.structure.dialogues, 1) if one.first in within]
        setups = {film.structure.setups[shot] for shot in within} - {-1}
        people = sorted({number for shot in within for number in (film.cast[shot] if film.cast else ())})
        rows.append(
            [
                place + 1,
                *_span(film, scene.first, scene.stop),
                len(setups),
                f"{scene.confidence:.2f}",
                ", ".join(map(str, talks)),
                ", ".join((film.characters or ())[number].title for number in people),
            ]
        )
    columns = ["scene", "start", "end", "seconds", "shots", "set-ups", "sure", "dialogue", "characters"]
    kept = [
        at for at, name in enumerate(columns) if name not in ("dialogue", "characters") or any(row[at] for row in rows)
    ]
    door.show(table_of(None, [columns[at] for at in kept], [[row[at] for at in kept] for row in rows],
                       whole=[columns[at] for at in kept if columns[at] != "characters"]))  # fmt: skip
    if len(chosen) > _SCENES_SHOWN:
        door.say(f"and {len(chosen) - _SCENES_SHOWN} more; --json and the files of --write hold them all")


def _show_dialogues(door: Door, film: Film, chosen: Sequence[int]) -> None:
    shown = [(number, one) for number, one in enumerate(film.structure.dialogues, 1)
             if film.structure.scene_of(one.first) in chosen]  # fmt: skip
    if not shown:
        return
    rows: list[list[object]] = []
    for number, one in shown:
        people = [f"set-up {setup + 1}" if person is None else (film.characters or ())[person].title
                  for setup, person in zip(one.sides, one.people, strict=True)]  # fmt: skip
        rows.append([number, *_span(film, one.first, one.stop), " / ".join(people), len(one.cutaways),
                     f"{one.confidence:.2f}", one.reason])  # fmt: skip
    columns = ["dialogue", "start", "end", "seconds", "shots", "sides", "cutaways", "sure", ""]
    door.show(table_of(None, columns, rows, whole=columns[:-1]))


def _show_characters(door: Door, film: Film) -> None:
    if not film.characters:
        return
    rows: list[list[object]] = [
        [one.number + 1, one.name or "", len(one.shots), f"{one.seconds:8.1f}",
         len({film.structure.scene_of(shot) for shot in one.shots}), one.face_count]
        for one in film.characters[:_CHARACTERS_SHOWN]
    ]  # fmt: skip
    door.show(table_of(None, ["character", "name", "shots", "seconds", "scenes", "faces"], rows))
    if len(film.characters) > _CHARACTERS_SHOWN:
        door.say(f"and {len(film.characters) - _CHARACTERS_SHOWN} more; --json holds them all")


def _facts_in_words(film: Film) -> list[str]:
    """Return what was counted and measured of the film, a line each."""
    facts = film.facts
    if not facts.shot_count:
        return ["every shot is blank: there is nothing to measure"]
    lines = [
        f"average shot {facts.average_shot_seconds:.2f} s, median {facts.median_shot_seconds:.2f} s, "
        f"{facts.shortest_shot_seconds:.2f} to {facts.longest_shot_seconds:.2f} s; "
        f"{plural(len(facts.long_takes), 'long take')} (from {facts.long_take_seconds:.1f} s)"
    ]
    if facts.scales:
        total = sum(one.seconds for one in facts.scales) or 1.0
        shares = ", ".join(f"{one.class_name} {one.seconds / total:.0%}" for one in facts.scales if one.shots)
        lines.append(f"scale by time: {shares}")
    if facts.area is not None:
        area = facts.area
        more = "; its format varies" if area.varies else ""
        format = area.name or f"{area.aspect:.2f}:1"
        lines.append(f"picture {area.right - area.left} × {area.bottom - area.top} without bars, {format}{more}")
    if facts.palette:
        lines.append("colours " + ", ".join(f"{one.code} {one.share:.0%}" for one in facts.palette))
    if film.subtitles is not None:
        found = film.subtitles
        by = f" by {found.offset_seconds:+.1f} s" if found.fit == "moved" else ""
        lines.append(f"subtitles {found.name}: {plural(len(found.entries), 'line')}, {found.fit}{by} ({found.reason})")
        lines += [f"subtitles {found.name}: {note}" for note in found.notes]
    return lines
