"""The routes of a film's structure: its scenes and dialogues, its characters and their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException, Query, Response
from fastapi.concurrency import run_in_threadpool

from rushes.errors import MediaError, RushesError, did_you_mean
from rushes.footage.source import Source
from rushes.progress import Progress
from rushes.structure.film import Film
from rushes.structure.outputs import needs_pictures, write_film
from rushes.structure.table import table_of
from rushes.studio.exports import TYPES, check_extension, file_reply
from rushes.studio.face_pictures import FacePictures
from rushes.studio.footage_desk import FootageDesk, media_problems, send_picture
from rushes.studio.structures import Asked, people_table
from rushes.timelines.shot_pictures import ShotPicture
from rushes.web.replies import json_reply

LONGEST_NAME = 200
NO_FACES = (
    "faces are data about persons, and this project looks for none. To allow it, write 'faces = true' under [film] in "
    "rushes.toml and start the server anew"
)


def add_structure(router: APIRouter, desk: FootageDesk) -> None:
    """Add the routes; some come before what takes any word for a source."""
    faces = FacePictures(desk.project.faces_folder)
    _add_people(router, desk)
    _add_structure(router, desk)
    _add_characters(router, desk, faces)


def structure_state(desk: FootageDesk, source: Source) -> dict[str, Any]:
    """Return what the page should know before it asks for a structure."""
    structures, settings = desk.structures, desk.project.film
    asked, problem, is_kept = structures.asked(source.digest), None, False
    try:
        is_kept = structures.film(source) is not None
    except MediaError as error:
        problem = error.reason
    except RushesError as error:
        problem = str(error)
    usual = Asked(looks=settings.looks, closeness=settings.closeness, detector=settings.detector)
    return {
        "kept": is_kept,
        "problem": problem,
        "asked": None if asked is None else asdict(asked),
        "usual": asdict(usual),
        "choices": structures.understanding.choices(),
        "faces": structures.has_faces,
        "no_faces": None if structures.has_faces else NO_FACES,
        "exports": [extension[1:] for extension in TYPES] if is_kept else [],
    }


def _film_of(desk: FootageDesk, source: Source) -> Film:
    """Return a film as it was asked for, or answer that nobody asked yet."""
    with media_problems():
        film = desk.structures.film(source)
    if film is None:
        said = f"the scenes of {source.name} were not looked for yet. Ask for them by POST first"
        raise HTTPException(HTTPStatus.NOT_FOUND, said)
    return film


def _need_faces(desk: FootageDesk) -> None:
    if not desk.structures.has_faces:
        raise HTTPException(HTTPStatus.FORBIDDEN, NO_FACES)


def _reply(film: Film) -> Response:
    table = table_of(film)
    del table["path"]  # where the film is, is nobody's business
    return json_reply(table)


def _add_people(router: APIRouter, desk: FootageDesk) -> None:
    @router.get("/footage/people")
    def people() -> Response:
        """Who was named in the films of the project, with the scenes in which each is seen."""
        _need_faces(desk)
        films = desk.structures.with_faces([one for one in desk.catalog.sources() if one.kind == "video"])
        return json_reply(people_table(films, {source.digest: table_of(film)["scenes"] for source, film in films}))

    @router.post("/footage/people/undo")
    def undo() -> Response:
        """Put the names back as they were before the last one was given or taken away here."""
        _need_faces(desk)
        try:
            desk.structures.unname()
        except RushesError as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from error
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @router.delete("/footage/faces")
    def wipe() -> Response:
        """Delete all face data of the project: faces, names, pictures of faces."""
        try:
            wiped = desk.structures.wipe_faces()
        except RushesError as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from error
        return json_reply({"schema": "wiped-faces/1", "files": wiped.files, "bytes": wiped.bytes})


def _add_structure(router: APIRouter, desk: FootageDesk) -> None:
    @router.get("/footage/{source}/structure")
    def structure(source: str) -> Response:
        """The scenes, dialogues, set-ups, characters, facts and subtitles of a film."""
        return _reply(_film_of(desk, desk.film(source)))

    @router.get("/footage/{source}/structure{extension}")
    def exported(source: str, extension: str) -> Response:
        """What is understood of a film as a file: a report, tables, or markers for editing programs and ELAN."""
        found = desk.film(source)
        check_extension(extension, TYPES, "scenes")
        film, data = _film_of(desk, found), b""
        with media_problems(), TemporaryDirectory(prefix="rushes-") as folder:
            path = Path(folder) / f"film{extension}"
            write_film(film, path, _pictures(desk, found, film) if needs_pictures(path) else ())
            data = path.read_bytes()
        return file_reply(data, extension, name=found.name)

    @router.post("/footage/{source}/structure")
    def understand(
        source: str,
        looks: Annotated[str, Query(max_length=200)] = "scan",
        closeness: Annotated[str, Query(max_length=200)] = "",
        detector: Annotated[str, Query(max_length=200)] = "",
        faces: bool = False,
    ) -> Response:
        """Find the structure of a film in the background."""
        found = desk.film(source)
        asked = Asked(looks=looks, closeness=closeness, faces=faces, detector=detector)
        if faces:
            _need_faces(desk)
        for kind, choices in desk.structures.understanding.choices().items():
            names = [one["name"] for one in choices]
            named = str(getattr(asked, kind))
            if named not in names:
                said = f"'{named[:80]}' is nothing that {kind} can be. {did_you_mean(named, names)}"
                raise HTTPException(HTTPStatus.NOT_FOUND, said)
        return desk.begun(found, "structure", lambda: _understanding(desk, found, asked))


def _pictures(desk: FootageDesk, source: Source, film: Film) -> Sequence[ShotPicture | None]:
    """Return the pictures of a film's shots that are kept, and none of the others."""
    asked, count = desk.structures.asked(source.digest), len(film.timeline.shots)
    kept = None if asked is None else desk.structures.understanding.pictures(source, asked)
    return kept if kept is not None and len(kept) == count else (None,) * count


def _understanding(desk: FootageDesk, source: Source, asked: Asked) -> Callable[[Progress], None]:
    desk.films.place(source)  # a film that is gone is told at once
    return lambda progress: desk.structures.make(source, asked, progress=progress)


def _add_characters(router: APIRouter, desk: FootageDesk, faces: FacePictures) -> None:
    @router.post("/footage/{source}/characters/{number}")
    def name(source: str, number: int, name: Annotated[str | None, Body(embed=True)] = None) -> Response:
        """Name a character of a film; the name of another joins the two, none takes the name away."""
        _need_faces(desk)
        found = desk.film(source)
        wanted = " ".join((name or "").split())
        if len(wanted) > LONGEST_NAME or not wanted.isprintable():
            said = f"a name is of at most {LONGEST_NAME} letters, on one line"
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, said)
        _film_of(desk, found)
        try:
            with media_problems():
                film = desk.structures.name(found, number - 1, wanted or None)
        except LookupError as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{found.name} has no character {number}") from error
        except RushesError as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from error
        return _reply(film)

    @router.get("/footage/{source}/characters/{number}.jpg")
    async def face(source: str, number: int) -> Response:
        """The face of a character, from the frame that shows it best."""
        _need_faces(desk)
        found = await run_in_threadpool(desk.film, source)
        film = await run_in_threadpool(_film_of, desk, found)
        if film.characters is None or not 1 <= number <= len(film.characters):
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{found.name} has no character {number}")
        one = film.characters[number - 1]
        cache = await run_in_threadpool(lambda: faces.cache)
        ask = lambda: desk.pictures.ask_face(found, one.source_ordinal, one.box, cache)  # noqa: E731
        return await send_picture(found, ask, cache, keeps=False)
