"""Predictions for many files by an engine: stills in batches, films in pieces, each answered once and kept."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import TypeAlias, TypeVar

from rushes.bundles.bundle import Bundle, open_bundle
from rushes.bundles.runtimes import DEFAULT, choose_runtime
from rushes.errors import MediaError
from rushes.footage.kinds import as_seen_here, find_media
from rushes.footage.sampling import PerShot, Sampling, plan_ordinals
from rushes.footage.source import Unreadable
from rushes.footage.video import index_video
from rushes.footage.video_index import VideoIndex
from rushes.inference.ahead import batches_ahead, in_batches
from rushes.inference.kept_answers import FileState, KeptAnswers, state_of
from rushes.inference.predict import (
    DEFAULT_SAMPLING,
    Outline,
    join_frames,
    not_footage,
    outline_of,
    predict_frames,
    predict_pictures,
    way_of,
)
from rushes.inference.prediction import FramePrediction, PicturePrediction, Prediction, VideoPrediction
from rushes.inference.predictor import BATCH_SIZE, Predictor
from rushes.progress import Progress, silent
from rushes.scale.engine import Done, Engine, Lost, Seat, Work
from rushes.storage.places import Place
from rushes.storage.reading import CHANGED, Fetched, RemoteObject, held, require_unchanged

PIECE_FRAMES = 16 * BATCH_SIZE  # of a film in one piece: whole batches, so that pieces change no answer
STILL_SECONDS = 120.0
FRAME_SECONDS = 10.0  # a frame between key frames far apart, of a large picture
_FILM_SECONDS = 900.0  # for its index, for which some containers are read to their end
_WORTH_BATCHES = 64  # from here on processes of their own are started
_WORTH_PIECES = 16
_STILLS_AT_ONCE = 4096  # that are looked up and then answered, before the next are
FILMS_AT_ONCE = 64  # that are begun and then looked at to their ends, before the next are
_ASKERS = 16  # threads that ask stores for states
_BUNDLE = "bundle"

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Numbered = tuple[int, Prediction]


@dataclass(slots=True)
class Account:
    """What is to be told of a job besides its predictions, as far as it has come.

    Attributes:
        pictures: stills and frames that there are to be looked at, without those of films that cannot be read.
        kept: those of them that were not, for their answers were kept from before.
        fetched: of each remote file, what came over the network.
    """

    pictures: int = 0
    kept: int = 0
    fetched: dict[str, Fetched] = field(default_factory=dict)

    def note_fetched(self, parts: Iterable[Fetched]) -> None:
        for part in parts:
            known = self.fetched.get(part.path)
            if known is not None:
                part = Fetched(part.path, part.size_bytes, known.fetched_bytes + part.fetched_bytes,
                               known.requests + part.requests)  # fmt: skip
            self.fetched[part.path] = part


@dataclass(frozen=True, slots=True)
class Batch:
    """Stills that are answered together, with their numbers among the files of the job."""

    numbers: tuple[int, ...]
    files: tuple[Place, ...]

    def __str__(self) -> str:
        return f"{self.files[0]}" + (f" and {len(self.files) - 1} more" if len(self.files) > 1 else "")


@dataclass(frozen=True, slots=True)
class Film:
    """The film that is file `number` of the job, of which nothing is known yet."""

    number: int
    file: Place

    def __str__(self) -> str:
        return str(self.file)


@dataclass(frozen=True, slots=True)
class Piece:
    """The sampled frames `[start, stop)` of the film that is file `number` of the job, counted as they are sampled."""

    number: int
    file: Place
    start: int
    stop: int

    def __str__(self) -> str:
        return f"{self.file}, sampled frames {self.start} to {self.stop - 1}"


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """The answers for a batch, and the states of its files as they were read."""

    states: tuple[FileState | None, ...]
    answers: tuple[PicturePrediction | Unreadable, ...]
    fetched: tuple[Fetched, ...] = ()


@dataclass(frozen=True, slots=True)
class PieceAnswer:
    """The answers for those frames of a piece that can be decoded, and the state of the film as it was read."""

    state: FileState | None
    frames: tuple[FramePrediction, ...]
    fetched: tuple[Fetched, ...] = ()


@dataclass(frozen=True, slots=True)
class FilmBegun:
    """What of a film is looked at, and the answers for its first piece."""

    outline: Outline
    first: PieceAnswer


_FilmItem: TypeAlias = Film | Piece
_FilmAnswer: TypeAlias = FilmBegun | PieceAnswer | Unreadable


def predict_many(
    engine: Engine,
    bundle: Bundle,
    places: Sequence[Place],
    *,
    sampling: Sampling = DEFAULT_SAMPLING,
    runtime: str = DEFAULT,
    kept: KeptAnswers | None = None,
    account: Account | None = None,
    progress: Progress = silent,
) -> Generator[Prediction, None, None]:
    """Give a prediction for each file at some places and below folders, in their order, as `predict_path` does.

    The answers do not depend on how many processes there are, nor on whether they were kept from before. What ended a
    process, or took too long, is Unreadable as what cannot be read is, and the rest goes on.

    Args:
        sampling: which frames of a film are looked at; of PerShot, for which a film is passed over as a whole, see
            `predict_video`.
        kept: where answers are kept, and found; None keeps none.
        account: is added to while predictions are taken.
        progress: counts files; where there is one film only, its sampled frames.

    Raises:
        BundleError: the bundle cannot be run.
    """
    if isinstance(sampling, PerShot):
        raise ValueError("frames of shots are found by a pass over the whole film: see predict_video")
    choose_runtime(bundle, runtime)
    job = _Job(engine, bundle, sampling, runtime, kept, account or Account(), progress)
    listed = [entry for place in places for entry in _listed(place)]
    yield from _in_turn(job.answers(listed))


def _listed(place: Place) -> list[Place | Unreadable]:
    """Return the files at a place, and before them what cannot be listed."""
    passed_over: list[Unreadable] = []
    try:
        files = find_media(place, passed_over=passed_over.append)
    except MediaError as error:
        return [Unreadable(error.path, error.reason)]
    nothing = Unreadable(str(place), "holds no video, photograph or camera raw. Name a file or another folder")
    return [*passed_over, *files] if files else [*passed_over, nothing]


def _in_turn(numbered: Iterable[Numbered]) -> Iterator[Prediction]:
    """Yield predictions in the order of their numbers; what comes early is held until its turn."""
    early: dict[int, Prediction] = {}
    turn = 0
    for number, prediction in numbered:
        early[number] = prediction
        while turn in early:
            yield early.pop(turn)
            turn += 1


def plan_batches(stills: Sequence[tuple[int, Place]]) -> list[Batch]:
    """Return stills, each with its number, in batches."""
    return [
        Batch(tuple(number for number, _ in some), tuple(file for _, file in some))
        for some in in_batches(stills, BATCH_SIZE)
    ]


def plan_pieces(number: int, file: Place, sampled: int) -> list[Piece]:
    """Return the pieces of a film of which so many frames are looked at."""
    return [Piece(number, file, at, min(at + PIECE_FRAMES, sampled)) for at in range(0, sampled, PIECE_FRAMES)]


def _way_of(entry: Place | Unreadable) -> str:
    return "unreadable" if isinstance(entry, Unreadable) else way_of(entry)


@dataclass(slots=True)
class _Begun:
    """A film on its way: its pieces, and what came of those that are done, by where they start."""

    film: Film
    state: FileState | None
    outline: Outline
    parts: dict[int, PieceAnswer | Unreadable] = field(default_factory=dict)

    @property
    def pieces(self) -> list[Piece]:
        return plan_pieces(self.film.number, self.film.file, self.outline.sampled)

    def missing(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.start not in self.parts]

    def joined(self, classes: Sequence[str]) -> Prediction:
        """Return the prediction for the film; Unreadable where a piece of it is, or where it changed meanwhile."""
        frames: list[FramePrediction] = []
        for _, part in sorted(self.parts.items(), key=lambda one: one[0]):
            if isinstance(part, Unreadable):
                return part
            if part.state != self.state:
                return Unreadable(str(self.film.file), CHANGED)
            frames += part.frames
        return join_frames(self.film.file, classes, frames, self.outline)


@dataclass(slots=True)
class _Job:
    """One job on its way."""

    engine: Engine
    bundle: Bundle
    sampling: Sampling
    runtime: str
    kept: KeptAnswers | None
    account: Account
    progress: Progress
    files: int = 0
    done: int = 0
    finds: bool = False  # whether anything is kept from before

    def answers(self, entries: Sequence[Place | Unreadable]) -> Iterator[Numbered]:
        """Yield number and prediction of each file, those of the kind that comes first before the others."""
        self.files = len(entries)
        self.finds = self.kept is not None and len(self.kept) > 0
        films: list[Film] = []
        stills: list[tuple[int, Place]] = []
        first = ""
        for number, entry in enumerate(entries):
            way = _way_of(entry)
            if isinstance(entry, Unreadable):
                yield from self._counted(number, entry)
            elif way == "nothing":
                yield from self._counted(number, not_footage(entry))
            else:
                first = first or way
                if way == "video":
                    films.append(Film(number, entry))
                else:
                    stills.append((number, entry))
        self.account.pictures += len(stills)
        many_films = len(films) >= _WORTH_PIECES
        try:
            steps = [
                (self._stills(some) for some in in_batches(stills, _STILLS_AT_ONCE)),
                (self._films(some, are_many=many_films) for some in in_batches(films, FILMS_AT_ONCE)),
            ]
            for step in steps if first == "still" else reversed(steps):
                for part in step:
                    yield from part
        finally:
            if self.kept is not None:
                self.kept.flush()

    def _counted(self, number: int, prediction: Prediction) -> Iterator[Numbered]:
        """Yield what a file is found to be; where there is one film only, its frames are counted instead."""
        self.done += 1
        if self.files > 1 or not isinstance(prediction, VideoPrediction):
            self.progress(self.done, self.files, Path(prediction.path).name)
        yield number, prediction

    def _stills(self, stills: Sequence[tuple[int, Place]]) -> Iterator[Numbered]:
        missing: list[tuple[int, Place]] = []
        for (number, file), state in self._as_they_are([(still, still[1]) for still in stills]):
            known = None if self.kept is None else self.kept.picture(self.kept.key(file, state), file)
            if known is None:
                missing.append((number, file))
                continue
            self.account.kept += 1
            yield from self._counted(number, known)
        again: list[Batch] = []
        for done in self._map(self._work_on_stills(together=8), plan_batches(missing)):
            if isinstance(done.answer, Lost) and len(done.item.files) > 1:  # which of them it was is found one by one
                again += [
                    Batch((number,), (file,)) for number, file in zip(done.item.numbers, done.item.files, strict=True)
                ]
            else:
                yield from self._take_batch(done.item, done.answer)
        for done in self._map(self._work_on_stills(together=1), again):
            yield from self._take_batch(done.item, done.answer)

    def _take_batch(self, batch: Batch, answer: BatchAnswer | Lost) -> Iterator[Numbered]:
        if isinstance(answer, Lost):
            answer = BatchAnswer((None,), (Unreadable(str(batch.files[0]), answer.reason),))
        self.account.note_fetched(answer.fetched)
        if self.kept is not None:
            seen = zip(batch.files, answer.states, answer.answers, strict=True)
            self.kept.keep_pictures(
                {self.kept.key(file, state): one for file, state, one in seen if isinstance(one, PicturePrediction)}
            )
        for number, file, one in zip(batch.numbers, batch.files, answer.answers, strict=True):
            yield from self._counted(number, as_seen_here(file, one) if isinstance(one, Unreadable) else one)

    def _films(self, films: Sequence[Film], *, are_many: bool) -> Iterator[Numbered]:
        begun: dict[int, _Begun] = {}
        new: list[Film] = []
        work = self._work_on_films(worth=1 if are_many else _WORTH_PIECES)
        for film, state in self._as_they_are([(film, film.file) for film in films]):
            known = self._begun_before(film, state)
            if known is None:
                new.append(film)
            else:
                begun[film.number] = known
                yield from self._ended(begun, film.number)
        for done in self._map(work, new):
            film, answer = new[done.number], done.answer
            if isinstance(answer, Lost):
                answer = Unreadable(str(film.file), answer.reason)
            if isinstance(answer, FilmBegun):
                begun[film.number] = self._begun_now(film, answer)
                yield from self._ended(begun, film.number)
            else:
                assert isinstance(answer, Unreadable)  # a film is begun, or cannot be
                yield from self._counted(film.number, as_seen_here(film.file, answer))
        missing = [piece for number in sorted(begun) for piece in begun[number].missing()]
        for piece_done in self._map(work, missing):
            piece, part = missing[piece_done.number], piece_done.answer
            if isinstance(part, Lost):
                part = Unreadable(str(piece.file), part.reason)
            assert not isinstance(part, FilmBegun)  # a piece is answered
            if isinstance(part, PieceAnswer):
                self.account.note_fetched(part.fetched)
                if self.kept is not None:
                    self.kept.keep_frames(self._key_of(piece, part.state), part.frames)
            self._take_piece(begun[piece.number], piece, part)
            yield from self._ended(begun, piece.number)

    def _begun_before(self, film: Film, state: FileState | None) -> _Begun | None:
        """Return what was kept of a film from before; None where nothing was."""
        if self.kept is None:
            return None
        outline = self.kept.outline(self._key_of(film, state))
        if outline is None:
            return None
        known = _Begun(film, state, outline)
        self.account.pictures += outline.sampled
        for piece in known.pieces:
            frames = self.kept.frames(self._key_of(piece, state))
            if frames is not None:
                self.account.kept += piece.stop - piece.start
                self._take_piece(known, piece, PieceAnswer(state, tuple(frames)))
        return known

    def _begun_now(self, film: Film, answer: FilmBegun) -> _Begun:
        state = answer.first.state
        self.account.pictures += answer.outline.sampled
        self.account.note_fetched(answer.first.fetched)
        begun = _Begun(film, state, answer.outline)
        if self.kept is not None:
            self.kept.keep_outline(self._key_of(film, state), answer.outline)
        for piece in begun.pieces[:1]:
            if self.kept is not None:
                self.kept.keep_frames(self._key_of(piece, state), answer.first.frames)
            self._take_piece(begun, piece, answer.first)
        return begun

    def _take_piece(self, begun: _Begun, piece: Piece, part: PieceAnswer | Unreadable) -> None:
        begun.parts[piece.start] = part
        if self.files == 1:
            looked_at = sum(one.stop - one.start for one in begun.pieces if one.start in begun.parts)
            self.progress(looked_at, begun.outline.sampled, piece.file.name)

    def _ended(self, begun: dict[int, _Begun], number: int) -> Iterator[Numbered]:
        """Yield the prediction for a film all of whose pieces are there, and let go of them."""
        if not begun[number].missing():
            yield from self._counted(number, begun.pop(number).joined(self.bundle.classes))

    def _key_of(self, part: Film | Piece, state: FileState | None) -> str:
        assert self.kept is not None  # asked only where answers are kept
        place = [part.start, part.stop] if isinstance(part, Piece) else []
        return self.kept.key(part.file, state, of=[repr(self.sampling), *place])

    def _as_they_are(self, items: Sequence[tuple[Item, Place]]) -> Iterator[tuple[Item, FileState | None]]:
        """Yield each item with the state of its file; None for all where nothing is kept that could be found."""
        if not self.finds:
            yield from ((item, None) for item, _ in items)
            return

        def read(item: tuple[Item, Place]) -> tuple[Item, FileState | None]:
            return item[0], _state_or_none(item[1])

        for some in batches_ahead(items, read, size=_ASKERS, threads=_ASKERS):
            yield from some

    def _work_on_stills(self, *, together: int) -> Work[Batch, BatchAnswer]:
        return Work(
            partial(build_stills, runtime=self.runtime),
            "looking at pictures",
            files={_BUNDLE: self.bundle.folder},
            together=together,
            seconds=STILL_SECONDS,
            worth=_WORTH_BATCHES,
        )

    def _work_on_films(self, *, worth: int) -> Work[_FilmItem, _FilmAnswer]:
        return Work(
            partial(build_films, runtime=self.runtime, sampling=self.sampling),
            "looking at frames",
            files={_BUNDLE: self.bundle.folder},
            together=2,
            seconds=_FILM_SECONDS + PIECE_FRAMES * FRAME_SECONDS,
            worth=worth,
        )

    def _map(self, work: Work[Item, Answer], items: Sequence[Item]) -> Iterator[Done[Item, Answer]]:
        """Yield what comes of items; no engine is asked where there are none."""
        if not items:
            return
        with closing(_closable(self.engine.map(work, items))) as parts:
            for part in parts:
                yield from part


def _closable(parts: Iterator[list[Done[Item, Answer]]]) -> Generator[list[Done[Item, Answer]], None, None]:
    """Yield the parts; closed, it closes what they come from."""
    yield from parts


def _state_or_none(file: Place, *, reads: bool = False) -> FileState | None:
    try:
        return state_of(file, reads=reads)
    except MediaError:  # it is said when the file is read
        return None


def build_stills(seat: Seat, *, runtime: str) -> Callable[[Sequence[Batch]], list[BatchAnswer]]:
    """Return what answers batches of stills, with the bundle loaded."""
    predictor = Predictor(open_bundle(seat.files[_BUNDLE]), threads=seat.threads, runtime=runtime)
    readers = min(2, max(1, seat.threads))

    def answer(batches: Sequence[Batch]) -> list[BatchAnswer]:
        files = {str(file): file for batch in batches for file in batch.files}
        states: dict[str, FileState | None] = {}
        fetched: dict[str, Fetched] = {}

        def note_state(file: Place, state: FileState | None) -> None:
            states[str(file)] = state

        def note(one: Fetched) -> None:  # while the file is held: asking for its state sends nothing
            fetched[one.path] = one
            states[one.path] = _state_or_none(files[one.path])

        all_files = (batch.files for batch in batches)
        answers = predict_pictures(predictor, all_files, threads=readers, note_fetched=note, note_state=note_state)
        return [
            BatchAnswer(
                tuple(states[str(file)] for file in batch.files),
                tuple(some),
                tuple(fetched[str(file)] for file in batch.files if str(file) in fetched),
            )
            for batch, some in zip(batches, answers, strict=True)
        ]

    return answer


def build_films(seat: Seat, *, runtime: str, sampling: Sampling) -> Callable[[Sequence[_FilmItem]], list[_FilmAnswer]]:
    """Return what begins films and answers their pieces, with the bundle loaded."""
    predictor = Predictor(open_bundle(seat.files[_BUNDLE]), threads=seat.threads, runtime=runtime)

    def answer(items: Sequence[_FilmItem]) -> list[_FilmAnswer]:
        found: list[_FilmAnswer] = []
        for file, some in groupby(items, key=lambda item: item.file):
            with held(file) as remote:
                told = _Told(remote)
                found += [_answer_film(predictor, item, sampling, seat.threads, told) for item in some]
        return found

    return answer


class _Told:
    """What is fetched of a film while it is held, told once."""

    def __init__(self, remote: RemoteObject | None) -> None:
        self._remote = remote
        self._told = (0, 0)

    def news(self) -> tuple[Fetched, ...]:
        """Return what was fetched since this was asked last."""
        if self._remote is None:
            return ()
        now, (known, requests) = self._remote.fetched, self._told
        self._told = now.fetched_bytes, now.requests
        return (Fetched(now.path, now.size_bytes, now.fetched_bytes - known, now.requests - requests),)


def _answer_film(predictor: Predictor, item: _FilmItem, sampling: Sampling, threads: int, told: _Told) -> _FilmAnswer:
    try:
        state = _state_or_none(item.file, reads=True)
        index, ordinals = _sampled(item.file, state, sampling)
        asked = ordinals[item.start : item.stop] if isinstance(item, Piece) else ordinals[:PIECE_FRAMES]
        frames = predict_frames(predictor, item.file, index, asked, threads=threads)
        require_unchanged(item.file, state)
    except MediaError as error:
        return Unreadable(str(item.file), error.reason)
    part = PieceAnswer(state, tuple(frames), told.news())
    return part if isinstance(item, Piece) else FilmBegun(outline_of(index, len(ordinals)), part)


def _sampled(film: Place, state: FileState | None, sampling: Sampling) -> tuple[VideoIndex, Sequence[int]]:
    """Return the index of a film and the ordinals that are looked at; those of the last film are at hand."""
    return _read_sampled(film, sampling) if state is None else _last_sampled(film, state, sampling)


@lru_cache(maxsize=1)
def _last_sampled(film: Place, state: FileState, sampling: Sampling) -> tuple[VideoIndex, Sequence[int]]:
    return _read_sampled(film, sampling)


def _read_sampled(film: Place, sampling: Sampling) -> tuple[VideoIndex, Sequence[int]]:
    index = index_video(film)
    return index, plan_ordinals(index, sampling)
