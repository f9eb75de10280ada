"""Labelled shots as samples: each film decoded once, what was read of a shot kept."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.cores import count_cores
from rushes.datasets.letterbox import find_letterbox
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.datasets.shot_frames import is_black, plan_by_scan, plan_even, rows_of
from rushes.datasets.shot_record import PackedFrames, name_of_reading, pack_frames, pack_sample, unpack_sample
from rushes.datasets.shot_sample import ShotReading, ShotSample, UnusableShot
from rushes.errors import MediaError, UnreachableError, UsageError
from rushes.footage.cuts import find_cuts, is_blank
from rushes.footage.found_shots import keep_scan, read_kept_scan
from rushes.footage.movement import motion_series
from rushes.footage.scan import scan_film
from rushes.footage.shot import Shot
from rushes.footage.signals import Signals
from rushes.footage.sources import read_source
from rushes.footage.subject import Faces, subject_maps
from rushes.footage.video import DecodedFrame, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.labels.shot_manifest import ShotRow
from rushes.progress import Progress, silent
from rushes.storage.kept_pixels import make_room
from rushes.storage.kept_records import KeptRecords
from rushes.storage.places import Place, parse_place
from rushes.storage.reading import held, local_state

_FILMS_AHEAD = 2  # films that are read before one of their shots is asked for, for each thread
_ROWS_AHEAD = 4  # samples that are unpacked before they are taken, for each thread
_WELL_INSIDE_SECONDS = 0.25  # from the ends of a shot: lists of shots are a few frames off here and there
_HELD_TIMES = 3  # the sides of the prepared picture: how large frames are held until a shot's bars are known
_CLIP_SHARE = 0.9  # of a file's frames: a file of which one shot takes as many is a clip, whose scan is not kept

Pixels = npt.NDArray[np.uint8]
Result = ShotSample | UnusableShot
Stretch = ShotRow | Shot  # what is read of a film, `[start, stop)`
Found = Future[dict[str, bytes | UnusableShot]]  # by key; what is kept is not in it


def read_shot_samples(
    rows: Sequence[ShotRow],
    reading: ShotReading,
    *,
    project_root: Path,
    scans_folder: Path | None,
    cache_folder: Path,
    threads: int = 0,
    progress: Progress = silent,
) -> Iterator[tuple[ShotRow, Result]]:
    """Yield what is read of each shot, in the order of rows; a shot that cannot be read says why, and ends nothing.

    What was read before is kept and decodes nothing. Of the rest each film is decoded once for all its shots: films of
    which no scan is kept are scanned in the same pass, which is kept unless the film is a clip of one shot. Films are
    read side by side, a few ahead of what is taken. The same rows give the same samples, kept or not.

    Args:
        rows: a film's rows should stand near each other: samples of later ones wait in the cache, or where it is full
            in memory, until their turn comes.
        scans_folder: of kept scans, each named after its film's digest; None keeps none.
        cache_folder: of the project; samples are kept below it, in `shots`.
        threads: how many work on it; 0 takes one per core.
        progress: told of shots.

    Raises:
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
        UsageError: the environment says what cannot be followed.
        WeightsError: the file of the face detector is missing or none.
    """
    name = name_of_reading(reading)
    make_room(cache_folder / "shots", keep=name)
    kept = KeptRecords(cache_folder / "shots" / name)
    faces = Faces(Path(reading.faces[0])) if reading.subject and reading.faces else None
    count = threads or count_cores()
    films = _films_of(rows, kept)
    work = _Work(reading, faces, kept, project_root, scans_folder, max(1, count // max(1, len(films))))
    try:
        for done, (row, result) in enumerate(_in_turn(rows, films, work, count), start=1):
            yield row, result
            progress(done, len(rows), row.name or row.video)
    finally:
        kept.flush()


def read_found_shots(
    place: Place,
    index: VideoIndex,
    signals: Signals,
    shots: Sequence[Shot],
    reading: ShotReading,
    *,
    faces: Faces | None = None,
    threads: int = 0,
    progress: Progress = silent,
) -> Iterator[Result]:
    """Yield what is read of each shot of a film that was scanned, as `read_shot_samples` reads it; nothing is kept.

    Args:
        index: of this very film; `signals` of all of it.
        faces: the detector that the reading names.
        threads: for decoding; 0 takes one per core.
        progress: told of frames.

    Raises:
        MediaError: the film cannot be opened.
    """
    gathered = [_Gathered(_plan(shot, signals, reading), reading, faces) for shot in shots]
    wanted = _by_ordinal(gathered)
    cuts = [cut.ordinal for cut in find_cuts(signals)]
    waiting = deque(zip(shots, gathered, strict=True))

    def done_by(ordinal: int) -> Iterator[Result]:
        while waiting and (not waiting[0][1].planned or waiting[0][1].planned[-1] <= ordinal):
            shot, one = waiting.popleft()
            record = _as_record(shot, one, signals, cuts)
            yield record if isinstance(record, UnusableShot) else unpack_sample(record)

    decoded = decode_frames(place, index, sorted(wanted), threads=threads, deinterlace=True)
    for done, frame in enumerate(decoded, start=1):
        if isinstance(frame, DecodedFrame):
            _hand_out(frame, wanted)
        progress(done, len(wanted), "frames of shots")
        yield from done_by(frame.ordinal)
    yield from done_by(index.frame_count)


def cuts_inside(row: Stretch, cuts: Iterable[int], rate: Fraction) -> tuple[int, ...]:
    """Return the cuts, as ordinals, that lie well inside a shot; where any do, the list of shots may be wrong."""
    margin = max(1, round(_WELL_INSIDE_SECONDS * float(rate)))
    return tuple(cut for cut in cuts if row.start + margin <= cut <= row.stop - margin)


def key_of(row: ShotRow) -> str:
    """Return what a shot's sample is kept under: the film by its content, and the frames."""
    return f"{row.source}:{row.start}-{row.stop}"


def place_of_video(row: ShotRow, project_root: Path) -> Place:
    """Return where a shot's film is.

    Raises:
        UsageError: it has the form of an address, and is none that rushes reads.
    """
    place = parse_place(row.video)
    return project_root / place if isinstance(place, Path) else place


def _films_of(rows: Sequence[ShotRow], kept: KeptRecords) -> dict[str, list[ShotRow]]:
    """Return the shots that are not kept, by film, in order; a shot that stands there twice once."""
    films: dict[str, dict[str, ShotRow]] = {}
    for row in rows:
        if key_of(row) not in kept:
            films.setdefault(_film_of(row), {}).setdefault(key_of(row), row)
    return {film: list(shots.values()) for film, shots in films.items()}


def _film_of(row: ShotRow) -> str:
    return f"{row.source} {row.video}"


@dataclass(frozen=True, slots=True)
class _Work:
    """How films are read: what is the same for all of them."""

    reading: ShotReading
    faces: Faces | None
    kept: KeptRecords
    project_root: Path
    scans_folder: Path | None
    threads: int

    def read(self, rows: Sequence[ShotRow]) -> dict[str, bytes | UnusableShot]:
        """Read shots of one film, and return by key what could not be kept: samples as bytes, and what is unusable."""
        try:
            results = _read_film(rows, self)
        except UnreachableError:
            raise
        except (MediaError, UsageError) as error:
            reason = error.reason if isinstance(error, MediaError) else str(error)
            return {key_of(row): UnusableShot(reason) for row in rows}
        return {key: one for key, one in results.items()
                if isinstance(one, UnusableShot) or not self.kept.put(key, one)}  # fmt: skip


def _in_turn(
    rows: Sequence[ShotRow], films: Mapping[str, list[ShotRow]], work: _Work, threads: int
) -> Iterator[tuple[ShotRow, Result]]:
    """Yield what was read of each row; films are read in one pool, a few ahead, and samples unpacked in another."""
    begun: dict[str, Found] = {}
    needed: set[str] = set()
    left = Counter(_film_of(row) for row in rows)
    coming, films_to_come = iter(rows), iter(films)
    ahead: deque[tuple[ShotRow, Future[Result]]] = deque()
    with ThreadPoolExecutor(max_workers=threads) as readers, ThreadPoolExecutor(max_workers=threads) as unpackers:

        def begin(film: str) -> None:
            if film not in begun and film not in needed:
                begun[film] = readers.submit(work.read, films[film])

        def go_on() -> None:
            for row in islice(coming, max(0, _ROWS_AHEAD * threads - len(ahead))):
                film = _film_of(row)
                if film in films:
                    begin(film)
                needed.add(film)
                ahead.append((row, unpackers.submit(_sample_of, row, begun.get(film), work)))
            while len(begun.keys() - needed) < _FILMS_AHEAD * threads and (following := next(films_to_come, "")):
                begin(following)

        try:
            go_on()
            while ahead:
                row, future = ahead.popleft()
                result = future.result()
                left[_film_of(row)] -= 1
                if not left[_film_of(row)]:
                    begun.pop(_film_of(row), None)
                go_on()
                yield row, result
        finally:
            for pool in (readers, unpackers):
                pool.shutdown(wait=False, cancel_futures=True)


def _sample_of(row: ShotRow, film: Found | None, work: _Work) -> Result:
    """Return a shot's sample once its film is read; one that was kept and is spoilt is read again."""
    key = key_of(row)
    found = film.result().get(key) if film is not None else None
    data = found if found is not None else work.kept.get(key)
    if data is None:
        data = work.read([row]).get(key) or work.kept.get(key)
    assert data is not None, "what could not be kept is returned"
    return data if isinstance(data, UnusableShot) else unpack_sample(data)


def _read_film(rows: Sequence[ShotRow], work: _Work) -> dict[str, bytes | UnusableShot]:
    """Return what is read of shots of one film, by key.

    Raises:
        MediaError: the film is missing, cannot be read, or is not the one that the shots were labelled in.
        UsageError: its place has a form that is not read.
    """
    place = place_of_video(rows[0], work.project_root)
    before = local_state(place)
    with held(place):
        source, index = read_source(place, group=rows[0].group)
        if index is None:
            raise MediaError(place, "is a photograph; shots are stretches of films. Give a video file")
        if not source.digest.startswith(rows[0].source):
            raise MediaError(place, "is not the file in which the shots were labelled (its digest differs). Put that "
                                    "one back, or train again, which reads the sheet of shots anew")  # fmt: skip
        beyond = {key_of(row): _beyond(row, index) for row in rows if row.stop > index.frame_count}
        inside = [row for row in rows if row.stop <= index.frame_count]
        read = _read_shots(place, index, source.digest, inside, work) if inside else {}
        if local_state(place) != before:
            raise MediaError(place, "changed while it was read. Run this again when nothing writes to it any more")
    return {**beyond, **read}


def _beyond(row: ShotRow, index: VideoIndex) -> UnusableShot:
    return UnusableShot(f"the shot is of frames {row.start} to {row.stop - 1}, but the file ends with frame "
                        f"{index.frame_count - 1}")  # fmt: skip


def _read_shots(
    place: Place, index: VideoIndex, digest: str, rows: Sequence[ShotRow], work: _Work
) -> dict[str, bytes | UnusableShot]:
    """Return what is read of shots that lie within a film: one decode, or two where the scan has to choose first."""
    reading = work.reading
    signals = None if work.scans_folder is None else read_kept_scan(work.scans_folder, digest, index)
    gathered: list[_Gathered] = []
    if signals is None:
        if reading.choice == "even":
            gathered = [_Gathered(plan_even(row.start, row.stop, reading.frames), reading, work.faces) for row in rows]
        wanted = _by_ordinal(gathered)
        scan = scan_film(
            place, index, source=digest, wanted=wanted, keep=lambda frame: _hand_out(frame, wanted),
            threads=work.threads, deinterlace=True,
        )  # fmt: skip
        signals = scan.signals
        if work.scans_folder is not None and not _is_clip(rows, index):
            keep_scan(work.scans_folder, scan)
    if not gathered:
        gathered = [_Gathered(_plan(row, signals, reading), reading, work.faces) for row in rows]
        wanted = _by_ordinal(gathered)
        for frame in decode_frames(place, index, sorted(wanted), threads=work.threads, deinterlace=True):
            if isinstance(frame, DecodedFrame):
                _hand_out(frame, wanted)
    cuts = [cut.ordinal for cut in find_cuts(signals)]
    return {key_of(row): _as_record(row, one, signals, cuts) for row, one in zip(rows, gathered, strict=True)}


def _is_clip(rows: Sequence[ShotRow], index: VideoIndex) -> bool:
    return len(rows) == 1 and rows[0].frame_count >= _CLIP_SHARE * index.frame_count


def _plan(row: Stretch, signals: Signals, reading: ShotReading) -> tuple[int, ...]:
    if reading.choice == "even":
        return plan_even(row.start, row.stop, reading.frames)
    return plan_by_scan(signals, row.start, row.stop, reading.frames)


class _Gathered:
    """The frames of one shot as they come from a decoder, in any order and from several threads.

    Once all have come they are packed small: the shots of a film wait for the end of its scan.
    """

    def __init__(self, planned: Sequence[int], reading: ShotReading, faces: Faces | None) -> None:
        self.planned = tuple(planned)
        self._reading, self._faces = reading, faces
        self._lock = threading.Lock()
        self._frames: dict[int, Pixels] = {}
        self._packed: PackedFrames | None = None

    def take(self, ordinal: int, pixels: Pixels) -> None:
        """Take one of the planned frames."""
        shown = self._reading.preprocessing
        frame = prepare(pixels, shown) if shown.letterbox == "keep" else _shrunk(pixels, shown)
        with self._lock:
            self._frames[ordinal] = frame
            if len(self._frames) == len(self.planned):
                self._packed = self._pack()

    def packed(self) -> PackedFrames | None:
        """Return the frames that came; None where none did."""
        with self._lock:
            return self._packed or (self._pack() if self._frames else None)

    def _pack(self) -> PackedFrames:
        ordinals, frames = zip(*sorted(self._frames.items()), strict=True)
        self._frames = {}
        if self._reading.preprocessing.letterbox == "remove":
            frames = tuple(_without_bars(frames, self._reading.preprocessing))
        maps = subject_maps(frames, faces=self._faces) if self._reading.subject else None
        return pack_frames(np.array(ordinals, np.int64), frames, maps)


def _by_ordinal(gathered: Sequence[_Gathered]) -> dict[int, list[_Gathered]]:
    """Return for each planned frame the shots that plan it: those of a sheet may overlap."""
    wanted: dict[int, list[_Gathered]] = {}
    for one in gathered:
        for ordinal in one.planned:
            wanted.setdefault(ordinal, []).append(one)
    return wanted


def _hand_out(frame: DecodedFrame, wanted: Mapping[int, Sequence[_Gathered]]) -> None:
    for one in wanted[frame.ordinal]:
        one.take(frame.ordinal, frame.pixels)


def _shrunk(pixels: Pixels, shown: Preprocessing) -> Pixels:
    """Return a frame no larger than it need be for its bars to be found and cut off."""
    import cv2

    height, width = pixels.shape[:2]
    scale = max(_HELD_TIMES * shown.width / width, _HELD_TIMES * shown.height / height)
    if scale >= 1:
        return pixels
    return np.asarray(
        cv2.resize(pixels, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA), np.uint8
    )


def _without_bars(frames: Sequence[Pixels], shown: Preprocessing) -> Iterator[Pixels]:
    """Yield the prepared frames of a shot without the bars that all of them have.

    Bars are looked for in the brightest that each pixel is over the shot: what is dark in one frame, as in a fade or at
    night, is no bar where it is lit in another.
    """
    brightest = frames[0]
    for frame in frames[1:]:
        brightest = np.maximum(brightest, frame)
    box = find_letterbox(brightest)
    for frame in frames:
        yield prepare(frame[box.top : box.bottom, box.left : box.right], replace(shown, letterbox="keep"))


def _as_record(row: Stretch, one: _Gathered, signals: Signals, cuts: Sequence[int]) -> bytes | UnusableShot:
    """Return a shot's sample as bytes; unusable where none of its frames could be decoded."""
    frames = one.packed()
    if frames is None:
        lost = len(one.planned) or row.frame_count
        return UnusableShot(f"all of its {lost} chosen frames are damaged. Copy the file again from where it came from")
    inside = cuts_inside(row, cuts, signals.rate)
    notes = _notes(rows_of(signals, row.start, row.stop), len(one.planned) - len(frames.ordinals), row)
    return pack_sample(frames, motion_series(signals, row.start, row.stop), cuts=inside, notes=notes)


def _notes(shot: Signals, lost: int, row: Stretch) -> tuple[str, ...]:
    """Return what a person should know of a shot."""
    notes = []
    if shot.frame_count and is_black(shot).all():
        notes.append("all of it is black")
    elif shot.frame_count and is_blank(shot).all():
        notes.append("all of it is one even colour")
    damaged = row.frame_count - shot.frame_count
    if damaged:
        chosen = f", {lost} of them chosen" if lost else ""
        notes.append(f"{damaged} of its {row.frame_count} frames are damaged{chosen}")
    return tuple(notes)
