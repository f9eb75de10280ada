"""`rushes scenes`: the scenes, dialogues, characters and facts of films, as tables and as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.film_files import say_fetched, write_each
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, ThreadsOption, verb_app
from rushes.cli.scenes_plan import Titles, check_faces, check_idle, pair_subtitles, readable, say_plan
from rushes.errors import MediaError, ProjectError, SheetError, UsageError

if TYPE_CHECKING:
    from rushes.project import Project
    from rushes.storage.places import Place
    from rushes.structure.film import Film
    from rushes.structure.parts import Character
    from rushes.structure.tools import Tools
    from rushes.structure.truth import StructureTruth
    from rushes.structure.understand import Folders, Understood
    from rushes.structure.wishes import Wishes

app = verb_app()
MANY = ("--write", "--subtitles", "--words", "--close-class")

_SCENES_SHOWN, _CHARACTERS_SHOWN, _SUBJECTS_SHOWN = 200, 24, 6
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
        list[str] | None,
        typer.Option(
            help="Subtitles (.srt .vtt .ass), one file for each film, in their order; 'none' leaves those beside it."
        ),
    ] = None,
    with_character: Annotated[
        str | None,
        typer.Option("--with", help="Show only scenes with this character: a name, or a number. Needs faces."),
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
        from rushes.storage.places import parse_place
        from rushes.structure.outputs import part_of, plan_film_files
        from rushes.structure.tools import open_tools
        from rushes.timelines.written import check_places

        if not films:
            raise UsageError("no film is named. Give one or more, before --write: rushes scenes film.mp4")
        around = _project_around(project)
        wishes = _wishes(
            around,
            looks=looks,
            closeness=closeness,
            close_classes=close_class or (),
            faces=faces,
            detector=detector,
            words=words or (),
        )
        check_faces(door, wishes.faces, around, with_character=with_character, faces=faces)
        check_idle(wishes, close_class=close_class or (), words=words or ())
        places = [parse_place(film) for film in films]
        titles = pair_subtitles(places, subtitles or [])
        planned = plan_film_files(places, write or [])
        check_places(path for paths in planned for path in paths)
        known = None if truth is None else _truth_of(films, truth)
        find = None if with_character is None else _finder(with_character, around, len(films))
        if dry_run:
            say_plan(door, places, titles, planned, wishes, around)
        tools = _open(door, open_tools, wishes, around, threads or 0)
        parts = [part_of(pattern) for pattern in write or []]
        act = _Act(door, tools, _folders_of(around), known, find, parts, threads or 0)
        for film, said, paths in zip(places, titles, planned, strict=True):
            act.do(film, said, paths)
        act.check_character()
        door.finish({"films": act.tables, "scores": act.scores, "written": [str(path) for path in act.written],
                     "fetched": act.fetched, "failed": door.failed})  # fmt: skip


def _wishes(
    project: Project | None,
    *,
    looks: str | None,
    closeness: str | None,
    close_classes: Sequence[str],
    faces: bool | None,
    detector: str | None,
    words: Sequence[str],
) -> Wishes:
    """Return what is wished for: what the command line says, and else the project."""
    from rushes.project import FilmSettings
    from rushes.structure.wishes import Wishes, words_for

    settings = FilmSettings() if project is None else project.film
    named = settings.detector if detector is None else detector
    return Wishes(
        looks=settings.looks if looks is None else looks,
        closeness=settings.closeness if closeness is None else closeness,
        close_classes=tuple(close_classes),
        faces=settings.faces if faces is None else faces,
        face_detector=settings.face_detector,
        face_embedder=settings.face_embedder,
        detector=named,
        words=tuple(words) or words_for(named, settings),
    )


def _truth_of(films: Sequence[str], truth: Path) -> StructureTruth:
    from rushes.structure.truth import read_truth

    if len(films) > 1:
        raise UsageError(f"--truth {truth}: it is of one film, and {len(films)} are named. Name the one it is of")
    return read_truth(truth)


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


def _finder(named: str, project: Project | None, film_count: int) -> Callable[[Film], Character]:
    """Return what finds a character in a film.

    Raises:
        UsageError: it is named by a number, and there are several films.
    """
    from rushes.cli.faces_words import may_be_number
    from rushes.structure.scenes_with import character_named

    numbered = project is not None and may_be_number(named, project, of_films=film_count)
    return lambda film: character_named(film, named, may_be_number=numbered)


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
            faces_folder=None if project is None else project.faces_folder,
            threads=threads,
            progress=progress,
        )
    return tools


class _Act:
    """What is done with each film, and what came of it."""

    def __init__(
        self,
        door: Door,
        tools: Tools,
        folders: Folders,
        truth: StructureTruth | None,
        find: Callable[[Film], Character] | None,
        parts: Sequence[str],
        threads: int,
    ) -> None:
        """Take what films are looked at with, and of each file that is written of one the part it holds."""
        self._door, self._tools, self._folders = door, tools, folders
        self._truth, self._find, self._parts, self._threads = truth, find, parts, threads
        self.tables: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        self.written: list[Path] = []
        self.fetched: list[dict[str, Any]] = []
        self._without: list[UsageError] = []  # of films in which the character is not

    def do(self, film: Place, titles: Titles | None, paths: Sequence[Path]) -> None:
        """Understand one film, print what was found, and write its files; one that cannot be read is told."""
        from rushes.structure.outputs import needs_pictures
        from rushes.structure.table import table_of as table_of_film
        from rushes.structure.understand import understand_film

        has_page = any(needs_pictures(path) for path in paths)
        try:
            subtitles = readable(self._door, titles)
            with self._door.progress("film") as progress:
                understood = understand_film(
                    film,
                    self._tools,
                    folders=self._folders,
                    subtitles=subtitles,
                    picture_side=_PICTURE_SIDE if has_page else 0,
                    portraits=has_page,
                    threads=self._threads,
                    progress=progress,
                )
        except MediaError as error:
            self._door.fail_item(str(error))
            return
        if (got := understood.fetched) is not None:
            say_fetched(self._door, film, got)
            self.fetched.append(asdict(got))
        self.tables.append(table_of_film(understood.film))
        try:
            _report(self._door, understood.film, _scenes_with(understood.film, self._find))
        except UsageError as error:
            self._door.say(str(error))
            self._without.append(error)
        self._write(understood, paths)
        self._score(understood.film)

    def check_character(self) -> None:
        """Refuse a character that is in none of the films; their files are written.

        Raises:
            UsageError: so it is.
        """
        if self._without and len(self._without) == len(self.tables):
            raise self._without[0]

    def _score(self, film: Film) -> None:
        if self._truth is None:
            return
        from rushes.structure.scored import describe_score, score_film, table_of_score

        try:
            score = score_film(film, self._truth)
        except SheetError as error:
            self._door.fail_item(str(error))
            return
        self.scores.append(table_of_score(score))
        self._door.say(f"against {self._truth.name}:")
        for line in describe_score(score):
            self._door.say(f"  {line}")

    def _write(self, understood: Understood, paths: Sequence[Path]) -> None:
        from rushes.structure.outputs import write_film

        part = dict(zip(paths, self._parts, strict=True))
        write = partial(write_film, understood.film, pictures=understood.pictures, portraits=understood.portraits)
        self.written += write_each(self._door, paths, lambda path: write(path, part=part[path]))


def _report(door: Door, film: Film, chosen: Sequence[int]) -> None:
    structure, facts = film.structure, film.facts
    door.say(f"{film.timeline.name}  {_headline(film)}")
    _show_scenes(door, film, chosen)
    _show_dialogues(door, film, chosen)
    _show_characters(door, film)
    _show_subjects(door, film, chosen)
    for line in _facts_in_words(film):
        door.say(line)
    for note in film.notes:
        door.warn(f"{film.timeline.path}: {note}")
    if not structure.dialogues and facts.shot_count:
        door.say("no two-character dialogue was found")


def _scenes_with(film: Film, find: Callable[[Film], Character] | None) -> list[int]:
    """Return the places of the scenes that are shown: all, or those with a character.

    Raises:
        UsageError: the film has no such character.
    """
    if find is None:
        return list(range(len(film.structure.scenes)))
    from rushes.structure.scenes_with import scenes_with

    return scenes_with(film, find(film))


def _headline(film: Film) -> str:
    from rushes.structure.film_words import count_shots

    structure = film.structure
    said = [
        count_shots(film),
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


def _show_subjects(door: Door, film: Film, chosen: Sequence[int]) -> None:
    """Print the commonest subjects of each scene, with the number of shots that each is in."""
    if film.subjects is None:
        return
    from rushes.structure.film_words import count_subjects

    rows: list[list[object]] = []
    for place in chosen[:_SCENES_SHOWN]:
        counts = count_subjects(film, film.structure.scenes[place])
        said = ", ".join(f"{word} {shots}" for word, shots in counts[:_SUBJECTS_SHOWN])
        more = f" and {len(counts) - _SUBJECTS_SHOWN} more" if len(counts) > _SUBJECTS_SHOWN else ""
        rows.append([place + 1, f"{said}{more}" if said else "none"])
    door.show(table_of(None, ["scene", "subjects, and in how many shots"], rows))


def _facts_in_words(film: Film) -> list[str]:
    """Return what was counted and measured of the film, a line each."""
    from rushes.structure.film_words import describe_bars, describe_light

    facts = film.facts
    if not facts.shot_count:
        return [f"every shot is blank: there is nothing to measure but its light, {describe_light(facts)}"]
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
        bars = describe_bars(area, width=film.timeline.width_pixels, height=film.timeline.height_pixels)
        lines.append(f"picture {area.right - area.left} × {area.bottom - area.top}, {format}, {bars}{more}")
    if facts.palette:
        lines.append("colours " + ", ".join(f"{one.code} {one.share:.0%}" for one in facts.palette))
    if film.subtitles is not None:
        found = film.subtitles
        by = f" by {found.offset_seconds:+.1f} s" if found.fit == "moved" else ""
        lines.append(f"subtitles {found.name}: {plural(len(found.entries), 'line')}, {found.fit}{by} ({found.reason})")
        lines += [f"subtitles {found.name}: {note}" for note in found.notes]
    return lines
