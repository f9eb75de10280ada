"""`rushes faces`: the characters of films by their faces, their names, and the data that is kept of them."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.faces_models import models
from rushes.cli.faces_names import forget, name, rename, split
from rushes.cli.faces_wipe import wipe
from rushes.cli.faces_words import may_be_number, places_of_films, project_with_faces, understood
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, ThreadsOption, verbs_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.project import Project
    from rushes.structure.film import Film

app = verbs_app("Characters of films by their faces. Off unless [film] faces = true; kept on this machine alone.")


@app.command(name="list", epilog="Example: rushes faces list film.mp4")
def list_faces(
    film: Annotated[str | None, typer.Argument(metavar="[FILM]", help="A film; without one, the project.")] = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the characters of a film, or without one, all names of the project and the films whose faces are kept."""
    with opened(as_json=as_json, debug=debug) as door:
        place = project_with_faces(project)
        if film is None:
            _list_project(door, place)
        with door.progress("faces") as progress:
            found = understood(film, place, threads=threads or 0, progress=progress)
        _list_film(door, found.film)


@app.command(epilog="Example: rushes faces where 'Ada'")
def where(
    named: Annotated[str, typer.Argument(metavar="NAME", help="A name, or the number of a character of one film.")],
    films: Annotated[
        list[str] | None, typer.Argument(metavar="[FILM…]", help="Films; without any, those whose faces are kept.")
    ] = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List every scene in which somebody is seen."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.errors import MediaError, UsageError

        place = project_with_faces(project)
        wanted = films or _films_kept(door, place)
        numbered = may_be_number(named, place, of_films=len(wanted))
        scenes: list[dict[str, Any]] = []
        unknown: list[str] = []
        answered = 0
        for film in wanted:
            try:
                with door.progress("faces") as progress:
                    found = understood(film, place, threads=threads or 0, progress=progress)
            except MediaError as error:
                door.fail_item(str(error))
                continue
            try:
                scenes += _scenes_of(found.film, named, numbered)
                answered += 1
            except UsageError as error:
                unknown.append(str(error))
        if unknown and not answered:
            raise UsageError(unknown[0])
        _show_scenes(door, scenes)
        door.finish({"name": named, "scenes": scenes, "failed": door.failed})


app.command(epilog="Example: rushes faces name film.mp4 2 'Ada'")(name)
app.command(epilog="Example: rushes faces rename 'Ada' 'Ada Lovelace'")(rename)
app.command(epilog="Example: rushes faces split film.mp4 2 17 21")(split)
app.command(epilog="Example: rushes faces forget 'Ada'")(forget)
app.command(epilog="Example: rushes faces models")(models)
app.command(epilog="Example: rushes faces wipe --dry-run")(wipe)


def _list_film(door: Door, film: Film) -> None:
    """Print the characters of a film, and end."""
    from rushes.structure.table import table_of as table_of_film

    table = table_of_film(film)
    characters = table["characters"] or []
    rows = [
        [one["character"], one["name"] or "", len(one["shots"]), f"{one['seconds']:.1f}", len(one["scenes"]),
         one["faces"], one["best_frame"]]
        for one in characters
    ]  # fmt: skip
    if rows:
        columns = ["character", "name", "shots", "seconds", "scenes", "faces", "best frame"]
        door.show(table_of(film.timeline.name, columns, rows))
        door.say(f"Name one: rushes faces name {quote(str(film.timeline.path))} NUMBER NAME")
    else:
        door.say(f"{film.timeline.name}: no face is seen twice or large enough to be a character's")
    door.finish({"film": film.timeline.name, "faces_by": film.faces_by, "characters": characters})


def _list_project(door: Door, place: Project) -> None:
    """Print the names of a project and the films whose faces are kept, and end."""
    from rushes.subjects.kept_faces import list_film_faces
    from rushes.subjects.names import read_names

    names = read_names(place.faces_folder)
    people = [
        {"name": one.name, "faces": sum(len(rows) for rows in one.references.values())} for one in names.people
    ]  # fmt: skip
    kept = list_film_faces(place.faces_folder)
    paths = places_of_films(place, [one.source for one in kept])
    films = [
        {"source": one.source, "film": paths.get(one.source), "reader": one.reader, "frames": one.frames,
         "faces": one.faces}
        for one in kept
    ]  # fmt: skip
    if people:
        door.show(table_of(None, ["name", "known by faces"], [[one["name"], one["faces"]] for one in people]))
    else:
        door.say("nobody is named yet: rushes faces name FILM NUMBER NAME")
    if films:
        rows = [[_shown(one), one["frames"], one["faces"]] for one in films]
        door.show(table_of(None, ["film", "frames looked at", "faces"], rows, whole=("film",)))
    else:
        door.say("no faces of any film are kept")
    door.finish({"people": people, "films": films})


def _shown(film: Mapping[str, Any]) -> str:
    """Return what to call a film of which faces are kept, and whether it is where it was."""
    from rushes.storage.places import parse_place
    from rushes.storage.reading import exists

    if film["film"] is None:
        return f"a film of unknown name ({film['source'][:16]}…)"
    return str(film["film"]) if exists(parse_place(film["film"])) else f"{film['film']} (is no more there)"


def _films_kept(door: Door, place: Project) -> list[str]:
    """Return the paths of the films whose faces are kept; of those that are not there or not known, say so.

    Raises:
        UsageError: no faces of any film are kept.
    """
    from rushes.errors import UsageError
    from rushes.storage.places import parse_place
    from rushes.storage.reading import exists
    from rushes.subjects.kept_faces import list_film_faces

    sources = list(dict.fromkeys(one.source for one in list_film_faces(place.faces_folder)))
    if not sources:
        raise UsageError("no faces of any film are kept yet. Name a film: rushes faces where NAME film.mp4")
    paths = places_of_films(place, sources)
    if strange := len(sources) - len(paths):
        door.fail_item(
            f"of {plural(strange, 'film')} whose name is not known faces are kept. Name such a film once, and it is "
            "known: rushes faces list FILM"
        )
    wanted = []
    for path in dict.fromkeys(paths.values()):
        if exists(parse_place(path)):
            wanted.append(path)
        else:
            door.fail_item(f"{path}: is no more there. Name where it is now: rushes faces where NAME FILM")
    return wanted


def _scenes_of(film: Film, named: str, numbered: bool) -> list[dict[str, Any]]:
    """Return the scenes of a film in which somebody is seen, as the film's table has them."""
    from rushes.structure.scenes_with import character_named, scenes_with
    from rushes.structure.table import table_of as table_of_film

    character = character_named(film, named, may_be_number=numbered)
    table = table_of_film(film)
    shown = set(character.shots)
    found = []
    for place in scenes_with(film, character):
        scene = table["scenes"][place]
        within = range(scene["first_shot"] - 1, scene["last_shot"])
        found.append(
            {"film": film.timeline.name, **scene, "shots_with": [shot + 1 for shot in within if shot in shown]}
        )
    return found


def _show_scenes(door: Door, scenes: list[dict[str, Any]]) -> None:
    rows = [
        [one["film"], one["scene"], one["start_timecode"], one["stop_timecode"],
         f"{one['first_shot']}-{one['last_shot']}", ", ".join(str(shot) for shot in one["shots_with"])]
        for one in scenes
    ]  # fmt: skip
    door.show(table_of(None, ["film", "scene", "from", "to", "shots", "seen in shots"], rows, whole=("film", "from")))
    door.say(plural(len(scenes), "scene"))
