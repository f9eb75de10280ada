"""What a bundle answered before, kept under the state of the files, so that a job that was stopped goes on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from rushes.bundles.bundle import Bundle
from rushes.footage.kinds import kind_of
from rushes.inference.predict import Outline
from rushes.inference.prediction import FramePrediction, PicturePrediction, Scores, find_above
from rushes.inference.prediction import Place as FilmPlace
from rushes.storage.files import digest_of_bytes, is_temporary
from rushes.storage.kept_pixels import make_room
from rushes.storage.kept_records import KeptRecords
from rushes.storage.places import Place
from rushes.storage.reading import held, local_state

_FOLDER = "predicted"  # of a project's cache
VERSION = "predicted-2"  # another number where a picture is seen in another way
_FLUSH_SECONDS = 10.0  # that an answer waits at the most: what a kill costs, besides what was under way,
_FLUSH_AFTER = 32  # or so many batches and pieces

FileState = tuple[int, int | str]  # size, and the time of the last change or what a store vouches for


class KeptAnswers:
    """Answers of one bundle by one runtime, in a folder; what cannot be kept is answered anew another time."""

    def __init__(self, folder: Path, bundle: Bundle, *, runtime: str, seconds: float = _FLUSH_SECONDS) -> None:
        """Open what is kept.

        Args:
            folder: made on the first answer that is kept.
            seconds: that an answer waits to be written with others, also where none comes after it.
        """
        self.folder = folder
        self._bundle = bundle
        self._asked = [VERSION, bundle.id, runtime]
        self._records = KeptRecords(folder)
        self._seconds = seconds
        self._flushed = time.monotonic()
        self._waiting = 0
        self._clock: threading.Timer | None = None  # that writes what waits while the next answer takes long

    def __len__(self) -> int:
        return len(self._records)

    def key(self, file: Place, state: FileState | None, *, of: object = None) -> str:
        """Return what the answer for a file is kept under; "" where it may change unnoticed.

        Args:
            of: what of the file was looked at, as JSON takes it; None for all.
        """
        if state is None:
            return ""
        named = str(file.resolve()) if isinstance(file, Path) else str(file)
        return digest_of_bytes(json.dumps([self._asked, named, state, of]).encode())

    def picture(self, key: str, file: Place) -> PicturePrediction | None:
        """Return the answer for a still that is kept under a key; None where there is none."""
        row = self._get(key)
        if row is None:
            return None
        scores = self._named(row)
        return PicturePrediction(str(file), kind_of(file) or "photo", scores, self._above(scores))

    def keep_pictures(self, answers: Mapping[str, PicturePrediction]) -> None:
        """Keep the answers for the stills of a batch, by their keys."""
        for key, one in answers.items():
            self._put(key, list(one.scores.values()))
        self._count()

    def frames(self, key: str) -> list[FramePrediction] | None:
        """Return the answers for frames of a film that are kept under a key; None where there are none."""
        rows = self._get(key)
        if rows is None:
            return None
        frames = []
        for ordinal, seconds, timecode, row in rows:
            scores = self._named(row)
            frames.append(FramePrediction(ordinal, Fraction(seconds), timecode, scores, self._above(scores)))
        return frames

    def keep_frames(self, key: str, frames: Sequence[FramePrediction]) -> None:
        """Keep the answers for frames of a film."""
        self._put(key, [[one.ordinal, str(one.seconds), one.timecode, list(one.scores.values())] for one in frames])
        self._count()

    def outline(self, key: str) -> Outline | None:
        """Return the outline of a film that is kept under a key, of a film without shots; None where there is none."""
        table = self._get(key)
        if table is None:
            return None
        ordinal, seconds, timecode = table["end"]
        return Outline(
            table["sampled"],
            FilmPlace(ordinal, Fraction(seconds), timecode),
            Fraction(table["duration_seconds"]),
            tuple(table["warnings"]),
        )

    def keep_outline(self, key: str, outline: Outline) -> None:
        """Keep the outline of a film."""
        end = outline.end
        self._put(
            key,
            {
                "sampled": outline.sampled,
                "end": [end.ordinal, str(end.seconds), end.timecode],
                "duration_seconds": str(outline.duration_seconds),
                "warnings": list(outline.warnings),
            },
        )

    def flush(self) -> None:
        """Write what waits."""
        self._stop_clock()
        self._records.flush()
        self._flushed, self._waiting = time.monotonic(), 0

    def remove(self) -> None:
        """Remove what is kept, and the folder where nothing else is in it."""
        self.flush()  # so that nothing comes after
        with suppress(OSError):
            for path in self.folder.iterdir():
                if path.match("part-*") or is_temporary(path.name):
                    path.unlink()
            self.folder.rmdir()

    def _named(self, row: Sequence[float]) -> Scores:
        return dict(zip(self._bundle.classes, row, strict=True))

    def _above(self, scores: Scores) -> tuple[str, ...] | None:
        return find_above(scores, self._bundle.thresholds)

    def _get(self, key: str) -> Any:
        data = self._records.get(key) if key else None
        return None if data is None else json.loads(data)

    def _put(self, key: str, rows: Any) -> None:
        if key:
            self._records.put(key, json.dumps(rows).encode())

    def _count(self) -> None:
        self._waiting += 1
        if self._waiting >= _FLUSH_AFTER or time.monotonic() - self._flushed > self._seconds:
            self.flush()
        elif self._clock is None:
            self._clock = threading.Timer(self._seconds, self._flush_late)
            self._clock.daemon = True
            self._clock.start()

    def _flush_late(self) -> None:
        self._clock = None  # first, so that what is put meanwhile starts another
        self._records.flush()

    def _stop_clock(self) -> None:
        clock, self._clock = self._clock, None
        if clock is not None:
            clock.cancel()


def folder_in_cache(cache_folder: Path, bundle: Bundle, *, runtime: str) -> Path:
    """Return where a project keeps the answers of a bundle; those of others give way where there are too many.

    Raises:
        UsageError: the variable that limits what is kept says no number.
    """
    name = digest_of_bytes(json.dumps([VERSION, bundle.id, runtime]).encode())[:16]
    make_room(cache_folder / _FOLDER, keep=name)
    return cache_folder / _FOLDER / name


def state_of(file: Place, *, reads: bool = False) -> FileState | None:
    """Return the state of a file, by which it is told whether it changed; None where that cannot be told.

    Args:
        reads: whether a remote file is read next, which tells its state as well; otherwise one byte of it is asked for.

    Raises:
        MediaError: a store does not answer.
    """
    if isinstance(file, Path):
        return local_state(file)
    with held(file) as found:
        assert found is not None  # of a remote place
        state = found.state if reads else found.look()
        return (state.size_bytes, state.stamp) if state.stamp else None
