"""What the verbs of `rushes faces` share: the project with faces turned on, and a film with its characters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.errors import CatalogError, UsageError
from rushes.progress import Progress

if TYPE_CHECKING:
    from rushes.project import Project
    from rushes.structure.understand import Understood

FilmArgument = Annotated[str, typer.Argument(metavar="FILM", help="A film; s3:// and https:// too.")]


def project_with_faces(project: Path | None) -> Project:
    """Return the project, if faces are turned on in it.

    Raises:
        ProjectError: there is none.
        UsageError: faces are off.
    """
    from rushes.project import PROJECT_FILE, find_project

    place = find_project(project)
    if not place.film.faces:
        raise UsageError(
            f"faces are off in {place.root}: none are looked for, since they are data about persons. Turn them on in "
            f"{PROJECT_FILE}:\n[film]\nfaces = true\nWhat is found stays on this machine, in {place.faces_folder}, and "
            "'rushes faces wipe' removes it"
        )
    return place


def understood(film: str | None, place: Project, *, threads: int, progress: Progress) -> Understood:
    """Return a film with its characters; what is kept of it is not looked for again.

    Raises:
        MediaError: it cannot be read.
        WeightsError: a model is missing.
    """
    from dataclasses import replace

    from rushes.storage.places import parse_place
    from rushes.structure.tools import open_tools
    from rushes.structure.understand import Folders, understand_film
    from rushes.structure.wishes import wishes_of

    tools = open_tools(
        replace(wishes_of(place.film), faces=True, detector=""),
        bundles_folder=place.bundles_folder,
        models_folder=place.models_folder,
        faces_folder=place.faces_folder,
        threads=threads,
        progress=progress,
    )
    folders = Folders(scans=place.scans_folder, cache=place.cache_folder, faces=place.faces_folder)
    return understand_film(parse_place(film or ""), tools, folders=folders, threads=threads, progress=progress)


def places_of_films(place: Project, sources: Sequence[str]) -> dict[str, str]:
    """Return digest of a film -> its path, of those that are known: as its faces were found last, or from the catalog.

    Where the file is no more where it was when faces were looked for, and the catalog knows where it is, that counts.
    """
    from rushes.storage.reading import exists
    from rushes.subjects.kept_films import read_film_notes

    notes, catalogued = read_film_notes(place.faces_folder, sources), _catalogued(place)
    found = {}
    for source in sources:
        note, stored = notes.get(source), catalogued.get(source)
        if note is not None and (stored is None or exists(note.place)):
            found[source] = note.path
        elif stored is not None:
            found[source] = stored
    return found


def may_be_number(named: str, place: Project, *, of_films: int) -> bool:
    """Return whether who is named may be so by a number: in one film, since another counts other characters.

    Raises:
        UsageError: it is a number, nobody is called so, and there is not one film.
    """
    from rushes.structure.scenes_with import is_number
    from rushes.subjects.names import read_names

    if of_films == 1:
        return True
    if is_number(named) and read_names(place.faces_folder).person(named) is None:
        raise UsageError(
            f"'{named}' is the number of a character, which is another one in each film, and nobody is called so. Name "
            "one film, or give the character a name: rushes faces name FILM NUMBER NAME"
        )
    return False


def _catalogued(place: Project) -> dict[str, str]:
    """Return digest of a source -> its path, of those in the catalog; {} without a catalog."""
    from rushes.catalog.catalog import open_catalog

    if isinstance(place.catalog_place, Path) and not place.catalog_place.is_file():
        return {}
    try:
        with open_catalog(place.catalog_place) as catalog:
            return {source.digest: str(source.path) for source in catalog.sources()}
    except CatalogError:
        return {}
