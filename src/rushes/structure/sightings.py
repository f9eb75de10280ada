"""SeenFace and SeenObject: where in the frames of a film that were looked at faces and things are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rushes.footage.shot import Shot
from rushes.footage.video_index import VideoIndex
from rushes.structure.characters import Cast
from rushes.subjects.detection import Detection
from rushes.subjects.kept_faces import FilmFaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Something seen in one frame of a film.

    Attributes:
        ordinal: the frame.
        seconds: of it, from the film's first frame, exact.
        shot: place of the shot that the frame is in.
        left, top, width, height: of the box around it, as shares of the picture's sides; that of a face may reach
            beyond the picture.
        score: how sure the detector is, 0 to 1.
    """

    ordinal: int
    seconds: Fraction
    shot: int
    left: float
    top: float
    width: float
    height: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace(Sighting):
    """A face in one frame; what it is told from others by is not here.

    Attributes:
        character: number of whose it is, from 0; None where that is not known.
    """

    character: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenObject(Sighting):
    """A thing in one frame.

    Attributes:
        word: what it is, as the detector's list of words has it.
    """

    word: str


def list_faces(faces: FilmFaces, cast: Cast, index: VideoIndex, shots: Sequence[Shot]) -> tuple[SeenFace, ...]:
    """Return every face of the frames that were looked at, frame by frame; frames outside of shots are left out."""
    whose = {spot: one.number for one, spots in zip(cast.characters, cast.members, strict=True) for spot in spots}
    return tuple(
        SeenFace(
            ordinal=ordinal,
            seconds=seconds,
            shot=shot,
            left=face.left,
            top=face.top,
            width=face.width,
            height=face.height,
            score=face.score,
            character=whose.get((at, place)),
        )
        for at, ordinal, seconds, shot in _frames(faces.ordinals, index, shots)
        for place, face in enumerate(faces.faces[at])
    )


def list_objects(
    detections: Mapping[int, Sequence[Detection]], index: VideoIndex, shots: Sequence[Shot]
) -> tuple[SeenObject, ...]:
    """Return everything that a detector sees in the frames that were looked at, frame by frame, the surest first.

    Args:
        detections: ordinal -> what is in the frame.
    """
    ordinals = sorted(detections)
    return tuple(
        SeenObject(
            ordinal=ordinal,
            seconds=seconds,
            shot=shot,
            left=one.left,
            top=one.top,
            width=one.width,
            height=one.height,
            score=one.score,
            word=one.word,
        )
        for _, ordinal, seconds, shot in _frames(ordinals, index, shots)
        for one in detections[ordinal]
    )


def _frames(
    ordinals: Sequence[int], index: VideoIndex, shots: Sequence[Shot]
) -> Iterable[tuple[int, int, Fraction, int]]:
    """Give the place in the list, the ordinal, the time and the shot of each frame that is in one."""
    starts = [shot.start for shot in shots]
    for at, ordinal in enumerate(ordinals):
        shot = bisect_right(starts, ordinal) - 1
        if shot >= 0 and ordinal < shots[shot].stop:
            yield at, ordinal, index.seconds_at(ordinal), shot
