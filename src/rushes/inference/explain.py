"""Footage as explained answers: photographs, raws, videos, and folders of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.datasets.measured_input import Prepared
from rushes.errors import MediaError
from rushes.evaluation.explanation import (
    ExplainedPicture,
    ExplainedVideo,
    FrameOf,
    Stretch,
    choose_frames,
    measure_changes,
    picture_maps,
)
from rushes.evaluation.occlusion import CELLS, compare_maps, occlude
from rushes.evaluation.painted_heat import view_of
from rushes.footage.kinds import find_media, kind_of
from rushes.footage.picture import resize
from rushes.footage.pictures import read_picture
from rushes.footage.sampling import Every, Sampling, plan_ordinals
from rushes.footage.source import Unreadable
from rushes.footage.video import DecodedFrame, decode_frames, index_video
from rushes.footage.video_index import VideoIndex
from rushes.inference.explainer import Explainer
from rushes.inference.prediction import FramePrediction, name_scores, plan_timeline
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file
from rushes.storage.places import Place
from rushes.storage.reading import held
from rushes.timecode import timecode_at

DEFAULT_SAMPLING = Every(Fraction(2))
MOST_PICTURES = 60
MOST_SAMPLED = 900  # frames of a video that are answered
MOST_SHOWN = 16  # frames of a video that are given reasons
LOOKALIKES = 6
_FRAME_CELLS = 8
_BATCH_SIZE = 16

Pixels = npt.NDArray[np.uint8]
Explained = ExplainedPicture | ExplainedVideo | Unreadable


def explain_places(
    explainer: Explainer,
    places: Sequence[Place],
    *,
    class_index: int | None = None,
    sampling: Sampling = DEFAULT_SAMPLING,
    progress: Progress = silent,
) -> Iterator[Explained]:
    """Give the explained answer for each file, and for each photograph, raw and video below a folder.

    What cannot be read is given as Unreadable in its place, and the rest goes on; so are pictures beyond MOST_PICTURES,
    which one page cannot hold.

    Args:
        class_index: the class that is explained; None explains the one that is answered.
        sampling: which frames of a video are answered.
    """
    files: list[Place] = []
    for place in places:
        passed_over: list[Unreadable] = []
        try:
            found = find_media(place, passed_over=passed_over.append)
        except MediaError as error:
            yield Unreadable(error.path, error.reason)
            continue
        yield from passed_over
        if not found:
            yield Unreadable(str(place), "holds no video, photograph or camera raw. Name a file or another folder")
        files += found
    for done, file in enumerate(files[:MOST_PICTURES], start=1):
        yield _explain_file(explainer, file, class_index, sampling)
        progress(done, len(files), file.name)
    if len(files) > MOST_PICTURES:
        left = len(files) - MOST_PICTURES
        yield Unreadable(str(files[MOST_PICTURES]), f"and {left - 1} files after it are left out: one page explains "
                         f"{MOST_PICTURES}. Name fewer")  # fmt: skip


def explain_pixels(
    explainer: Explainer,
    pixels: Pixels,
    *,
    path: str,
    kind: str,
    class_index: int | None = None,
    cells: int = CELLS,
    frame: FrameOf | None = None,
    sha256: str = "",
) -> ExplainedPicture:
    """Return the explained answer for one picture, (height, width, 3) RGB, any size.

    Args:
        sha256: digest of its file, by which it is known again among training pictures.
    """
    shown = resize(pixels, explainer.working_size)
    prepared = explainer.prepared(pixels)
    probabilities = explainer.probabilities([prepared])[0]
    chosen = int(probabilities.argmax()) if class_index is None else class_index

    def answer(covered: Pixels) -> npt.NDArray[np.float32]:
        return explainer.probabilities([replace(prepared, pixels=one) for one in covered])

    occlusion = occlude(
        answer, prepared.pixels, class_index=chosen, cells=cells, view=view_of(shown, explainer.preprocessing)
    )
    heat = explainer.heat(prepared, chosen)
    picture, covered, warm = picture_maps(
        shown, prepared.pixels, explainer.preprocessing, heat=heat, occlusion=occlusion
    )
    return ExplainedPicture(
        path=path,
        kind=kind,
        probabilities=probabilities,
        class_index=chosen,
        picture=picture,
        covered=covered,
        warm=warm,
        occlusion=occlusion,
        agreement=None if heat is None else compare_maps(heat, occlusion),
        lookalikes=explainer.lookalikes(prepared, LOOKALIKES),
        frame=frame,
        sha256=sha256,
    )


def explain_video(
    explainer: Explainer, path: Place, *, class_index: int | None = None, sampling: Sampling = DEFAULT_SAMPLING
) -> ExplainedVideo:
    """Return a video's answers over time, with reasons for at most MOST_SHOWN frames of it.

    Raises:
        MediaError: it cannot be read, or none of its frames can.
    """
    index = index_video(path)
    planned = plan_ordinals(index, sampling)
    ordinals, notes = _at_most(planned, MOST_SAMPLED), list(index.warnings)
    if len(ordinals) < len(planned):
        notes.append(f"Of {len(planned):,} frames asked for, {len(ordinals)} are answered, evenly over the film.")
    answered, table = _answer_frames(explainer, path, index, ordinals)
    if not answered:
        raise MediaError(path, f"none of the {len(ordinals)} sampled frames can be decoded. Copy the file again")
    if len(answered) < len(ordinals):
        notes.append(f"{len(ordinals) - len(answered)} sampled frames could not be decoded and were passed over.")
    changes, chosen = measure_changes(table), choose_frames(table, MOST_SHOWN)
    if len(chosen) < len(answered):
        notes.append(f"Of {len(answered)} answered frames, {len(chosen)} are given reasons: those at the strongest "
                     "changes, and some in between.")  # fmt: skip
    frames = [
        FramePrediction(
            ordinal, index.seconds_at(ordinal), _timecode(index, ordinal), name_scores(explainer.classes, row)
        )
        for ordinal, row in zip(answered, table, strict=True)
    ]
    places = {
        answered[row]: FrameOf(answered[row], float(frames[row].seconds), frames[row].timecode, float(changes[row]))
        for row in chosen
    }
    shown = [
        explain_pixels(explainer, frame.pixels, path=str(path), kind="frame", class_index=class_index,
                       cells=_FRAME_CELLS, frame=places[frame.ordinal])
        for frame in decode_frames(path, index, sorted(places)) if isinstance(frame, DecodedFrame)
    ]  # fmt: skip
    return ExplainedVideo(
        path=str(path),
        duration_seconds=float(index.duration_seconds),
        seconds=tuple(float(frame.seconds) for frame in frames),
        timecodes=tuple(frame.timecode for frame in frames),
        probabilities=table,
        timeline=_stretches(frames, index),
        shown=tuple(shown),
        notes=tuple(notes),
    )


def _explain_file(explainer: Explainer, file: Place, class_index: int | None, sampling: Sampling) -> Explained:
    kind = kind_of(file)
    if kind is None:
        found = f"'{file.suffix}'" if file.suffix else "no extension"
        return Unreadable(str(file), f"is no video, photograph or camera raw by its name ({found}). Name one that is")
    try:
        with held(file):
            if kind == "video":
                return explain_video(explainer, file, class_index=class_index, sampling=sampling)
            pixels = read_picture(file, size=explainer.working_size)
            return explain_pixels(
                explainer, pixels, path=str(file), kind=kind, class_index=class_index, sha256=_digest_of(file)
            )
    except MediaError as error:
        return Unreadable(str(file), error.reason)


def _digest_of(file: Place) -> str:
    """Return the digest of a picture's bytes, in hex; "" where it is not on this machine."""
    try:
        return digest_of_file(file) if isinstance(file, Path) else ""
    except OSError:
        return ""


def _answer_frames(
    explainer: Explainer, path: Place, index: VideoIndex, ordinals: Sequence[int]
) -> tuple[list[int], npt.NDArray[np.float32]]:
    """Return which of the frames can be decoded, and (frames, classes) what is answered to each."""
    answered: list[int] = []
    waiting: list[Prepared] = []
    tables = [np.zeros((0, len(explainer.classes)), np.float32)]
    for frame in decode_frames(path, index, ordinals):
        if isinstance(frame, DecodedFrame):
            answered.append(frame.ordinal)
            waiting.append(explainer.prepared(frame.pixels))
        if len(waiting) == _BATCH_SIZE:
            tables.append(explainer.probabilities(waiting))
            waiting.clear()
    if waiting:
        tables.append(explainer.probabilities(waiting))
    return answered, np.concatenate(tables)


def _at_most(ordinals: Sequence[int], limit: int) -> list[int]:
    """Return at most `limit` of some ordinals, evenly spread."""
    if len(ordinals) <= limit:
        return list(ordinals)
    return [ordinals[at] for at in np.linspace(0, len(ordinals) - 1, limit).round().astype(int).tolist()]


def _timecode(index: VideoIndex, ordinal: int) -> str:
    seconds = index.seconds_at(ordinal)
    # As the names of frames count: a time stored a little short of its slot belongs to the slot.
    return str(timecode_at(seconds + index.rounding_seconds if ordinal else seconds, index.rate))


def _stretches(frames: Sequence[FramePrediction], index: VideoIndex) -> tuple[Stretch, ...]:
    stop = timecode_at(index.duration_seconds + index.rounding_seconds, index.rate)
    segments = plan_timeline(
        frames, stop=index.frame_count, stop_seconds=index.duration_seconds, stop_timecode=str(stop)
    )
    return tuple(
        Stretch(float(one.start_seconds), float(one.stop_seconds), one.start_timecode, one.stop_timecode,
                one.predicted_class, one.confidence)
        for one in segments
    )  # fmt: skip
