"""`rushes scenes`: the scenes, dialogues, characters and facts of films, as tables and as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened
from rushes.cli.film_files import say_fetched, write_each
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, ThreadsOption, verb_app
from rushes.cli.scenes_plan import (
    Titles,
    check_faces,
    check_idle,
    films_at,
    may_be_there,
    pair_subtitles,
    readable,
    say_plan,
)
from rushes.cli.scenes_shown import show_film
from rushes.errors import MediaError, SheetError, UsageError

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

_PICTURE_SIDE = 320


@app.command(epilog="Example: rushes scenes film.mp4 --write film.html film.eaf film.csv")
def scenes(
    films: Annotated[
        list[str] | None, typer.Argument(metavar="PLACE…", help="Films and folders of them; s3:// and https:// too.")
    ] = None,
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
        places = list(films_at(parse_place(film) for film in films))
        titles = pair_subtitles(places, subtitles or [])
        planned = plan_film_files(places, write or [])
        check_places(path for paths in planned for path in paths)
        known = None if truth is None else _truth_of(places, truth)
        find = None if with_character is None else _finder(with_character, around, len(places))
        if dry_run:
            say_plan(door, places, titles, planned, wishes, around)
        if not any(map(may_be_there, places)):  # no model is fetched for films that are not there
            wishes = replace(wishes, faces=False, detector="", words=())
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


def _truth_of(films: Sequence[Place], truth: Path) -> StructureTruth:
    from rushes.structure.truth import read_truth

    if len(films) > 1:
        raise UsageError(f"--truth {truth}: it is of one film, and {len(films)} are named. Name the one it is of")
    return read_truth(truth)


def _project_around(project: Path | None) -> Project | None:
    """Return the project that is named, or the one around the working folder; None outside of any.

    Raises:
        ProjectError: the project that is named is none, or what a rushes.toml says is not allowed.
    """
    from rushes.project import find_project, project_around

    return project_around() if project is None else find_project(project)


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
        self._noted: set[str] = set()
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
            with self._door.progress(film.name) as progress:
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
            show_film(self._door, understood.film, _scenes_with(understood.film, self._find), self._noted)
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


def _scenes_with(film: Film, find: Callable[[Film], Character] | None) -> list[int]:
    """Return the places of the scenes that are shown: all, or those with a character.

    Raises:
        UsageError: the film has no such character.
    """
    if find is None:
        return list(range(len(film.structure.scenes)))
    from rushes.structure.scenes_with import scenes_with

    return scenes_with(film, find(film))
