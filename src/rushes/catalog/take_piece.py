"""A piece of a film taken by a worker: frames that are sought, or a segment that is decoded from end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rushes.catalog.catalog import StoredFrame
from rushes.catalog.frame_writer import FrameWriter, PictureMaker
from rushes.catalog.listening import Listener
from rushes.catalog.look import why_not
from rushes.catalog.taken import write_part
from rushes.errors import MediaError
from rushes.footage.scan import AstrayError, ScannedPart, Segment, scan_segment
from rushes.footage.source import Frame, Source, Unreadable
from rushes.footage.video import LostFrame, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.storage.places import Place
from rushes.storage.reading import Fetched, held


@dataclass(frozen=True, slots=True, eq=False)
class FilmPiece:
    """What is to be taken of a film in one go.

    Attributes:
        frames: those whose pictures are wanted, by rising ordinal.
        segment: what is decoded from end to end and scanned; None where the frames are sought.
    """

    path: Place
    source: Source
    index: VideoIndex
    frames: tuple[Frame, ...]
    segment: Segment | None = None

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
        fetched: None where the driver sees it for itself.
    """

    written: tuple[int, ...]
    parts: tuple[str, ...] = ()
    lost: tuple[int, ...] = ()
    scanned: ScannedPart | None = None
    astray: bool = False
    failure: Unreadable | None = None
    fetched: Fetched | None = None


def take_piece(
    piece: FilmPiece, maker: PictureMaker, *, listener: Listener | None, threads: int, stopped: Callable[[], bool]
) -> PieceTaken:
    """Take a piece of a film; what is wrong with it is an answer, and what came before stands.

    Args:
        listener: the driver, where it is in this process; else rows are kept in parts below `maker.root`.
        threads: for decoding.
    """
    parts: list[str] = []
    digest = piece.source.digest

    def note(stored: Sequence[StoredFrame]) -> None:
        if listener is not None:
            listener.stored(digest, stored)
        else:
            parts.append(write_part(maker.root, stored))

    def told(count: int) -> None:
        if listener is not None and not piece.frames:
            listener.scanned(digest, count)

    writer = FrameWriter(maker, piece.source.name, {frame.ordinal: frame for frame in piece.frames}, note)
    lost: tuple[int, ...] = ()
    scanned, astray, failure = None, False, None
    with held(piece.path) as remote:
        try:
            if piece.segment is None:
                lost = _seek(piece, writer, threads=threads, stopped=stopped)
            else:
                scanned = scan_segment(
                    piece.path,
                    piece.index,
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
            failure = why_not(piece.path, error)
        try:
            writer.finish()
        except OSError as error:
            failure = failure or why_not(piece.path, error)
        fetched = None if remote is None or listener is not None else remote.fetched
    return PieceTaken(tuple(writer.written), tuple(parts), lost, scanned, astray, failure, fetched)


def _seek(piece: FilmPiece, writer: FrameWriter, *, threads: int, stopped: Callable[[], bool]) -> tuple[int, ...]:
    """Write the frames of a piece, decoding only what must be; return the ordinals of those that are lost."""
    lost: list[int] = []
    deinterlace = writer.maker.settings.deinterlace
    for decoded in decode_frames(
        piece.path, piece.index, list(writer.frames), threads=threads, deinterlace=deinterlace
    ):
        if isinstance(decoded, LostFrame):
            lost.append(decoded.ordinal)
        else:
            writer(decoded)
        if stopped():
            break
    return tuple(lost)
