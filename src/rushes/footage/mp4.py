"""The times of a film's samples, as the header of an MP4 or MOV states them (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

_SAMPLES_AT_MOST = 10_000_000  # 46 hours at 60 per second
_BOXES_AT_MOST = 2_000  # in one box, or side by side in a file
_TICKS_AT_MOST = 2**31 - 1  # of one duration; beyond it, a negative number was meant
_SEEK_POINTS_ELSEWHERE = {b"rap ", b"sync"}  # groups of samples that FFmpeg takes for keyframes as well

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SampleTimes:
    """The samples of a track that are shown, in the order in which they are stored.

    Attributes:
        pts, dts: (shown,), int64, presentation and decoding times in ticks, moved by the edit list as FFmpeg does.
        keys: (shown,), True where decoding can start.
        durations: (shown,), int64, in ticks.
        places: (shown,), int64, where each sample stands among the `entry_count` samples that FFmpeg demuxes.
        entry_count: how many samples are demuxed, those before and after the edit included.
        begins_with_key: decoding can start at the first of those that are demuxed.
        ticks_per_second: of all times.
    """

    pts: _Ints
    dts: _Ints
    keys: npt.NDArray[np.bool_]
    durations: _Ints
    places: _Ints
    entry_count: int
    begins_with_key: bool
    ticks_per_second: int


@dataclass(frozen=True, slots=True)
class _Box:
    name: bytes
    start: int  # of what it holds
    stop: int


class _Unsure(Exception):
    """The header says something that FFmpeg may understand in another way."""


def read_sample_times(file: BinaryIO, track: int) -> SampleTimes | None:
    """Return the times of a track's samples; None where the header leaves a doubt about what FFmpeg would make of it.

    In doubt are fragmented files, several edits, several sample descriptions, tables that are missing, stand twice
    or disagree, samples that are empty or lie past the end of the file, and marks of keyframes outside `stss`.
    Nothing but headers is read, and no more memory is taken than the file's own tables and length account for.

    Args:
        file: can be sought.
        track: the track's ID, which FFmpeg calls the stream's.
    """
    try:
        length = file.seek(0, 2)
        movie = _one(_outermost(file, length), b"moov")
        inside = _boxes(file, movie)
        if any(box.name in (b"mvex", b"cmov") for box in inside):
            return None
        found = [box for box in inside if box.name == b"trak" and _track_id(file, box) == track]
        if len(found) != 1:
            return None
        return _times_of_track(file, found[0], length, _ticks_of(file, _one(inside, b"mvhd")))
    except (_Unsure, struct.error):
        return None


def _times_of_track(file: BinaryIO, trak: _Box, length: int, movie_ticks: int) -> SampleTimes | None:
    parts = _boxes(file, trak)
    media = _boxes(file, _one(parts, b"mdia"))
    ticks = _ticks_of(file, _one(media, b"mdhd"))
    tables = _boxes(file, _one(_boxes(file, _one(media, b"minf")), b"stbl"))
    if _number(_read(file, _one(tables, b"stsd"), 8), 4) != 1:
        return None
    if any(_grouping(file, box) for box in tables if box.name in (b"sbgp", b"sgpd")):
        return None
    count = _count_stored_samples(file, tables, length)
    durations = _durations(file, _one(tables, b"stts"), count)
    raw = np.cumsum(durations) - durations
    offsets, earliest = _offsets(file, _maybe(tables, b"ctts"), count)
    shown = raw if offsets is None else raw + offsets
    keys = _keys(file, _maybe(tables, b"stss"), count)
    partial = _maybe(tables, b"stps")  # QuickTime's open groups of pictures
    if partial:
        keys |= _keys(file, partial, count)
    edit = _edit(file, _maybe(parts, b"edts"), ticks, movie_ticks)
    if edit is None:
        places, shift, stop = np.arange(count), 0, count
        start = 0
    else:
        start, stop = _demuxed(shown, durations, keys, edit, composed=offsets is not None)
        within = (shown[start:stop] >= edit.media_time) & (shown[start:stop] < edit.media_time + edit.duration)
        places = start + np.flatnonzero(within)
        if not places.size:
            return None
        # The first sample of the edit begins where the edit does; should none be shown then, all are moved forward.
        first = int(shown[places].min())
        if first < raw[places[0]]:
            return None
        shift = first - edit.empty
    moved = raw[places] - shift
    return SampleTimes(
        pts=shown[places] - shift,
        dts=moved + min(earliest, 0),
        keys=keys[places],
        durations=durations[places],
        places=places - start,
        entry_count=stop - start,
        begins_with_key=bool(keys[start]),
        ticks_per_second=ticks,
    )


@dataclass(frozen=True, slots=True)
class _Edit:
    """The one part of the media that is shown, in ticks of the track."""

    empty: int  # nothing is shown for so long before it
    media_time: int
    duration: int


def _edit(file: BinaryIO, edts: _Box | None, ticks: int, movie_ticks: int) -> _Edit | None:
    """Return the edit; None where the track has none, so that all of it is shown."""
    box = _maybe(_boxes(file, edts), b"elst") if edts else None
    if box is None:
        return None
    head = _read(file, box, 8)
    count, wide = _number(head, 4), head[0] == 1
    if count == 0:
        return None
    if count > 2 or head[0] > 1:
        raise _Unsure
    form = struct.Struct(">qqi" if wide else ">iii")
    entries = list(form.iter_unpack(_read(file, box, form.size * count, skip=8)))
    if any(rate != 0x10000 or duration < 0 for duration, _, rate in entries):
        raise _Unsure
    empty = 0
    if entries[0][1] == -1:
        empty = _rescale(entries.pop(0)[0], ticks, movie_ticks)
    if len(entries) != 1 or entries[0][1] < 0:
        raise _Unsure
    duration = _rescale(entries[0][0], ticks, movie_ticks)
    if duration == 0 or max(duration, entries[0][1], empty) >= 2**48:
        raise _Unsure
    return _Edit(empty, entries[0][1], duration)


def _demuxed(
    shown: _Ints, durations: _Ints, keys: npt.NDArray[np.bool_], edit: _Edit, *, composed: bool
) -> tuple[int, int]:
    """Return which samples are demuxed for an edit: from the keyframe before it to the one after it.

    After its end comes one keyframe, or two where samples are shown in another order than they are stored in.
    """
    before = np.flatnonzero(keys & (shown <= edit.media_time))
    if not before.size:
        raise _Unsure
    start = int(before[-1])
    past = start + np.flatnonzero((keys & (shown + durations >= edit.media_time + edit.duration))[start:])
    which = 1 if composed else 0
    return start, int(past[which]) + 1 if past.size > which else len(shown)


def _count_stored_samples(file: BinaryIO, tables: list[_Box], length: int) -> int:
    """Return how many samples the track has, each of which holds something and lies inside the file."""
    box = _one(tables, b"stsz")
    head = _read(file, box, 12)
    size, count = _number(head, 4), _number(head, 8)
    if not 0 < count <= min(_SAMPLES_AT_MOST, length):
        raise _Unsure
    sizes = np.full(count, size, np.int64) if size else _table(file, box, count, ">u4", skip=12)
    if sizes.min() < 1:
        raise _Unsure
    wide = _maybe(tables, b"co64")
    box = wide or _one(tables, b"stco")
    if wide and _maybe(tables, b"stco"):
        raise _Unsure
    chunk_count = _number(_read(file, box, 8), 4)
    if not 0 < chunk_count <= count:
        raise _Unsure
    offsets = _table(file, box, chunk_count, ">u8" if wide else ">u4", skip=8)
    per_chunk = _samples_per_chunk(file, _one(tables, b"stsc"), chunk_count)
    if per_chunk.sum() != count:
        raise _Unsure
    ends = np.cumsum(sizes)[np.cumsum(per_chunk) - 1]
    if np.any(offsets < 0) or np.any(offsets + np.diff(ends, prepend=0) > length):
        raise _Unsure
    return count


def _samples_per_chunk(file: BinaryIO, box: _Box, chunk_count: int) -> _Ints:
    count = _number(_read(file, box, 8), 4)
    if not 0 < count <= chunk_count:
        raise _Unsure
    table = _table(file, box, count * 3, ">u4", skip=8).reshape(count, 3)
    first, per_chunk, description = table[:, 0], table[:, 1], table[:, 2]
    rising = first[0] == 1 and np.all(np.diff(first) > 0) and first[-1] <= chunk_count
    if not rising or np.any(description != 1) or per_chunk.min() < 1 or per_chunk.max() > _SAMPLES_AT_MOST:
        raise _Unsure
    return np.repeat(per_chunk, np.diff(first, append=chunk_count + 1))


def _durations(file: BinaryIO, box: _Box, count: int) -> _Ints:
    runs = _runs(file, box, count)
    if runs[:, 1].max() > _TICKS_AT_MOST:
        raise _Unsure
    return np.repeat(runs[:, 1], runs[:, 0])


def _offsets(file: BinaryIO, box: _Box | None, count: int) -> tuple[_Ints | None, int]:
    """Return each sample's presentation time less its decoding time, and the earliest of them that FFmpeg heeds.

    They are read as signed in either version, as FFmpeg does.
    """
    if box is None:
        return None, 0
    runs = _runs(file, box, count)
    steps = runs[:, 1].astype(np.uint32).view(np.int32).astype(np.int64)
    if np.abs(steps).max() >= 2**28:
        raise _Unsure
    return np.repeat(steps, runs[:, 0]), int(steps[:-2].min()) if len(steps) > 2 else 0


def _runs(file: BinaryIO, box: _Box, count: int) -> _Ints:
    """Return (runs, 2): how many samples, and a number that holds for each of them."""
    run_count = _number(_read(file, box, 8), 4)
    if not 0 < run_count <= count:
        raise _Unsure
    runs = _table(file, box, run_count * 2, ">u4", skip=8).reshape(run_count, 2)
    if runs[:, 0].min() < 1 or runs[:, 0].sum() != count:
        raise _Unsure
    return runs


def _keys(file: BinaryIO, box: _Box | None, count: int) -> npt.NDArray[np.bool_]:
    """Return (count,), True for keyframes; without a table, all are."""
    if box is None:
        return np.ones(count, np.bool_)
    key_count = _number(_read(file, box, 8), 4)
    if not 0 < key_count <= count:
        raise _Unsure
    numbers = _table(file, box, key_count, ">u4", skip=8)
    if numbers[0] < 1 or numbers[-1] > count or np.any(np.diff(numbers) < 1):
        raise _Unsure
    keys = np.zeros(count, np.bool_)
    keys[numbers - 1] = True
    return keys


def _grouping(file: BinaryIO, box: _Box) -> bool:
    """Return whether a box groups samples in a way that makes keyframes of them."""
    return _read(file, box, 8)[4:] in _SEEK_POINTS_ELSEWHERE


def _track_id(file: BinaryIO, trak: _Box) -> int:
    box = _one(_boxes(file, trak), b"tkhd")
    return _number(_read(file, box, 24), 20 if _read(file, box, 1) == b"\1" else 12)


def _ticks_of(file: BinaryIO, box: _Box) -> int:
    """Return the time scale of a movie or media header."""
    ticks = _number(_read(file, box, 24), 20 if _read(file, box, 1) == b"\1" else 12)
    if not 0 < ticks <= _TICKS_AT_MOST:
        raise _Unsure
    return ticks


def _outermost(file: BinaryIO, length: int) -> list[_Box]:
    """Return the boxes of a file up to where they end, or run past its end as those of a cut-off file do."""
    found: list[_Box] = []
    for box in _walk(file, 0, length):
        if box.name == b"moof":
            raise _Unsure
        found.append(box)
        if box.stop > length:
            break
    return found


def _boxes(file: BinaryIO, parent: _Box) -> list[_Box]:
    found = list(_walk(file, parent.start, parent.stop))
    if any(box.stop > parent.stop for box in found):
        raise _Unsure
    return found


def _walk(file: BinaryIO, start: int, stop: int) -> Iterator[_Box]:
    for _ in range(_BOXES_AT_MOST):
        if start + 8 > stop:
            return
        file.seek(start)
        head = file.read(16)
        size, name = struct.unpack_from(">I4s", head)
        body = start + 8
        if size == 1:
            size, body = struct.unpack_from(">Q", head, 8)[0], start + 16
        elif size == 0:
            size = stop - start
        if start + size < body:
            raise _Unsure
        yield _Box(name, body, start + size)
        start += size
    raise _Unsure


def _maybe(boxes: list[_Box], name: bytes) -> _Box | None:
    found = [box for box in boxes if box.name == name]
    if len(found) > 1:
        raise _Unsure
    return found[0] if found else None


def _one(boxes: list[_Box], name: bytes) -> _Box:
    box = _maybe(boxes, name)
    if box is None:
        raise _Unsure
    return box


def _read(file: BinaryIO, box: _Box, count: int, *, skip: int = 0) -> bytes:
    if box.start + skip + count > box.stop:
        raise _Unsure
    file.seek(box.start + skip)
    data = file.read(count)
    if len(data) != count:
        raise _Unsure
    return data


def _table(file: BinaryIO, box: _Box, count: int, form: str, *, skip: int) -> _Ints:
    kind = np.dtype(form)
    return np.frombuffer(_read(file, box, count * kind.itemsize, skip=skip), kind).astype(np.int64)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _rescale(value: int, ticks: int, movie_ticks: int) -> int:
    """Return a time of the movie in ticks of the track, to the nearest, half away from zero as FFmpeg rounds."""
    return (value * ticks + movie_ticks // 2) // movie_ticks
