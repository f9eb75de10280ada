"""Understanding films for the page: with the models of the project, by what is kept wherever it is kept already."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.bundles.bundle import CLASSES_FILE, is_of_shots
from rushes.errors import BundleError, MediaError, ProjectError, RushesError, UsageError, WeightsError
from rushes.footage.source import Source
from rushes.progress import Progress, silent
from rushes.project import Project
from rushes.storage.places import Place
from rushes.storage.reading import local_state
from rushes.structure.closeness import close_classes_of
from rushes.structure.film import Film
from rushes.structure.read_subtitles import subtitles_beside
from rushes.structure.wishes import SCAN, Wishes, words_for
from rushes.studio.films import Films
from rushes.studio.structures import Asked
from rushes.subjects.models import KNOWN, cache_of_models, model_at_hand
from rushes.timelines.shot_pictures import ShotPicture

if TYPE_CHECKING:
    from rushes.structure.tools import Tools
    from rushes.structure.understand import Folders, Understood
    from rushes.subjects.kept_faces import Wiped
    from rushes.subjects.names import Names

PICTURE_SIDE = 320
MOST_UNDONE = 100
_TOOLS_HELD = 3
_PLAIN = (UsageError, ProjectError, WeightsError, BundleError)  # that say nothing but their words


class ProjectUnderstanding:
    """Understands films by the bundles and models of a project; the models that were asked last are held open."""

    def __init__(self, project: Project, films: Films, *, threads: int = 0) -> None:
        """Open nothing yet."""
        self._project, self._films, self._threads = project, films, threads
        self._lock = threading.Lock()
        self._tools: OrderedDict[Wishes, Tools] = OrderedDict()  # the one asked for longest ago first
        self._latest: tuple[object, Understood] | None = None
        self._before: list[tuple[Names, object]] = []  # names before each change, and what the file was after it

    def choices(self) -> dict[str, list[dict[str, str]]]:
        """Return what may be asked for: bundles of the project, and detectors that are known."""
        settings, bundles = self._project.film, list(_bundles(self._project.bundles_folder))
        looks = [(SCAN, "what the scan noted of each frame")]
        looks += [(folder.name, folder.name) for folder, _ in bundles if not is_of_shots(folder)]
        closeness = [("", "nothing"), *((folder.name, folder.name) for folder, told in bundles if told)]
        detectors = [("", "no objects are looked for")]
        for model in KNOWN.values():
            if model.does == "objects":
                here = model_at_hand(model, self._project.models_folder) is not None
                fetched = "" if here else f"; fetched when first asked, {model.size}, {model.licence}"
                detectors.append((model.name, f"{model.name}: {model.words}{fetched}"))
        return {
            kind: _listed(found, named)
            for kind, found, named in (
                ("looks", looks, settings.looks),
                ("closeness", closeness, settings.closeness),
                ("detector", detectors, settings.detector),
            )
        }

    def state(self, source: Source) -> object:
        """Return what changes with the scan, the faces and names that are kept, and the subtitles."""
        from rushes.subjects.kept_faces import state_of_film_faces

        titles = self._titles(source)
        return (
            self._films.scan_state(source),
            state_of_film_faces(self._project.faces_folder, source.digest),
            local_state(self._names_file),
            titles,
            None if titles is None else local_state(titles),
        )

    def kept(self, source: Source, asked: Asked) -> Film | None:
        """Return a film by what is kept of it; None where something would have to be looked at, or fetched, first."""
        found = self._kept(source, asked)
        return None if found is None else found.film

    def make(self, source: Source, asked: Asked, *, progress: Progress) -> Film:
        """Return a film, looked at as far as nothing is kept of it; small pictures of its shots are kept with it."""
        from rushes.structure.understand import understand_film
        from rushes.subjects.wiping import wipe_mark

        since = wipe_mark(self._project.faces_folder)
        with self._unplaced():
            found = understand_film(
                self._films.place(source),
                self._opened(asked, progress),
                folders=self._places(),
                subtitles=self._titles(source),
                picture_side=PICTURE_SIDE,
                threads=self._threads,
                progress=progress,
            )
        if asked.faces and wipe_mark(self._project.faces_folder) != since:
            raise UsageError(f"all face data was wiped while {source.name} was looked at. Find its scenes again")
        return found.film

    def subtitles(self, source: Source) -> str | None:
        """Return the name of the file of subtitles beside a film, which is read with it."""
        titles = self._titles(source)
        return None if titles is None else titles.name

    def pictures(self, source: Source, asked: Asked) -> tuple[ShotPicture | None, ...] | None:
        """Return the small pictures of the shots; None where they are not kept."""
        found = self._kept(source, asked, picture_side=PICTURE_SIDE)
        return None if found is None else found.pictures

    def name(self, source: Source, asked: Asked, number: int, name: str | None) -> None:
        """Name a character of a film, or take its name away."""
        from rushes.structure.naming import name_character, unname_character
        from rushes.subjects.names import change_names
        from rushes.subjects.wiping import wipe_mark

        since = wipe_mark(self._project.faces_folder)
        found = self._kept(source, asked)
        if found is None or found.faces is None or found.cast is None:
            raise UsageError(f"the faces of {source.name} are not kept any more. Find its scenes again, with faces")
        faces, cast = found.faces, found.cast

        def change(names: Names) -> Names:
            if name is None:
                return unname_character(names, faces, cast, number)
            return name_character(names, faces, cast, number, name)

        with self._lock, self._unplaced():
            names, _ = change_names(self._project.faces_folder, change, since=since)
            self._before = [*self._before[1 - MOST_UNDONE :], (names, local_state(self._names_file))]

    def unname(self) -> None:
        """Put the names back as they were before the last change.

        Raises:
            UsageError: there was none, or they were changed elsewhere since.
        """
        from rushes.subjects.names import change_names

        with self._lock, self._unplaced():
            if not self._before:
                raise UsageError("there is no name to take back since the server began")
            earlier, after = self._before.pop()

            def back(_: Names) -> Names:
                if local_state(self._names_file) != after:
                    self._before.clear()
                    raise UsageError("the names were changed elsewhere meanwhile, and stay as they are")
                return earlier

            change_names(self._project.faces_folder, back)
            state = local_state(self._names_file)
            self._before[-1:] = [(before, state) for before, _ in self._before[-1:]]

    @property
    def _names_file(self) -> Path:
        return self._project.faces_folder / "names.json"

    def wipe(self) -> Wiped:
        """Delete all face data of the project."""
        from rushes.subjects.kept_faces import wipe_faces

        with self._lock:
            self._before.clear()
            self._latest = None
        try:
            with self._unplaced():
                return wipe_faces(self._project.faces_folder)
        except OSError as error:
            said = f"some face data could not be deleted ({error.strerror or error}). Delete .rushes/faces by hand"
            raise UsageError(said) from error

    def _kept(self, source: Source, asked: Asked, *, picture_side: int = 0) -> Understood | None:
        from rushes.structure.understand import understood_before

        key = (source.digest, asked, picture_side, self.state(source))
        with self._lock:
            if self._latest is not None and self._latest[0] == key:
                return self._latest[1]
            self._latest = None  # where its faces were wiped, they are not held either
        place = self._films.place(source)
        try:
            with self._unplaced():
                tools = self._opened(asked, None)
        except WeightsError:  # to be fetched first, which whoever asks anew is told of
            return None
        with self._unplaced():
            found = understood_before(
                place, tools, folders=self._places(), subtitles=self._titles(source), picture_side=picture_side
            )
        if found is not None:
            with self._lock:
                self._latest = key, found
        return found

    def _opened(self, asked: Asked, progress: Progress | None) -> Tools:
        """Return the models that are asked for; without progress none is fetched.

        Raises:
            WeightsError: one is not at hand, and may not or cannot be fetched.
        """
        from rushes.structure.tools import open_tools

        settings = self._project.film
        wishes = Wishes(
            looks=asked.looks,
            closeness=asked.closeness,
            faces=asked.faces,
            face_detector=settings.face_detector,
            face_embedder=settings.face_embedder,
            detector=asked.detector,
            words=words_for(asked.detector, settings),
        )
        with self._lock:
            if wishes in self._tools:
                self._tools.move_to_end(wishes)
                return self._tools[wishes]
        project = self._project  # what is fetched may take minutes, and nobody else waits for that
        opened = open_tools(
            wishes,
            bundles_folder=project.bundles_folder,
            models_folder=project.models_folder,
            faces_folder=project.faces_folder,
            threads=self._threads,
            fetch=progress is not None,
            progress=progress or silent,
        )
        with self._lock:
            opened = self._tools.setdefault(wishes, opened)
            while len(self._tools) > _TOOLS_HELD:
                self._tools.popitem(last=False)
            return opened

    @contextmanager
    def _unplaced(self) -> Iterator[None]:
        """Take the places on this machine out of what is wrong: they are nobody's business."""
        try:
            yield
        except MediaError:  # whose reason, which is all that is told of it, names none
            raise
        except RushesError as error:
            said = without_places(str(error), self._project)
            if said == str(error):
                raise
            kind = type(error) if isinstance(error, _PLAIN) else RushesError
            raise kind(said) from error

    def _places(self) -> Folders:
        from rushes.structure.understand import Folders

        project = self._project
        return Folders(scans=project.scans_folder, cache=project.cache_folder, faces=project.faces_folder)

    def _titles(self, source: Source) -> Path | None:
        """Return the subtitles that lie beside a film: those that are called as it is, or else begin so."""
        try:
            place: Place = self._films.place(source)
        except RushesError:
            return None
        return subtitles_beside(place) if isinstance(place, Path) else None


def without_places(said: str, project: Project) -> str:
    """Return words in which files of a project are named from its folder, and no others by where they are."""
    places = {
        project.bundles_folder: ("", "bundles"),  # what stands for it before a file in it, and alone
        project.models_folder: ("weights/", "the project's weights"),
        project.root: ("", "the project"),
        cache_of_models(): ("", "the cache of models"),
    }
    for place in sorted(places, key=lambda one: len(str(one)), reverse=True):
        before, alone = places[place]
        for text in dict.fromkeys((str(place), str(place.resolve()))):
            said = said.replace(f"{text}{os.sep}", before).replace(text, alone)
    return said


def _listed(found: list[tuple[str, str]], named: str) -> list[dict[str, str]]:
    """Return choices, with what rushes.toml names where that is another."""
    if named not in (name for name, _ in found):
        found = [*found, (named, f"{named}, as rushes.toml says")]
    return [{"name": name, "words": words} for name, words in found]


def _bundles(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the bundles of a project by name, and whether each tells a medium close-up."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            table = json.loads((path / CLASSES_FILE).read_text(encoding="utf-8"))
            tasks = table["tasks"] if "tasks" in table else {table["task"]: table["classes"]}
            yield path, any(_tells_closeness(task, classes) for task, classes in tasks.items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue


def _tells_closeness(task: str, classes: list[str]) -> bool:
    try:
        return bool(close_classes_of(task, classes))
    except UsageError:
        return False
