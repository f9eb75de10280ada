"""Footage as predictions: photographs, raws, videos, and folders of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np

from rushes.datasets.measured_input import Prepared
from rushes.errors import MediaError
from rushes.footage.found_shots import find_shots
from rushes.footage.kinds import find_media, kind_of
from rushes.footage.pictures import read_picture
from rushes.footage.sampling import Every, PerShot, Sampling, plan_ordinals
from rushes.footage.shot import Shot
from rushes.footage.shots import plan_per_shot
from rushes.footage.source import MediaKind, Unreadable
from rushes.footage.video import DecodedFrame, decode_frames, index_video
from rushes.footage.video_index import VideoIndex
from rushes.inference.ahead import in_batches, read_batches
from rushes.inference.bounds import Bounds
from rushes.inference.prediction import (
    FramePrediction,
    PicturePrediction,
    Prediction,
    Segment,
    VideoPrediction,
    find_above,
    name_scores,
    plan_shot_timeline,
    plan_timeline,
    pool_scores,
)
from rushes.inference.prediction import Place as FilmPlace
from rushes.inference.predictor import BATCH_SIZE, Predictor
from rushes.progress import Progress, silent
from rushes.storage.places import Place
from rushes.storage.reading import Fetched, held, local_state, require_unchanged
from rushes.timecode import timecode_at

DEFAULT_SAMPLING = Every(Fraction(1))
_READERS = 2


NoteFetched = Callable[[Fetched], None]
NoteState = Callable[[Place, tuple[int, int] | None], None]


def forget(fetched: Fetched) -> None:
    """Take no note of what was fetched."""


def forget_state(path: Place, state: tuple[int, int] | None) -> None:
    """Take no note of the state of a file."""


def predict_path(
    predictor: Predictor,
    path: Place,
    *,
    sampling: Sampling = DEFAULT_SAMPLING,
    progress: Progress = silent,
    note_fetched: NoteFetched = forget,
) -> Iterator[Prediction]:
    """Give a prediction for a file, or for each photograph, raw and video below a folder, in natural order.

    What cannot be read is given as Unreadable in its place, and the rest goes on.

    Args:
        sampling: which frames of a video are looked at.
        progress: counts files; where there is one video only, its sampled frames.
        note_fetched: told what came over the network for each remote file, from several threads.
    """
    passed_over: list[Unreadable] = []
    try:
        files = find_media(path, passed_over=passed_over.append)
    except MediaError as error:
        yield Unreadable(error.path, error.reason)
        return
    yield from passed_over
    if not files:
        yield Unreadable(str(path), "holds no video, photograph or camera raw. Name a file or another folder")
        return
    yield from predict_files(predictor, files, sampling=sampling, progress=progress, note_fetched=note_fetched)


def predict_files(
    predictor: Predictor,
    files: Sequence[Place],
    *,
    sampling: Sampling = DEFAULT_SAMPLING,
    progress: Progress = silent,
    note_fetched: NoteFetched = forget,
) -> Iterator[Prediction]:
    """Give a prediction for each file, in their order; else as `predict_path`."""
    done = 0
    for way, run in groupby(files, key=way_of):
        shown = progress if len(files) == 1 else silent
        for prediction in _predict_alike(predictor, way, list(run), sampling, shown, note_fetched):
            done += 1
            if len(files) > 1 or way != "video":
                progress(done, len(files), Path(prediction.path).name)
            yield prediction


def predict_video(
    predictor: Predictor,
    path: Place,
    *,
    sampling: Sampling = DEFAULT_SAMPLING,
    bounds: Bounds | None = None,
    progress: Progress = silent,
) -> VideoPrediction | Unreadable:
    """Return the prediction for a video: its timeline, and the verdict by the mean of its sampled frames.

    Args:
        bounds: how much is looked at; what is beyond them is Unreadable, and says so. None looks at all.
        progress: counts sampled frames; before that, where frames of each shot are wanted, the frames of the scan.
    """
    before = local_state(path)
    try:
        index = index_video(path)
        if bounds is not None:
            bounds.check(path, index)
        ordinals, shots = _plan_sampled(path, index, sampling, progress=progress)
        if bounds is not None:
            bounds.check_sampled(path, ordinals)
        frames = predict_frames(predictor, path, index, ordinals, progress=progress)
        require_unchanged(path, before)
    except MediaError as error:
        return Unreadable(str(path), error.reason)
    return join_frames(path, predictor.classes, frames, outline_of(index, len(ordinals), shots=shots))


@dataclass(frozen=True, slots=True)
class Outline:
    """What of a film is told around the answers for its frames.

    Attributes:
        sampled: how many frames are looked at.
        end: where the film ends.
        shots: where each begins and ends, where they were found for it by a pass over the film.
    """

    sampled: int
    end: FilmPlace
    duration_seconds: Fraction
    warnings: tuple[str, ...] = ()
    shots: tuple[tuple[FilmPlace, FilmPlace], ...] | None = None


def outline_of(index: VideoIndex, sampled: int, *, shots: Sequence[Shot] | None = None) -> Outline:
    """Return the outline of a film of which so many frames are looked at."""
    edges = None if shots is None else tuple((_place_at(index, one.start), _place_at(index, one.stop)) for one in shots)
    return Outline(sampled, _place_at(index, index.frame_count), index.duration_seconds, index.warnings, edges)


def join_frames(
    path: Place, classes: Sequence[str], frames: Sequence[FramePrediction], outline: Outline
) -> VideoPrediction | Unreadable:
    """Return the prediction for a film from those for its frames, in order; Unreadable where there are none."""
    if not frames:
        return Unreadable(
            str(path), f"none of the {outline.sampled} sampled frames can be decoded. Copy the file again"
        )
    table = np.array([list(frame.scores.values()) for frame in frames], np.float32)
    return VideoPrediction(
        path=str(path),
        scores=name_scores(classes, pool_scores(table)),
        frames=tuple(frames),
        timeline=_timeline_of(frames, outline),
        duration_seconds=outline.duration_seconds,
        lost_frames=outline.sampled - len(frames),
        warnings=outline.warnings,
    )


def _plan_sampled(
    path: Place, index: VideoIndex, sampling: Sampling, *, progress: Progress
) -> tuple[Sequence[int], Sequence[Shot] | None]:
    """Return the ordinals that are looked at, and the shots, where they were found for it by a pass over the film."""
    if not isinstance(sampling, PerShot):
        return plan_ordinals(index, sampling), None
    found = find_shots(path, progress=progress)
    return plan_per_shot(found.signals, frame_count=index.frame_count, count=sampling.count), found.shots


def _timeline_of(frames: Sequence[FramePrediction], outline: Outline) -> tuple[Segment, ...]:
    end = outline.end
    if outline.shots is None:
        return plan_timeline(frames, stop=end.ordinal, stop_seconds=end.seconds, stop_timecode=end.timecode)
    return plan_shot_timeline(frames, outline.shots)


def _place_at(index: VideoIndex, ordinal: int) -> FilmPlace:
    """Return where a frame begins, or the film ends."""
    seconds = index.duration_seconds if ordinal == index.frame_count else index.seconds_at(ordinal)
    # As the names of frames count: a time stored a little short of its slot belongs to the slot.
    shown = timecode_at(seconds + index.rounding_seconds if ordinal else seconds, index.rate)
    return FilmPlace(ordinal, seconds, str(shown))


def way_of(path: Place) -> Literal["video", "still", "nothing"]:
    """Return in which of the ways a file is predicted, by its name."""
    kind = kind_of(path)
    return "nothing" if kind is None else "video" if kind == "video" else "still"


def _predict_alike(
    predictor: Predictor,
    way: str,
    files: Sequence[Place],
    sampling: Sampling,
    frame_progress: Progress,
    note_fetched: NoteFetched,
) -> Iterator[Prediction]:
    """Give a prediction for each of some files that are predicted in one way."""
    if way == "still":
        batches = in_batches(files, BATCH_SIZE)
        for answers in predict_pictures(predictor, batches, note_fetched=note_fetched):
            yield from answers
    elif way == "video":
        for file in files:
            with held(file) as remote:
                answer = predict_video(predictor, file, sampling=sampling, progress=frame_progress)
                if remote is not None:
                    note_fetched(remote.fetched)
            yield answer
    else:
        for file in files:
            yield not_footage(file)


def predict_frames(
    predictor: Predictor,
    path: Place,
    index: VideoIndex,
    ordinals: Sequence[int],
    *,
    threads: int = 0,
    progress: Progress = silent,
) -> list[FramePrediction]:
    """Return the predictions of those of the frames that can be decoded.

    Raises:
        MediaError: the file cannot be opened.
    """
    predicted: list[FramePrediction] = []
    waiting: list[tuple[int, Prepared]] = []

    def answer() -> None:
        table = predictor.probabilities_of_prepared([picture for _, picture in waiting], whole=True)
        for (ordinal, _), row in zip(waiting, table, strict=True):
            place, scores = _place_at(index, ordinal), name_scores(predictor.classes, row)
            above = find_above(scores, predictor.thresholds)
            predicted.append(FramePrediction(ordinal, place.seconds, place.timecode, scores, above))
        waiting.clear()

    for done, frame in enumerate(decode_frames(path, index, ordinals, threads=threads), start=1):
        if isinstance(frame, DecodedFrame):
            waiting.append((frame.ordinal, predictor.prepared(frame.pixels)))
        if len(waiting) == BATCH_SIZE:
            answer()
        progress(done, len(ordinals), path.name)
    answer()
    return predicted


def predict_pictures(
    predictor: Predictor,
    batches: Iterable[Sequence[Place]],
    *,
    threads: int = _READERS,
    note_fetched: NoteFetched = forget,
    note_state: NoteState = forget_state,
) -> Iterator[list[PicturePrediction | Unreadable]]:
    """Give the predictions for each batch of stills; the next is read, by threads, while one is answered.

    Args:
        note_fetched: as `predict_path` says.
        note_state: told, from several threads, of the state of each file before it is read, as `local_state` gives it.
    """

    def read(file: Place) -> _Still | Unreadable:
        before = local_state(file)
        note_state(file, before)
        return _read_still(predictor, file, before, note_fetched)

    for batch in read_batches(batches, read, threads=threads):
        yield list(_answer_stills(predictor, batch))


@dataclass(frozen=True, slots=True, eq=False)
class _Still:
    path: Place
    kind: MediaKind
    prepared: Prepared


def _read_still(
    predictor: Predictor, path: Place, before: tuple[int, int] | None, note_fetched: NoteFetched
) -> _Still | Unreadable:
    try:
        with held(path) as remote:
            pixels = read_picture(path, size=predictor.working_size)
            require_unchanged(path, before)
            if remote is not None:
                note_fetched(remote.fetched)
            return _Still(path, kind_of(path) or "photo", predictor.prepared(pixels))
    except MediaError as error:
        return Unreadable(str(path), error.reason)


def _answer_stills(
    predictor: Predictor, stills: Sequence[_Still | Unreadable]
) -> Iterator[PicturePrediction | Unreadable]:
    readable = [still for still in stills if isinstance(still, _Still)]
    rows = iter(predictor.probabilities_of_prepared([still.prepared for still in readable], whole=True))
    for still in stills:
        if isinstance(still, Unreadable):
            yield still
        else:
            scores = name_scores(predictor.classes, next(rows))
            above = find_above(scores, predictor.thresholds)
            yield PicturePrediction(str(still.path), still.kind, scores, above)


def not_footage(path: Place) -> Unreadable:
    """Return what to say of a file that is no footage by its name."""
    found = f"'{path.suffix}'" if path.suffix else "no extension"
    return Unreadable(str(path), f"is no video, photograph or camera raw by its name ({found}). Name one that is")
