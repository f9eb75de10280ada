"""The two works of an ingest, as an engine has them done: files that are looked at, and pieces of films."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from rushes.catalog.frame_writer import PictureMaker
from rushes.catalog.intake import IngestSettings
from rushes.catalog.listening import listener_of
from rushes.catalog.look import Look, LookAt, look
from rushes.catalog.take_piece import FilmPiece, PieceTaken, take_piece
from rushes.scale.engine import Seat, Work

Item = TypeVar("Item")
Answer = TypeVar("Answer")

SECONDS = 120.0  # that any item may take, whatever there is to do
_READ_BYTES = 4 << 20  # of a film that are read in a second at least, for its digest and its index
_SOUGHT_SECONDS = 10.0  # for each frame that is sought: a few hundred others may have to be decoded for it
_DECODED_SECONDS = 1.0  # for each frame that is decoded in passing
_WORTH_FILES = 256  # of which each takes some hundredths of a second; the processes take seconds to start
_WORTH_PIECES = 64


@dataclass(frozen=True, slots=True)
class Order:
    """What both works are told.

    Attributes:
        store: folder of a bucket that takes pictures; "" for the project's folder.
        word: of the driver's listener (`rushes.catalog.listening`).
        side_by_side: how many items one process works on at a time, at most.
        seconds: that any item may take; what there is to do in it adds to them.
    """

    settings: IngestSettings
    store: str
    word: str
    side_by_side: int
    seconds: float = SECONDS


def looking(order: Order, root: Path, *, film_bytes: int = 0) -> Work[LookAt, Look]:
    """Return the work of looking at files.

    Args:
        film_bytes: size of the largest film among them; a photograph takes nothing beside.
    """
    return Work(
        partial(_build_look, order),
        "looking at files",
        fills=root,
        seconds=order.seconds + film_bytes / _READ_BYTES,
        worth=_WORTH_FILES,
        name_of=_path_of,
    )


def taking(order: Order, root: Path, pieces: Sequence[FilmPiece]) -> Work[FilmPiece, PieceTaken]:
    """Return the work of taking pieces of films."""
    return Work(
        partial(_build_take, order),
        "taking frames",
        fills=root,
        seconds=order.seconds + max(map(_seconds_of, pieces), default=0.0),
        worth=_WORTH_PIECES,
        name_of=str,
    )


def _seconds_of(piece: FilmPiece) -> float:
    """Return how long a piece may take, however slow the machine and large the picture."""
    if piece.segment is None:
        return _SOUGHT_SECONDS * len(piece.frames)
    return _DECODED_SECONDS * (piece.segment.end - piece.segment.first)


def _path_of(item: LookAt) -> str:
    return str(item.path)


def _build_look(order: Order, seat: Seat) -> Callable[[Sequence[LookAt]], Sequence[Look]]:
    maker = PictureMaker(seat.folder, order.settings, order.store)
    is_here = listener_of(order.word) is not None

    def act(item: LookAt, _threads: int, stopped: Callable[[], bool]) -> Look:
        found = look(item, maker, stopped=stopped)
        return replace(found, fetched=None) if is_here else found

    return partial(_each, act, min(seat.threads, order.side_by_side), seat.threads)


def _build_take(order: Order, seat: Seat) -> Callable[[Sequence[FilmPiece]], Sequence[PieceTaken]]:
    maker, listener = PictureMaker(seat.folder, order.settings, order.store), listener_of(order.word)

    def act(piece: FilmPiece, threads: int, stopped: Callable[[], bool]) -> PieceTaken:
        return take_piece(piece, maker, listener=listener, threads=threads, stopped=stopped)

    return partial(_each, act, min(seat.threads, order.side_by_side), seat.threads)


def _each(
    act: Callable[[Item, int, Callable[[], bool]], Answer], most: int, threads: int, items: Sequence[Item]
) -> list[Answer]:
    """Return the answers to items, some side by side, among which the threads are divided."""
    side_by_side = max(1, min(most, len(items)))
    each = max(1, threads // side_by_side)
    ended = threading.Event()
    with ThreadPoolExecutor(side_by_side) as pool:
        try:
            return [future.result() for future in [pool.submit(act, item, each, ended.is_set) for item in items]]
        finally:  # on an interruption, what is under way ends soon
            ended.set()
            pool.shutdown(cancel_futures=True)
