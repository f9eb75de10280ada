"""Footage into the catalog: what is there is not done twice, and a stop leaves a state to go on from."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from rushes.catalog.catalog import Catalog, KnownFile, StoredFrame
from rushes.catalog.chores import SECONDS, Order, looking, taking
from rushes.catalog.frame_writer import PictureMaker, is_made_by, now, thumbnail_of
from rushes.catalog.intake import Ingested, IngestSettings, Wanted
from rushes.catalog.listening import Listener, heard
from rushes.catalog.look import (
    STILLS_FOLDER,
    FileSeen,
    FoundFilm,
    FoundStill,
    Look,
    LookAt,
    key_of,
    look,
    needs_reading,
    sum_fetched,
    why_not,
)
from rushes.catalog.shoots import find_exports, is_named_after_folder, name_shoots, shoot_of
from rushes.catalog.take_film import FilmOrder, FilmTaking
from rushes.catalog.take_piece import FilmPiece
from rushes.catalog.taken import note_left_parts, note_part
from rushes.cores import count_cores
from rushes.errors import MediaError, did_you_mean
from rushes.footage.kinds import OwnStore, as_seen_here, find_media, kind_of
from rushes.footage.photographs import find_photographs, time_if_stated
from rushes.footage.source import STILL_TIME_BASE, Frame, Source, Unreadable
from rushes.footage.sources import address_of, source_name
from rushes.labels.label import Label
from rushes.progress import Progress, silent
from rushes.project import Task
from rushes.scale.engine import Answer, Done, Engine, Item, Lost
from rushes.scale.in_process import InProcess
from rushes.storage.files import sweep_temporaries
from rushes.storage.object_folder import object_folder
from rushes.storage.places import Place, parse_place
from rushes.storage.reading import Fetched, RemoteObject, exists, held, local_state
from rushes.timecode import parse_frame_name

_WAVE_FILES = 1024
_WAVE_FILMS = 64
_NOTED_TOGETHER = (
    64  # photographs: what a driver that is killed has to look at again, beside those that wait their turn
)
_REMOTE_FILM_BYTES = 64 << 30  # of a film whose size nobody asked for
FOLDER_ORIGIN = "folder"


def plan_ingest(
    paths: Sequence[Place],
    *,
    group: str | None,
    class_folders: Task | None,
    shoots: Mapping[str, str] | None = None,
    passed_over: Callable[[Place, Place], None] = lambda export, raw: None,
    own: OwnStore | None = None,
) -> tuple[list[Wanted], list[Unreadable]]:
    """Return the files to take in below some paths, and the paths where there are none.

    Args:
        group: one group for all; None lets each file's kind suggest it.
        shoots: where given, the folder directly below a path that a file lies in is its shoot, and its group (see
            `rushes.catalog.shoots`), and pictures that were made of a raw of their shoot are no photographs. Address
            of a source of the catalog -> its group: one that a person gave is kept.
        passed_over: told of each such picture, and its raw.
        class_folders: where given, the folder that holds a file names its class of this task (the ImageFolder
            layout), and each photograph is a group of its own unless `group` says otherwise.
        own: the store in which the project keeps what it made.
    """
    wanted: list[Wanted] = []
    strangers: Counter[Place] = Counter()
    missing: list[Unreadable] = []
    shoot_around: dict[Place, Place] = {}
    for path in paths:
        try:
            found = find_media(path, passed_over=missing.append, own=own)
        except MediaError as error:
            missing.append(Unreadable(error.path, error.reason))
            continue
        if not found:
            missing.append(Unreadable(str(path), "holds no videos, raws or photographs"))
        for file in found:
            class_name = None
            if class_folders is not None:
                class_name = class_folders.class_of(file.parent.name)
                if class_name is None:
                    strangers[file.parent] += 1
                    continue
            wanted.append(Wanted(file, group, class_name))
            if shoots is not None:
                shoot_around.setdefault(file, shoot_of(file, path))
    if shoots is not None:
        wanted = _by_shoot(wanted, shoot_around, shoots, passed_over)
    for folder, count in strangers.items():
        assert class_folders is not None
        hint = did_you_mean(folder.name, [*class_folders.classes, *class_folders.aliases])
        reason = f"'{folder.name}' is no class of {class_folders.name} ({count} files passed over). {hint}"
        missing.append(Unreadable(str(folder), f"{reason} An alias in rushes.toml would do as well"))
    return _paired(list({_resolved(item.path): item for item in wanted}.values())), missing


def _by_shoot(
    wanted: Sequence[Wanted],
    shoot_around: Mapping[Place, Place],
    known: Mapping[str, str],
    passed_over: Callable[[Place, Place], None],
) -> list[Wanted]:
    """Return what is wanted in groups by shoot, without what was made of a raw of its shoot."""
    groups = name_shoots(shoot_around.values(), known)
    # A remote raw would be fetched whole to be asked when it was taken: there the names decide.
    exports = find_exports(
        list(shoot_around), shoot_around, lambda file: time_if_stated(file) if isinstance(file, Path) else None
    )
    for export, raw in exports.items():
        passed_over(export, raw)
    kept = [item for item in wanted if item.path not in exports]
    return [replace(item, group=_group_in_shoot(item.path, groups[shoot_around[item.path]], known)) for item in kept]


def _group_in_shoot(file: Place, shoot: str, known: Mapping[str, str]) -> str:
    given = known.get(address_of(file), shoot)
    return shoot if is_named_after_folder(given, file) else given


def _paired(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Return what is wanted with every raw and its companions as one, by their names and by when they were taken."""
    by_path = {item.path: item for item in wanted}
    return [replace(by_path[one.main], companions=one.companions) for one in find_photographs(list(by_path))]


def _resolved(path: Place) -> Place:
    return path.resolve() if isinstance(path, Path) else path


def group_of(path: Place, *, name: str, class_folders: bool) -> str:
    """Return the group that a file's kind suggests.

    A film is a group of its own; a photograph belongs to the folder it lies in (a shoot), in a bucket to the last part
    of its prefix; a picture that is named as a frame belongs to the film that its name states; in class folders each
    photograph stands alone.
    """
    try:
        return parse_frame_name(path.stem)[0]
    except ValueError:
        pass
    if class_folders or kind_of(path) == "video":
        return name
    return _resolved(path).parent.name or name


def ingest(
    wanted: Sequence[Wanted],
    *,
    catalog: Catalog,
    root: Path,
    settings: IngestSettings,
    scans: Path | None = None,
    threads: int = 2,
    progress: Progress = silent,
    engine: Engine | None = None,
    store: str = "",
    seconds: float = SECONDS,
) -> Iterator[Ingested | Unreadable]:
    """Take files in, many at a time, and yield what came of each, then what a killed run left and cannot be noted.

    Files are looked at, and pieces of films taken, wherever the engine works; the catalog is written to here alone, in
    the order of the wanted files, so that what is in it depends on no other order. Frames are written whole or not at
    all, and noted a few at a time, so that a run that was stopped or killed goes on where it was.

    Args:
        root: the project's folder.
        scans: folder in which scans of films are kept; None takes `root`/scans.
        threads: files that one process works on side by side.
        engine: what does the work; None does it in this process.
        store: folder of a bucket that takes the pictures of frames; "" keeps them under `root`/frames.
        seconds: that a file or a piece of one may take in a process of its own, beside what its size adds.
    """
    stills = (root / "frames" / STILLS_FOLDER, root / "thumbnails" / STILLS_FOLDER)
    for folder in (*stills, scans or root / "scans"):
        sweep_temporaries(folder)
    store = store if not store or store.endswith("/") else f"{store}/"
    films: dict[str, FilmTaking] = {}
    lock = threading.Lock()

    def stored(digest: str, frames: Sequence[StoredFrame]) -> None:
        with lock:
            films[digest].stored(frames)

    def scanned(digest: str, count: int) -> None:
        with lock:
            films[digest].scanned(count)

    with heard(Listener(stored, scanned)) as word:
        order = Order(settings, store, word, threads, seconds)
        driver = _Driver(
            catalog,
            root,
            settings,
            scans or root / "scans",
            engine or InProcess(),
            order,
            _Meter(len(wanted), progress),
            films,
        )
        for wave in _waves(wanted):
            yield from driver.take(wave)
        driver.note_left()
        yield from driver.unread


def _waves(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Yield files in order, so many at a time as are planned together: films with all their times stay in memory."""
    wave: list[Wanted] = []
    films = 0
    for item in wanted:
        wave.append(item)
        films += kind_of(item.path) == "video"
        if len(wave) == _WAVE_FILES or films == _WAVE_FILMS:
            yield wave
            wave, films = [], 0
    if wave:
        yield wave


class _Meter:
    """Progress counted in files, with the frames of a long film in the note."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._lock = threading.Lock()
        self._total, self._progress, self._done = total, progress, 0

    def file_done(self, name: str) -> None:
        with self._lock:
            self._done += 1
            self._progress(self._done, self._total, name)

    def frames_done(self, done: int, total: int | None, note: str = "") -> None:
        with self._lock:
            self._progress(self._done, self._total, f"{note} {done}/{total} frames")


@dataclass(slots=True)
class _Turn:
    """A file on its way through a wave.

    Attributes:
        remotes: what it is read from in a store, held open until it is done, so that what one work of this process
            fetched is there for the next.
        fetched: what other processes fetched of it.
        otherwise: how many of its pictures were there already and are of another size or format.
    """

    wanted: Wanted
    ends: ExitStack
    remotes: list[RemoteObject]
    fetched: list[Fetched] = field(default_factory=list)
    otherwise: int = 0


@dataclass(slots=True)
class _Driver:
    """What has the catalog: it has files looked at and films taken, and writes down what came of them."""

    catalog: Catalog
    root: Path
    settings: IngestSettings
    scans: Path
    engine: Engine
    order: Order
    meter: _Meter
    films: dict[str, FilmTaking]
    files_to_write: dict[str, KnownFile] = field(default_factory=dict)
    frames_to_write: dict[str, StoredFrame] = field(default_factory=dict)
    has_noted_left: bool = False
    unread: list[Unreadable] = field(default_factory=list)  # parts that a driver that was killed left

    def note_left(self) -> None:
        """Note what a driver that was killed left, once: where a map was begun, what waited in a store is here."""
        if not self.has_noted_left:
            self.has_noted_left = True
            note_left_parts(self.root, self.catalog, now=now(), unread=self.unread.append)

    def take(self, wave: Sequence[Wanted]) -> Iterator[Ingested | Unreadable]:
        """Take in some files: all are looked at, and noted in their order; then the films among them are taken."""
        taking: list[tuple[_Turn, FilmTaking]] = []
        with ExitStack() as ends:
            for ready in self._looks(wave, ends):
                for turn, outcome in self._note_all(ready):
                    if isinstance(outcome, FilmTaking):
                        taking.append((turn, outcome))
                    else:
                        yield self._done(turn, outcome)
            while taking:
                first, later = _one_of_each(taking)
                yield from self._take_films(first)
                for _, film in later:  # another file of a film that is there by now
                    film.there = {item.frame.id for item in self._stored_of(film.source.digest)}
                taking = later

    def _looks(self, wave: Sequence[Wanted], ends: ExitStack) -> Iterator[list[tuple[_Turn, Look | Lost]]]:
        """Yield what came of looking at the files, in their order, a few at a time."""
        turns = [_turn_of(item, ends) for item in wave]
        items = self._with_what_is_known(wave)
        maker = PictureMaker(self.root, self.settings, self.order.store)
        early: dict[int, Look | Lost] = {}
        at = 0

        def ready() -> Iterator[list[tuple[_Turn, Look | Lost]]]:
            nonlocal at
            while at in early:
                some: list[tuple[_Turn, Look | Lost]] = []
                while at in early and len(some) < _NOTED_TOGETHER:
                    some.append((turns[at], early.pop(at)))
                    at += 1
                yield some

        for places, film_bytes in _by_kind(items):  # each kind has the time that it needs
            asked = []
            for place in places:
                if needs_reading(items[place]):
                    asked.append(place)
                else:
                    early[place] = look(items[place], maker)
            work = looking(self.order, self.root, film_bytes=film_bytes)
            for part in _ended(self.engine.map(work, [items[place] for place in asked])):
                early |= {asked[done.number]: done.answer for done in part}
                yield from ready()
        yield from ready()

    def _with_what_is_known(self, wave: Sequence[Wanted]) -> list[LookAt]:
        """Return what is to be looked at, with what the catalog knows of it."""
        keys = [[key_of(path) for path in (item.path, *item.companions)] for item in wave]
        known = self.catalog.known_files([key for some in keys for key in some])
        items = [
            LookAt(item.path, item.companions, {key: known[key] for key in some if key in known})
            for item, some in zip(wave, keys, strict=True)
        ]
        return self._knowing(items)

    def _knowing(self, items: Sequence[LookAt]) -> list[LookAt]:
        """Return the items with those of the digests under which their files are known that are sources."""
        digests = {one.digest for item in items for one in item.known.values()}
        sources = self.catalog.sources_of(sorted(digests))
        stills = sorted(digest for digest, source in sources.items() if source.kind != "video")
        pictured = {one.frame.source for one in self.catalog.frames_of(stills) if self._is_there(one.image)}
        found = []
        for item in items:
            mine = frozenset(one.digest for one in item.known.values()) & sources.keys()
            found.append(replace(item, sources=mine, pictured=mine & pictured))
        return found

    def _note_all(
        self, ready: Sequence[tuple[_Turn, Look | Lost]]
    ) -> list[tuple[_Turn, Ingested | Unreadable | FilmTaking]]:
        """Write down what looks at files found, in one change of the catalog."""
        if any(isinstance(answer, Look) and isinstance(answer.found, FoundFilm) for _, answer in ready):
            self.note_left()
        noted = []
        with self.catalog.at_once():
            for turn, answer in ready:
                outcome = self._note(turn, answer)
                if isinstance(outcome, Ingested) and turn.wanted.class_name is not None:
                    outcome = self._labelled(turn.wanted, outcome)
                noted.append((turn, outcome))
            self._write()
        return noted

    def _write(self) -> None:
        """Write what waits to be written with more of its kind; before anything asks for it."""
        files, frames = self.files_to_write, self.frames_to_write
        if files:
            self.catalog.remember_files(files)
        if frames:
            self.catalog.add_frames(list(frames.values()), now=now())
        files.clear()
        frames.clear()

    def _note(self, turn: _Turn, answer: Look | Lost) -> Ingested | Unreadable | FilmTaking:
        """Note what a look at a file found; of a film, return what is to be taken of it."""
        path = turn.wanted.path
        if isinstance(answer, Lost):
            return Unreadable(str(path), answer.reason)
        turn.fetched += () if answer.fetched is None else (answer.fetched,)
        if isinstance(answer.found, FoundStill) and not self._still_holds(turn.wanted, answer):
            answer = self._look_again(turn.wanted, answer)
        self._remember(answer.seen)
        if isinstance(answer.found, Unreadable):
            return as_seen_here(path, answer.found)
        if isinstance(answer.found, FoundFilm):
            return self._film_of(turn, answer.found)
        try:
            return self._note_still(turn, answer.found)
        except OSError as error:
            return why_not(path, error)

    def _remember(self, seen: Iterable[FileSeen]) -> None:
        for one in seen:
            if one.changed is not None:
                self.files_to_write[key_of(one.path)] = KnownFile(one.size_bytes, one.changed, one.digest)

    def _still_holds(self, wanted: Wanted, answer: Look) -> bool:
        """Return whether what the catalog says now would not have changed the look at a photograph."""
        assert isinstance(answer.found, FoundStill)
        if answer.found.read is None:
            return bool(self._stored_of(answer.found.digest))
        others = {one.digest for one in answer.seen} - {answer.found.digest}
        return not wanted.companions or not any(self.catalog.source(digest) for digest in others)

    def _look_again(self, wanted: Wanted, answer: Look) -> Look:
        """Look at a photograph once more, with what the catalog says of it by now; here, for that is rare."""
        self._write()
        (item,) = self._with_what_is_known([wanted])
        known = {
            key_of(one.path): KnownFile(one.size_bytes, one.changed, one.digest)
            for one in answer.seen
            if one.changed is not None
        }
        (item,) = self._knowing([replace(item, known={**item.known, **known})])
        again = look(item, PictureMaker(self.root, self.settings, self.order.store))
        return replace(again, seen=(*answer.seen, *again.seen))

    def _note_still(self, turn: _Turn, found: FoundStill) -> Ingested:
        known = self.catalog.source(found.digest)
        stored = self._stored_of(found.digest) if known is not None else []
        turn.otherwise = sum(not is_made_by(self.settings, item) for item in stored)
        name, group = self._called(turn.wanted, found.path, known)
        if known is not None and stored:
            # A photograph that is named by its companion stays where it is.
            stays = kind_of(found.path) != known.kind and exists(parse_place(known.path))
            place = known.path if stays else address_of(found.path)
            source = self.catalog.add_source(replace(known, path=place, group=group), now=now())
            self._clear(found, stored)
            return Ingested(found.path, source, new=0, known=1, lost=found.lost, companions=found.companions)
        assert found.read is not None  # there is no picture of it, so that it was read
        assert found.picture is not None
        # The catalog gives the name before a picture is put under it: another process may want the same one.
        source = self.catalog.add_source(replace(found.read, name=name, group=group), now=now())
        frame = Frame(found.digest, 0, STILL_TIME_BASE, 0, "00:00:00:00", source.name)
        picture = replace(found.picture, frame=frame)
        if "://" not in picture.image:
            picture = self._put_in_place(picture)
        self.frames_to_write[found.digest] = picture
        return Ingested(found.path, source, new=1, known=0, lost=found.lost, companions=found.companions)

    def _put_in_place(self, picture: StoredFrame) -> StoredFrame:
        """Give the picture of a photograph, and its thumbnail, the names that are theirs."""
        made = self.root / picture.image
        image = f"frames/{STILLS_FOLDER}/{picture.frame.name}{made.suffix}"
        moves = [(small_of(made), self.root / thumbnail_of(image))] if self.settings.thumbnail is not None else []
        for old, new in (*moves, (made, self.root / image)):
            new.parent.mkdir(parents=True, exist_ok=True)
            try:
                old.replace(new)
            except FileNotFoundError:
                if not new.is_file():  # else another driver of this project, which took in a copy of it
                    raise
        return replace(picture, image=image)

    def _clear(self, found: FoundStill, stored: Sequence[StoredFrame]) -> None:
        """Remove a picture that was made although there is another."""
        if found.picture is None or found.picture.image in {item.image for item in stored}:
            return
        image = found.picture.image
        if "://" in image:
            key = image.removeprefix(self.order.store)
            object_folder(parse_place(self.order.store)).delete([key, thumbnail_of(key)])
        else:
            (self.root / image).unlink(missing_ok=True)
            small_of(self.root / image).unlink(missing_ok=True)

    def _called(self, wanted: Wanted, path: Place, known: Source | None) -> tuple[str, str]:
        """Return the name and the group of a source."""
        name = known.name if known else source_name(path)
        suggested = known.group if known else group_of(path, name=name, class_folders=wanted.class_name is not None)
        return name, wanted.group or suggested

    def _stored_of(self, digest: str) -> list[StoredFrame]:
        """Return the frames of a source whose pictures are there."""
        if digest in self.frames_to_write:
            self._write()
        return [item for item in self.catalog.frames(source=digest) if self._is_there(item.image)]

    def _is_there(self, image: str) -> bool:
        if "://" in image:  # the catalog is believed: a store would have to be asked for each
            return True
        small = self.settings.thumbnail is None or (self.root / thumbnail_of(image)).is_file()
        return small and (self.root / image).is_file()

    def _film_of(self, turn: _Turn, found: FoundFilm) -> FilmTaking:
        known, stored = self.catalog.source(found.read.digest), self._stored_of(found.read.digest)
        turn.otherwise = sum(not is_made_by(self.settings, item) for item in stored)
        name, group = self._called(turn.wanted, found.path, known)
        source = self.catalog.add_source(replace(found.read, name=name, group=group), now=now())
        return FilmTaking(self._film_order, found, source, {item.frame.id for item in stored})

    @property
    def _film_order(self) -> FilmOrder:
        many = self.engine.workers > 1 or self.engine.name != InProcess.name
        return FilmOrder(
            self.root,
            self.scans,
            self.settings,
            segments=max(2, self.engine.workers) if many else count_cores(),
            by_others=many,
            note=lambda frames: self.catalog.add_frames(frames, now=now()),
            note_part=lambda part: note_part(self.root / part, self.catalog, now=now()),
            noted=lambda digest: {item.frame.id for item in self.catalog.frames(source=digest)},
            progress=self.meter.frames_done,
        )

    def _take_films(self, films: Sequence[tuple[_Turn, FilmTaking]]) -> Iterator[Ingested | Unreadable]:
        """Take films, round after round, and yield what came of each as it is done."""
        turns = {film.source.digest: turn for turn, film in films}
        self.films.clear()
        self.films.update({film.source.digest: film for _, film in films})
        pieces: list[FilmPiece] = []
        for turn, film in films:
            pieces += _begun(film)
            if film.outcome is not None:
                yield self._film_done(turn, film.outcome)
        while pieces:
            work = taking(self.order, self.root, pieces)
            later: list[FilmPiece] = []
            for part in _ended(self.engine.map(work, pieces)):
                for done in part:
                    film, turn = self.films[done.item.source.digest], turns[done.item.source.digest]
                    if not isinstance(done.answer, Lost) and done.answer.fetched is not None:
                        turn.fetched.append(done.answer.fetched)
                    try:
                        later += film.take(done.item, done.answer)
                    except (MediaError, OSError) as error:
                        film.outcome = why_not(film.found.path, error)
                    if film.outcome is not None:
                        yield self._film_done(turn, film.outcome)
            pieces = later

    def _film_done(self, turn: _Turn, outcome: Ingested | Unreadable) -> Ingested | Unreadable:
        if isinstance(outcome, Ingested) and turn.wanted.class_name is not None:
            outcome = self._labelled(turn.wanted, outcome)
        return self._done(turn, outcome)

    def _done(self, turn: _Turn, outcome: Ingested | Unreadable) -> Ingested | Unreadable:
        """Return what came of a file, with what was fetched of it."""
        if isinstance(outcome, Ingested):
            outcome = replace(outcome, made_otherwise=turn.otherwise, fetched=_fetched(turn))
        turn.ends.close()
        self.meter.file_done(Path(str(outcome.path)).name)
        return outcome

    def _labelled(self, wanted: Wanted, outcome: Ingested) -> Ingested:
        """State the class that the folder names for every frame of a source, unless that was said before.

        Where the same file lies in folders of two classes, neither is stated, whichever came first.
        """
        self._write()
        task, class_name = self.settings.task, wanted.class_name
        assert task is not None
        others = [parse_place(path) for path in self.catalog.paths_of(outcome.source.digest)]
        contested = [
            other
            for other in others
            if (named := task.class_of(other.parent.name)) is not None and named != class_name and exists(other)
        ]
        if contested:
            reason = f"is the same picture as {contested[0]}, in the folder of another class. Remove one of them"
            outcome = replace(outcome, lost=(*outcome.lost, Unreadable(str(outcome.path), reason)))
        said_now = None if contested else class_name
        place = str(wanted.path)
        labels = []
        for item in self.catalog.frames(source=outcome.source.digest):
            said = [
                label
                for label in self.catalog.labels_of(item.frame.id, task=task.name)
                if label.origin == FOLDER_ORIGIN
            ]
            if (said[-1].class_name if said else None) != said_now:
                labels.append(Label(item.frame.id, task.name, said_now, FOLDER_ORIGIN, now(), place, FOLDER_ORIGIN))
        self.catalog.append_labels(labels)
        return outcome


def small_of(made: Path) -> Path:
    """Return where the thumbnail of a photograph's picture waits beside it until the photograph has its name."""
    return made.with_name(f"{made.stem}-small.jpg")


def _turn_of(wanted: Wanted, ends: ExitStack) -> _Turn:
    mine = ends.enter_context(ExitStack())
    places = (wanted.path, *wanted.companions)
    remotes = [remote for place in places if (remote := mine.enter_context(held(place))) is not None]
    return _Turn(wanted, mine, remotes)


def _by_kind(items: Sequence[LookAt]) -> list[tuple[list[int], int]]:
    """Return the places of the items of each kind, films first, with the size of the largest film among them."""
    kinds: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for place, item in enumerate(items):
        kinds[2 if kind_of(item.path) != "video" else 1 if isinstance(item.path, Path) else 0].append(place)
    local = [state[0] for place in kinds[1] if (state := local_state(items[place].path))]
    sizes = (_REMOTE_FILM_BYTES, max(local, default=0), 0)
    return [(kinds[kind], sizes[kind]) for kind in kinds if kinds[kind]]


def _fetched(turn: _Turn) -> Fetched | None:
    """Return what came over the network of a file, here and in other processes; None of a local one."""
    if not turn.remotes:
        return None
    here = sum_fetched(turn.wanted.path, turn.remotes)
    parts = (here, *turn.fetched)
    return Fetched(
        here.path,
        max(part.size_bytes for part in parts),
        sum(part.fetched_bytes for part in parts),
        sum(part.requests for part in parts),
    )


def _one_of_each(
    taking: Sequence[tuple[_Turn, FilmTaking]],
) -> tuple[list[tuple[_Turn, FilmTaking]], list[tuple[_Turn, FilmTaking]]]:
    """Return the films, one file of each, and the other files of the same films."""
    first: dict[str, tuple[_Turn, FilmTaking]] = {}
    later = [one for one in taking if first.setdefault(one[1].source.digest, one) is not one]
    return list(first.values()), later


def _begun(film: FilmTaking) -> list[FilmPiece]:
    try:
        return film.begin()
    except (MediaError, OSError) as error:
        film.outcome = why_not(film.found.path, error)
        return []


def _ended(parts: Iterator[list[Done[Item, Answer]]]) -> Iterator[list[Done[Item, Answer]]]:
    """Yield what a map gives, and end its work where nobody wants the rest."""
    try:
        yield from parts
    finally:
        if isinstance(parts, Generator):
            parts.close()
