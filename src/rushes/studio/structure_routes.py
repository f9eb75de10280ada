"""The routes of a film's structure: its scenes and dialogues, its characters and their names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.concurrency import run_in_threadpool

from rushes.errors import MediaError, RushesError, UsageError, did_you_mean
from rushes.footage.source import Source
from rushes.progress import Progress
from rushes.structure.film import Film
from rushes.structure.outputs import needs_pictures, write_film
from rushes.structure.parts import Character
from rushes.structure.portraits import cut_portraits
from rushes.structure.table import table_of
from rushes.studio.exports import check_extension, file_reply
from rushes.studio.face_pictures import FacePictures
from rushes.studio.footage_desk import FootageDesk, media_problems, send_picture
from rushes.studio.structures import Asked
from rushes.subjects.names import LONGEST_NAME, check_name
from rushes.timelines.shot_pictures import ShotPicture
from rushes.web.replies import json_reply

# What stands behind `structure` in an address -> what it is, in words.
EXPORTS: Mapping[str, str] = {
    ".html": "report to read and share",
    ".scenes.csv": "table of scenes",
    ".dialogues.csv": "table of dialogues",
    ".characters.csv": "table of characters",
    ".subtitles.csv": "table of subtitles",
    ".csv": "table of shots, with what each belongs to",
    ".markers.edl": "markers for Resolve",
    ".edl": "cuts, with markers",
    ".otio": "OpenTimelineIO",
    ".fcpxml": "Final Cut Pro",
    ".eaf": "ELAN",
    ".json": "all of it, for programs",
}
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
        "exports": [{"format": key[1:], "words": words} for key, words in EXPORTS.items()] if is_kept else [],
        "subtitles": structures.understanding.subtitles(source),
        "face_data": structures.face_data(),
        "longest_name": LONGEST_NAME,
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
        return json_reply(desk.structures.people([one for one in desk.catalog.sources() if one.kind == "video"]))

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
        check_extension(extension, EXPORTS, "scenes")
        film, data = _film_of(desk, found), b""
        with media_problems(), TemporaryDirectory(prefix="rushes-") as folder:
            path = Path(folder) / f"film{extension}"
            if needs_pictures(path):
                write_film(film, path, _pictures(desk, found, film), _portraits(desk, found, film))
            else:
                write_film(film, path)
            data = path.read_bytes()
        part = "" if extension.count(".") > 1 else ".structure"  # no name that the shots' own files have
        return file_reply(data, f"{part}{extension}", name=found.name)

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


def _portraits(desk: FootageDesk, source: Source, film: Film) -> Sequence[bytes | None]:
    """Return the faces of a film's characters; those that are not kept yet are cut now."""
    if not film.characters:
        return ()
    place, index, folder = desk.films.place(source), desk.films.index(source), desk.project.faces_folder
    return cut_portraits(place, index, film.characters, source=source.digest, folder=folder)


def _understanding(desk: FootageDesk, source: Source, asked: Asked) -> Callable[[Progress], None]:
    desk.films.place(source)  # a film that is gone is told at once
    return lambda progress: desk.structures.make(source, asked, progress=progress)


@dataclass(frozen=True, slots=True)
class _Named:
    """A name for who is seen in a box of a frame: a place among the characters alone is soon somebody else's."""

    best_frame: int
    box: tuple[float, float, float, float]
    name: str | None = None


def _shown(film: Film, source: Source, number: int, frame: int, box: tuple[float, ...]) -> Character:
    """Return a character, counted from 1, or answer that who is meant stands there no longer."""
    if film.characters is None or not 1 <= number <= len(film.characters):
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name} has no character {number}")
    one = film.characters[number - 1]
    if (one.source_ordinal, one.box) != (frame, box):
        said = f"who stands as character {number} of {source.name} is another one by now. Look again, then name"
        raise HTTPException(HTTPStatus.CONFLICT, said)
    return one


def _add_characters(router: APIRouter, desk: FootageDesk, faces: FacePictures) -> None:
    naming = threading.Lock()

    @router.post("/footage/{source}/characters/{number}")
    def name(source: str, number: int, said: _Named) -> Response:
        """Name a character of a film; the name of another joins the two, none takes the name away."""
        _need_faces(desk)
        found, asked = desk.film(source), " ".join((said.name or "").split())
        try:
            wanted = check_name(asked) if asked else None
        except UsageError as error:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        try:
            with naming, media_problems():  # nobody is named between the look at who it is and the name
                _shown(_film_of(desk, found), found, number, said.best_frame, said.box)
                film = desk.structures.name(found, number - 1, wanted)
        except LookupError as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{found.name} has no character {number}") from error
        except RushesError as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from error
        return _reply(film)

    @router.get("/footage/{source}/characters/{number}.jpg")
    async def face(source: str, number: int, frame: int, box: Annotated[str, Query(max_length=200)]) -> Response:
        """The face of a character, from the frame that shows it best; the address says which face is meant."""
        _need_faces(desk)
        found = await run_in_threadpool(desk.film, source)
        film = await run_in_threadpool(_film_of, desk, found)
        one = _shown(film, found, number, frame, _box(box))
        cache = await run_in_threadpool(lambda: faces.cache)
        ask = lambda: desk.pictures.ask_face(found, one.source_ordinal, one.box, cache)  # noqa: E731
        return await send_picture(found, ask, cache, keeps=False)


def _box(text: str) -> tuple[float, ...]:
    """Return left, top, width and height, as an address has them."""
    try:
        return tuple(float(one) for one in text.split(","))
    except ValueError:
        return ()
