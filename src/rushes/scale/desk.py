"""Desk: what a process of a cluster does with the work that it is sent, whatever sends it."""

from __future__ import annotations

import pickle
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rushes.scale.engine import Seat
from rushes.scale.full_disk import NoRoom, is_full, room_lacking
from rushes.scale.in_process import answers_of
from rushes.scale.luggage import Piece, stamp_of, unpack
from rushes.scale.own_folders import folder_of_user, own_folder, temporary_home
from rushes.scale.parts import Part, bucket_of, hand_on, sees
from rushes.scale.sent import packed_answers, sendable_error
from rushes.storage.object_folder import ObjectFolder


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to do, as it is sent.

    Attributes:
        build: `Work.build`.
        threads: that the work may keep busy.
        files: name -> where it is on the driver's machine, and its stamp there.
        fills: where the driver's folder is, with the name and the word of the file that tells it; None for none.
        store: the bucket that parts go through, "" for none.
        prefix: below which they wait there.
    """

    build: Callable[[Seat], Callable[[Sequence[Any]], Sequence[Any]]]
    threads: int
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    fills: tuple[str, str, str] | None = None
    store: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file or folder that is sent along: its name, its digest, and its pieces."""

    name: str
    digest: str
    pieces: Iterable[Piece]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a process cannot go on.

    Attributes:
        error: what was raised.
        trace: of it.
        no_room: where, if that is for a full disk.
        is_of_all: that is the folder which the work fills, and which the driver sees as well.
    """

    error: Exception
    trace: str
    no_room: NoRoom | None = None
    is_of_all: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a chunk: answers in its order, what was written meanwhile, and how long it took."""

    answers: Sequence[Any]
    parts: Sequence[Part]
    seconds: float


class Desk:
    """Does the work of one order, chunk by chunk; what it takes and gives is pickled."""

    def __init__(self, order: bytes) -> None:
        """Begin; `order` is a pickled Order."""
        self._order: Order = pickle.loads(order)
        self._bucket: ObjectFolder | None = None
        self._carries = False
        self._folder: Path | None = None
        self._is_shared, self._handle = False, -1
        self._chore: Callable[[Sequence[Any]], Sequence[Any]] = list

    def unseen(self) -> list[str]:
        """Return the names of the files that are not on this machine as they are on the driver's."""
        return [name for name, (path, stamp) in self._order.files.items() if stamp_of(Path(path)) != stamp]

    def sit(self, luggage: Mapping[str, Packed]) -> bytes:
        """Build the chore; return b"", or a pickled Wrong."""
        try:
            files = {name: Path(path) for name, (path, _) in self._order.files.items()}
            for name, packed in luggage.items():
                files[name] = unpack(
                    packed.pieces, name=packed.name, digest=packed.digest, kept=folder_of_user("luggage")
                )
            fills = self._order.fills
            if fills is not None and sees(Path(fills[0]), fills[1], fills[2]):
                self._folder, self._is_shared = Path(fills[0]), True
            else:
                self._folder, self._handle = own_folder("parts")
                self._carries = fills is not None
                self._bucket = bucket_of(self._order.store) if self._carries else None
            self._chore = self._order.build(Seat(self._order.threads, files, self._folder))
        except Exception as error:
            return self._packed_wrong(error)
        return b""

    def do(self, chunk: bytes) -> bytes:
        """Return a pickled Reply to a pickled chunk of items, or a pickled Wrong."""
        began = time.perf_counter()
        try:
            answers = answers_of(self._minding_the_disk, pickle.loads(chunk))
            carried = self._folder if self._carries else None
            parts = [] if carried is None else hand_on(carried, self._bucket, self._order.prefix)
        except _DiskFull as full:
            return self._packed_wrong(full.error)
        except Exception as error:
            return self._packed_wrong(error)
        seconds = time.perf_counter() - began
        return packed_answers(lambda sent: pickle.dumps(Reply(sent, parts, seconds), pickle.HIGHEST_PROTOCOL), answers)

    def _minding_the_disk(self, items: Sequence[Any]) -> Sequence[Any]:
        try:
            return self._chore(items)
        except Exception as error:
            if is_full(error):
                raise _DiskFull(error) from error
            raise

    def _packed_wrong(self, error: Exception) -> bytes:
        """Return a pickled Wrong; what was begun on a full disk is removed, for it is begun anew elsewhere."""
        if not is_full(error):
            return pickle.dumps(Wrong(*sendable_error(error)))
        folders = [] if self._folder is None else [self._folder]
        with suppress(OSError):
            folders.append(temporary_home())
        if self._folder is not None and not self._is_shared:
            _empty(self._folder)
        found = room_lacking(error, folders or [Path.cwd()])
        return pickle.dumps(Wrong(*sendable_error(error), found, self._is_shared and found.folder == self._folder))


class _DiskFull(BaseException):
    """No exception of one item: the machine's disk is full, whatever the item."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _empty(folder: Path) -> None:
    with suppress(OSError):
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
