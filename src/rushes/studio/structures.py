"""Structures: the films of a project understood, as a person asked for it in the page; held while nothing changes."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from rushes.errors import MediaError, RushesError
from rushes.footage.source import Source
from rushes.progress import Progress
from rushes.project import Project
from rushes.storage.files import write_json
from rushes.structure.film import Film
from rushes.structure.table import table_of
from rushes.subjects.kept_faces import Wiped, measure_kept_faces
from rushes.subjects.wiping import wipe_mark
from rushes.timelines.shot_pictures import ShotPicture

SCHEMA = "asked-structure/1"
_FILMS_HELD = 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for of a film.

    Attributes:
        looks: what shots are compared by: `scan`, or a bundle of the project by name.
        closeness: the bundle of shots that says which are medium close-ups; "" asks none.
        faces: whether faces are looked for and kept.
        detector: of objects, by name; "" looks for none.
    """

    looks: str = "scan"
    closeness: str = ""
    faces: bool = False
    detector: str = ""


class Understanding(Protocol):
    """What understands films. Every method may ask the disk."""

    def choices(self) -> dict[str, list[dict[str, str]]]:
        """Return `looks`, `closeness` and `detector`: what may be asked for, each with its `name` and `words`."""

    def state(self, source: Source) -> object:
        """Return what changes whenever a film would be understood otherwise: its scan, faces, the names of people."""

    def kept(self, source: Source, asked: Asked) -> Film | None:
        """Return a film by what is kept of it, at once; None where something would have to be looked at first.

        Raises:
            MediaError: the film is gone or cannot be read.
        """

    def make(self, source: Source, asked: Asked, *, progress: Progress) -> Film:
        """Return a film, looked at as far as nothing is kept of it.

        Raises:
            RushesError: as `kept`, and where a model is missing.
        """

    def subtitles(self, source: Source) -> str | None:
        """Return the name of the file of subtitles beside a film, which is read with it; None where there is none."""

    def pictures(self, source: Source, asked: Asked) -> Sequence[ShotPicture | None] | None:
        """Return a small picture of each shot; None where they are not kept."""

    def name(self, source: Source, asked: Asked, number: int, name: str | None) -> None:
        """Give a character of a film, counted from 0, a name for the whole project.

        The name of another one joins the two; None takes the name away.

        Raises:
            RushesError: it cannot be named so, or its faces are not kept any more.
        """

    def unname(self) -> None:
        """Put the names back as they were before the last change.

        Raises:
            UsageError: there was none, or they were changed elsewhere since.
        """

    def wipe(self) -> Wiped:
        """Delete all face data of the project."""


class Structures:
    """The films of a project that were asked for; what was asked is kept beside their other caches."""

    def __init__(self, project: Project, understanding: Understanding) -> None:
        """Read nothing yet."""
        self._folder = project.cache_folder / "structures"
        self._faces_folder = project.faces_folder
        self.has_faces = project.film.faces
        self.understanding = understanding
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[object, Film]] = OrderedDict()  # the one looked at longest ago first
        self._seen_in: dict[str, tuple[object, dict[str, dict[str, Any]]]] = {}  # of each film with faces: who, by name

    def asked(self, digest: str) -> Asked | None:
        """Return what was asked of a film last; None where nothing was, or it cannot be read.

        Faces are not in it where the project looks for none any more, or all face data was wiped since.
        """
        try:
            table = json.loads((self._folder / f"{digest}.json").read_text(encoding="utf-8"))
            if table.pop("schema") != SCHEMA:
                return None
            is_wiped = table.pop("since", "") != wipe_mark(self._faces_folder)
            asked = Asked(**table)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return replace(asked, faces=asked.faces is True and self.has_faces and not is_wiped)

    def film(self, source: Source) -> Film | None:
        """Return a film as it was asked for, by what is kept of it; None where it was not asked for or nothing is kept.

        Raises:
            MediaError: it is gone or cannot be read.
        """
        asked = self.asked(source.digest)
        if asked is None:
            return None
        key = (asked, self.understanding.state(source))
        with self._lock:
            held = self._held.get(source.digest)
            if held is not None and held[0] == key:
                self._held.move_to_end(source.digest)
                return held[1]
        film = self.understanding.kept(source, asked)
        if film is not None:
            self._hold(source.digest, key, film)
        return film

    def make(self, source: Source, asked: Asked, *, progress: Progress) -> None:
        """Understand a film, and keep what was asked.

        Raises:
            RushesError: it cannot be read, or a model is missing.
        """
        since = wipe_mark(self._faces_folder)
        film = self.understanding.make(source, asked, progress=progress)
        write_json(self._folder / f"{source.digest}.json", {"schema": SCHEMA, **asdict(asked), "since": since})
        self._hold(source.digest, (asked, self.understanding.state(source)), film)

    def name(self, source: Source, number: int, name: str | None) -> Film:
        """Name a character, counted from 0, and return the film with it.

        Raises:
            LookupError: the film has no such character.
            RushesError: as `film`.
        """
        asked, film = self.asked(source.digest), self.film(source)
        if asked is None or film is None or film.characters is None or not 0 <= number < len(film.characters):
            raise LookupError(number)
        self.understanding.name(source, asked, number, name)
        found = self.film(source)
        return film if found is None else found

    def unname(self) -> None:
        """Put the names of people back as they were before the last one was given here.

        Raises:
            UsageError: there was none, or they were changed elsewhere since.
        """
        self.understanding.unname()

    def people(self, sources: Sequence[Source], *, seconds: float = 1.0) -> dict[str, Any]:
        """Return who was named, by name, with the films and scenes in which each is seen, `people/1`.

        A name may find someone in any film, so that each is asked anew after one; what it says is held then. `left` is
        how many wait for the next call, that no answer takes long. What cannot be read is passed over.

        Args:
            seconds: after which no further film is asked.
        """
        until, left, people = time.monotonic() + seconds, 0, dict[str, list[dict[str, Any]]]()
        asked_any = False
        for source in sources:
            asked = self.asked(source.digest)
            if asked is None or not asked.faces:
                self._seen_in.pop(source.digest, None)
                continue
            key = (asked, self.understanding.state(source))
            known = self._seen_in.get(source.digest)
            if known is None or known[0] != key:
                if asked_any and time.monotonic() > until:
                    left += 1
                    continue
                asked_any = True
                film = self._read(source, asked, key)
                if film is None:
                    continue
                known = self._seen_in[source.digest] = key, appearances(source, film)
            for name, one in known[1].items():
                people.setdefault(name, []).append(one)
        named = [{"name": name, "films": people[name]} for name in sorted(people, key=str.casefold)]
        return {"schema": "people/1", "people": named, "left": left}

    def _read(self, source: Source, asked: Asked, key: object) -> Film | None:
        """Return a film by what is kept of it, and hold no other for it: a person looks at one film, not at all."""
        with self._lock:
            held = self._held.get(source.digest)
        if held is not None and held[0] == key:
            return held[1]
        try:
            return self.understanding.kept(source, asked)
        except RushesError as error:
            said = error.reason if isinstance(error, MediaError) else error
            _log.info("%s: not asked for its people: %s", source.name, said)
            return None

    def face_data(self) -> dict[str, int]:
        """Return how much face data the project keeps, whether or not faces are looked for: `files` and `bytes`."""
        try:
            return asdict(measure_kept_faces(self._faces_folder))
        except (OSError, RushesError):  # a wipe says what is wrong
            return asdict(Wiped(1, 0))

    def wipe_faces(self) -> Wiped:
        """Delete all face data of the project; what was asked of films is asked without faces from then on."""
        wiped = self.understanding.wipe()
        with self._lock:
            self._held.clear()
        self._seen_in.clear()
        return wiped

    def _hold(self, digest: str, key: object, film: Film) -> None:
        with self._lock:
            self._held[digest] = (key, film)
            self._held.move_to_end(digest)
            while len(self._held) > _FILMS_HELD:
                self._held.popitem(last=False)


def appearances(source: Source, film: Film) -> dict[str, dict[str, Any]]:
    """Return of each character with a name what `people/1` says of it in one film."""
    spans = table_of(film)["scenes"]
    found = {}
    for one in film.characters or ():
        if one.name is None:
            continue
        scenes = [
            {key: span[key] for key in ("scene", "start_timecode", "start_seconds", "stop_seconds")}
            | {"shots": [shot + 1 for shot in one.shots if span["first_shot"] <= shot + 1 <= span["last_shot"]]}
            for span in spans
        ]
        found[one.name] = {
            "source": source.digest,
            "film": source.name,
            "character": one.number + 1,
            "seconds": one.seconds,
            "scenes": [scene for scene in scenes if scene["shots"]],
        }
    return found
