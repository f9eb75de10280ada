"""The frames of a film into the catalog: cut into pieces, and what came of the pieces put together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rushes.catalog.catalog import StoredFrame
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.catalog.look import FoundFilm
from rushes.catalog.take_piece import FilmIndex, FilmPiece, PieceTaken
from rushes.errors import MediaError
from rushes.footage.found_shots import keep_scan, read_kept_scan
from rushes.footage.sampling import (
    EveryFrame,
    PerShot,
    Sampling,
    find_missing_times,
    name_frames,
    narrow_to_film,
    plan_ordinals,
)
from rushes.footage.scan import Scan, ScannedPart, Segment, join_parts, plan_segments, require_frames, whole_film
from rushes.footage.shots import plan_per_shot, shots_of
from rushes.footage.signals import Signals
from rushes.footage.source import Frame, Source, Unreadable
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress
from rushes.scale.engine import Lost
from rushes.storage.files import sweep_temporaries
from rushes.storage.places import Place
from rushes.timecode import timecode_at

_NAMED = 3  # of the lost frames of a film
_SOUGHT_TOGETHER = 64  # frames: what a process that is killed loses of a film at most
_DECODED_TOGETHER = 256  # wanted frames of a segment: their pictures may have to come along in one answer


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """How films are taken in, whichever they are.

    Attributes:
        root: the project's folder.
        scans: folder in which scans are kept.
        segments: into how many pieces a film that is decoded from end to end is to be cut at least, where it is long
            enough.
        by_others: whether pieces are taken by other processes, which are given few frames at a time; one process seeks
            frames side by side by itself.
        note: told of frames whose pictures are written, to note them.
        note_part: told of a part with the rows of such frames, to note them; gives the frames (see `taken.note_part`).
        noted: gives the ids of the frames of a film that are noted.
        progress: told of frames, with the film's name.
    """

    root: Path
    scans: Path
    settings: IngestSettings
    segments: int
    by_others: bool
    note: Callable[[Sequence[StoredFrame]], None]
    note_part: Callable[[str], Sequence[StoredFrame]]
    noted: Callable[[str], Collection[str]]
    progress: Progress


@dataclass(slots=True)
class FilmTaking:
    """The taking of one film: gives its pieces, a round at a time, and takes in what came of them.

    Where all frames are wanted, or a scan is asked for and there is none, the film is decoded once from end to end,
    and its scan is kept; otherwise what is not needed is not decoded. Frames of shots are chosen by a scan, and then
    sought. Where a seek leads astray, the film is decoded in one go.

    Attributes:
        there: ids of the frames that are in the catalog with their pictures.
        outcome: what came of it, once it is done.
    """

    order: FilmOrder
    found: FoundFilm
    source: Source
    there: Collection[str]
    outcome: Ingested | Unreadable | None = None
    _frames: dict[int, Frame] = field(default_factory=dict)
    _missing: list[int] = field(default_factory=list)
    _written: set[int] = field(default_factory=set)
    _undecoded: list[Frame] = field(default_factory=list)
    _failures: list[Unreadable] = field(default_factory=list)
    _happened: str | None = None  # to the film's file since it was looked at
    _given_up: list[Unreadable] = field(default_factory=list)
    _lost: list[Unreadable] = field(default_factory=list)
    _damage: list[Unreadable] = field(default_factory=list)
    _notes: tuple[str, ...] = ()
    _parts: dict[int, ScannedPart] = field(default_factory=dict)
    _pieces: int = 0  # of the round
    _open: int = 0  # of them
    _scanned_frames: int = 0
    _signals: Signals | None = None
    _sent: FilmIndex | None = None
    _are_frames_planned: bool = False

    @property
    def _path(self) -> Place:
        return self.found.path

    @property
    def _index(self) -> VideoIndex:
        return self.found.index

    def begin(self) -> list[FilmPiece]:
        """Return the first pieces; none where there is nothing to do, and the outcome is there."""
        for folder in ("frames", "thumbnails"):
            sweep_temporaries(self.order.root / folder / self.source.name)
        self._signals = read_kept_scan(self.order.scans, self.source.digest, self._index)
        if isinstance(self._sampling, PerShot) and self._signals is None:
            return self._round(self._scanning(()))
        return self._plan_frames()

    def stored(self, frames: Sequence[StoredFrame]) -> None:
        """Note frames whose pictures are written, while their piece is still under way."""
        self.order.note(frames)
        self._count(item.frame.ordinal for item in frames)

    def scanned(self, count: int) -> None:
        """Tell how many more frames were looked at."""
        self._scanned_frames = min(self._index.frame_count, self._scanned_frames + count)
        self.order.progress(self._scanned_frames, self._index.frame_count, self._path.name)

    def take(self, piece: FilmPiece, answer: PieceTaken | Lost) -> list[FilmPiece]:
        """Take in what came of a piece; return the pieces of the next round once the last of this one is done."""
        self._open -= 1
        if isinstance(answer, Lost):
            self._given_up.append(Unreadable(str(piece), answer.reason))
        else:
            self._note(piece, answer)
            self._undecoded += (self._frames[ordinal] for ordinal in answer.lost)
            self._failures += () if answer.failure is None else (answer.failure,)
            self._happened = self._happened or answer.happened
            if answer.scanned is not None:
                self._parts[answer.scanned.segment.start] = answer.scanned
        return [] if self._open else self._next(scans=piece.segment is not None)

    def _note(self, piece: FilmPiece, answer: PieceTaken) -> None:
        """Note the frames of a piece; those of a part that is gone count where another driver has noted them."""
        if not answer.parts:
            self._count(answer.written)
            return
        left, reason = set(answer.written), "its part is gone"
        for part in answer.parts:
            try:
                noted = {item.frame.ordinal for item in self.order.note_part(part)}
            except FileNotFoundError:
                continue
            except OSError as error:
                reason = error.strerror or str(error)
                continue
            self._count(noted)
            left -= noted
        if left:
            ids = self.order.noted(self.source.digest)
            others = {ordinal for ordinal in left if self._frames[ordinal].id in ids}
            self._count(others)
            left -= others
        if left:
            what = f"{len(left):,} of its frames were written and cannot be noted ({reason}). Run this again"
            self._given_up.append(Unreadable(str(piece), what))

    def _count(self, ordinals: Iterable[int]) -> None:
        new = set(ordinals) - self._written
        self._written |= new
        if new:
            self.order.progress(len(self._written), len(self._missing), self._path.name)

    @property
    def _sampling(self) -> Sampling:
        names = (self.source.name, self._path.name, self._path.stem)
        return narrow_to_film(self.order.settings.sampling, names)

    def _plan_frames(self) -> list[FilmPiece]:
        settings, sampling, index = self.order.settings, self._sampling, self._index
        self._are_frames_planned = True
        frames = name_frames(self.source, index, _ordinals(index, sampling, self._signals))
        self._frames = {frame.ordinal: frame for frame in frames}
        self._missing = [ordinal for ordinal, frame in self._frames.items() if frame.id not in self.there]
        if self._missing:
            self._lost += (Unreadable(str(self._path), warning) for warning in index.warnings)
        self._lost += (Unreadable(str(self._path), reason) for reason in find_missing_times(index, sampling))
        is_every_frame = isinstance(sampling, EveryFrame) and bool(self._missing)
        if self._signals is None and (settings.scan or is_every_frame):
            return self._round(self._scanning(self._missing))
        return self._round(self._seeking())

    def _seeking(self) -> list[FilmPiece]:
        size = _SOUGHT_TOGETHER if self.order.by_others and self._index.exact and self._index.seekable else 0
        size = size or max(1, len(self._missing))
        starts = range(0, len(self._missing), size)
        return [self._piece(self._missing[start : start + size], None) for start in starts]

    def _scanning(self, wanted: Sequence[int]) -> list[FilmPiece]:
        count, most = self._index.frame_count, 0
        if self.order.by_others and wanted:
            most = max(1, _DECODED_TOGETHER * count // len(wanted))
        segments = plan_segments(self._index, threads=self.order.segments, most_frames=most)
        return [self._piece([o for o in wanted if one.start <= o < one.stop], one) for one in segments]

    def _piece(self, ordinals: Sequence[int], segment: Segment | None) -> FilmPiece:
        frames = tuple(self._frames[ordinal] for ordinal in ordinals)
        self._sent = self._sent or FilmIndex(self._index)
        return FilmPiece(self._path, self.source, self._sent, frames, segment, self.found.state)

    def _round(self, pieces: list[FilmPiece]) -> list[FilmPiece]:
        self._pieces = self._open = len(pieces)
        self._parts = {}
        if not pieces:
            self._finish()
        return pieces

    def _next(self, *, scans: bool) -> list[FilmPiece]:
        """Return the pieces of the next round; finish where there is none."""
        if self._happened is not None and self._written:
            self._finish()
            return []
        if self._happened is not None or self._failures:
            wrong = self._failures[0] if self._happened is None else Unreadable(str(self._path), self._happened)
            self.outcome = wrong
            return []
        if scans and not self._given_up:
            whole = len(self._parts) == self._pieces
            scan = join_parts([part for _, part in sorted(self._parts.items())], self.source.digest) if whole else None
            if self._pieces > 1 and (scan is None or not scan.is_whole):
                left = [ordinal for ordinal in self._missing if ordinal not in self._written]
                return self._round([self._piece(left, whole_film(self._index))])
            assert scan is not None  # no seek leads to the beginning of a film, so that none leads astray
            try:
                require_frames(self._path, scan)
            except MediaError as error:
                self.outcome = Unreadable(str(self._path), error.reason)
                return []
            self._take_scan(scan)
        if not self._are_frames_planned and self._signals is not None:
            return self._plan_frames()
        self._finish()
        return []

    def _take_scan(self, scan: Scan) -> None:
        self._signals, self._damage = scan.signals, _damage(self._path, self._index, scan)
        self._undecoded = [self._frames[one.ordinal] for one in scan.lost if one.ordinal in self._frames]
        if scan.is_whole:
            reason = keep_scan(self.order.scans, scan)
            self._notes += () if reason is None else (f"the scan was not kept: {reason}",)

    def _finish(self) -> None:
        path, index, undecoded = self._path, self._index, self._undecoded
        if self._happened is not None or self._given_up:
            known = {frame.ordinal for frame in undecoded} | self._written
            undecoded = [*undecoded, *(self._frames[ordinal] for ordinal in self._missing if ordinal not in known)]
        self._lost += self._given_up
        if self._happened is not None:
            self._lost.append(Unreadable(str(path), self._happened))
        else:
            self._lost += self._damage or ([] if self._given_up else _name_lost(path, undecoded))
        deinterlace = self.order.settings.deinterlace
        self.outcome = Ingested(
            path,
            self.source,
            len(self._written),
            len(self._frames) - len(self._missing),
            tuple(self._lost),
            self._notes + (_notes(index, deinterlace=deinterlace) if self._missing else ()),
            index.interlaced,
            lost_frames=len(undecoded),
            shots=None if self._signals is None else len(shots_of(self._signals, frame_count=index.frame_count)),
        )


def _ordinals(index: VideoIndex, sampling: Sampling, signals: Signals | None) -> Sequence[int]:
    if not isinstance(sampling, PerShot):
        return plan_ordinals(index, sampling)
    assert signals is not None  # shots are looked for in a scan
    return plan_per_shot(signals, frame_count=index.frame_count, count=sampling.count)


def _name_lost(path: Place, lost: Sequence[Frame]) -> list[Unreadable]:
    """Return what to say of wanted frames that gave no picture: the first few by name, the rest in one line."""
    named = lost[:_NAMED]
    said = [f"its frame {frame.name} gave no picture: its data is damaged" for frame in named]
    more = len(lost) - len(named)
    if more:
        said.append(f"… and {more:,} more {'frame' if more == 1 else 'frames'} of it gave no picture. Copy it again")
    return [Unreadable(str(path), reason) for reason in said]


def _damage(path: Place, index: VideoIndex, scan: Scan) -> list[Unreadable]:
    """Return what to say of a film of which a scan lost frames, wanted or not."""
    if not scan.lost:
        return []
    first = timecode_at(index.seconds_at(scan.lost[0].ordinal), index.rate)
    reason = (
        f"{len(scan.lost):,} of its {index.frame_count:,} frames gave no picture because their data is damaged, the "
        f"first at {first} (damaged packets passed over: {scan.damaged_packets:,}). Copy it again from where it came "
        "from"
    )
    return [Unreadable(str(path), reason)]


def _notes(index: VideoIndex, *, deinterlace: bool) -> tuple[str, ...]:
    combs = "is interlaced: moving edges show combs; --deinterlace takes them out"
    return (*index.notes, combs) if index.interlaced and not deinterlace else index.notes
