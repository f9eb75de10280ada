"""A piece of a film taken by a worker: frames that are sought, or a segment that is decoded from end to end."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from rushes.catalog.catalog import StoredFrame
from rushes.catalog.frame_writer import FrameWriter, PictureMaker
from rushes.catalog.listening import Listener
from rushes.catalog.look import what_happened, why_not
from rushes.catalog.taken import write_part
from rushes.errors import MediaError
from rushes.footage.scan import AstrayError, ScannedPart, Segment, scan_segment
from rushes.footage.source import Frame, Source, Unreadable
from rushes.footage.video import LostFrame, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.storage.places import Place
from rushes.storage.reading import Fetched, held
from rushes.storage.stores import State

_LONG = ("pts", "keyframes")  # what a film's index has one of for each frame, or for many


class FilmIndex:
    """The index of a film, which every piece needs: sent small, and opened once in each process.

    Attributes:
        opened: the index.
    """

    def __init__(self, opened: VideoIndex) -> None:
        self.opened = opened
        self._packed = b""

    def __reduce__(self) -> tuple[Callable[[bytes], FilmIndex], tuple[bytes]]:
        """Return how it is sent: of two hours of film less than two thousand bytes, where frames follow evenly."""
        if not self._packed:
            values = {one.name: getattr(self.opened, one.name) for one in fields(VideoIndex) if one.init}
            steps = {name: np.diff(np.array(values[name], np.int64), prepend=0) for name in _LONG}
            self._packed = zlib.compress(pickle.dumps(values | steps, pickle.HIGHEST_PROTOCOL))
        return _index_of, (self._packed,)


@lru_cache(maxsize=4)
def _index_of(packed: bytes) -> FilmIndex:
    values = pickle.loads(zlib.decompress(packed))
    return FilmIndex(VideoIndex(**values | {name: tuple(np.cumsum(values[name]).tolist()) for name in _LONG}))


@dataclass(frozen=True, slots=True, eq=False)
class FilmPiece:
    """What is to be taken of a film in one go.

    Attributes:
        frames: those whose pictures are wanted, by rising ordinal.
        segment: what is decoded from end to end and scanned; None where the frames are sought.
        state: of the film's file, or object in a store, when its digest and index were found; None takes it as it is.
    """

    path: Place
    source: Source
    index: FilmIndex
    frames: tuple[Frame, ...]
    segment: Segment | None = None
    state: tuple[int, int] | State | None = None

    def __str__(self) -> str:
        if self.segment is not None:
            return f"{self.path}, frames {self.segment.start:,} to {self.segment.stop - 1:,}"
        return f"{self.path}, frames {self.frames[0].ordinal:,} to {self.frames[-1].ordinal:,}"


@dataclass(frozen=True, slots=True, eq=False)
class PieceTaken:
    """What came of a piece.

    Attributes:
        written: ordinals of the frames whose pictures are written.
        parts: where their rows are kept until the driver notes them; none where it noted them at once.
        lost: ordinals of sought frames that gave no picture.
        scanned: of a segment.
        astray: no seek led to the segment.
        failure: why the piece ended before its end.
        happened: what became of the film's file since it was looked at; what is written was read before that.
        fetched: None where the driver sees it for itself.
    """

    written: tuple[int, ...]
    parts: tuple[str, ...] = ()
    lost: tuple[int, ...] = ()
    scanned: ScannedPart | None = None
    astray: bool = False
    failure: Unreadable | None = None
    happened: str | None = None
    fetched: Fetched | None = None


def take_piece(
    piece: FilmPiece, maker: PictureMaker, *, listener: Listener | None, threads: int, stopped: Callable[[], bool]
) -> PieceTaken:
    """Take a piece of a film; what is wrong with it is an answer, and what came before stands.

    Frames are noted where the film is still in the state in which it was looked at once they are read.

    Raises:
        PlaceError: the disk is full.

    Args:
        listener: the driver, where it is in this process; else rows are kept in parts below `maker.root`.
        threads: for decoding.
    """
    parts: list[str] = []
    digest = piece.source.digest
    happened: str | None = None

    def note(stored: Sequence[StoredFrame]) -> None:
        nonlocal happened
        happened = happened or what_happened(piece.path, piece.state)
        if happened is not None:
            maker.remove(stored)
            raise MediaError(piece.path, happened)
        if listener is not None:
            listener.stored(digest, stored)
        else:
            parts.append(write_part(maker.root, stored))

    def told(count: int) -> None:
        if listener is not None and not piece.frames:
            listener.scanned(digest, count)

    writer = FrameWriter(maker, piece.source.name, {frame.ordinal: frame for frame in piece.frames}, note)
    lost: tuple[int, ...] = ()
    scanned, astray, wrong = None, False, None
    with held(piece.path) as remote:
        try:
            if remote is not None and isinstance(piece.state, State):
                remote.expect(piece.state)
            if piece.segment is None:
                lost = _seek(piece, writer, threads=threads, stopped=stopped)
            else:
                scanned = scan_segment(
                    piece.path,
                    piece.index.opened,
                    piece.segment,
                    wanted=frozenset(writer.frames),
                    keep=writer,
                    threads=threads,
                    deinterlace=maker.settings.deinterlace,
                    told=told,
                    stopped=stopped,
                )
        except AstrayError:
            astray = True
        except (MediaError, OSError) as error:
            wrong = error
        try:
            writer.finish()
        except (MediaError, OSError) as error:
            wrong = wrong or error
        happened = happened or what_happened(piece.path, piece.state)
        failure = None if wrong is None else why_not(piece.path, wrong)
        fetched = None if remote is None or listener is not None else remote.fetched
    return PieceTaken(tuple(writer.written), tuple(parts), lost, scanned, astray, failure, happened, fetched)


def _seek(piece: FilmPiece, writer: FrameWriter, *, threads: int, stopped: Callable[[], bool]) -> tuple[int, ...]:
    """Write the frames of a piece, decoding only what must be; return the ordinals of those that are lost."""
    lost: list[int] = []
    deinterlace = writer.maker.settings.deinterlace
    for decoded in decode_frames(
        piece.path, piece.index.opened, list(writer.frames), threads=threads, deinterlace=deinterlace
    ):
        if isinstance(decoded, LostFrame):
            lost.append(decoded.ordinal)
        else:
            writer(decoded)
        if stopped():
            break
    return tuple(lost)
