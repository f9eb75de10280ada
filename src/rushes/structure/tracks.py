"""Tracks: the faces of one person within one shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.subjects.face import Face

Floats = npt.NDArray[np.float32]
Spot = tuple[int, int]  # place of a frame among those looked at, and of a face in it

_SAME_PLACE = 0.3  # overlap of two boxes from which a face that changed a little is followed
_SURE_PLACE = 0.5  # from which it is, where it cannot be told whose it is
_SLACK = 0.2  # cosine below `near` that is borne at the same place


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The faces of one person within one shot.

    Attributes:
        shot: its place.
        spots: of the faces, in the order of frames; at most one of each.
        vectors: (faces, length) those that have one.
        vector: (length,) their mean, of the clear ones where there are some, of length 1.
        weight: how much the track tells: the sum of what its faces do.
        is_clear: whether one of its faces can be told.
    """

    shot: int
    spots: tuple[Spot, ...]
    vectors: Floats
    vector: Floats
    weight: float
    is_clear: bool

    @property
    def frames(self) -> frozenset[int]:
        return frozenset(frame for frame, _ in self.spots)


def find_tracks(faces: Sequence[Sequence[Face]], shot_of: Sequence[int], *, near: float) -> list[Track]:
    """Return the tracks of a film, shot by shot; a face that is followed nowhere is a track of its own.

    From one frame that was looked at to the next, a face is followed to one that looks like it, or that is at the
    same place and looks less like it.

    Args:
        faces: of each frame.
        shot_of: the place of each frame's shot; -1 of frames that are left out.
        near: cosine from which two faces are taken for one person.
    """
    tracks: list[list[Spot]] = []
    shot = -1
    open_from = 0
    for frame, here in enumerate(faces):
        if shot_of[frame] < 0:
            continue
        if shot_of[frame] != shot:
            shot, open_from = shot_of[frame], len(tracks)
        last = [tracks[place][-1] for place in range(open_from, len(tracks))]
        followed = _follow([faces[at][place] for at, place in last], here, near=near)
        for place in range(len(here)):
            if place in followed:
                tracks[open_from + followed[place]].append((frame, place))
            else:
                tracks.append([(frame, place)])
    return [_track(spots, faces, shot_of[spots[0][0]]) for spots in tracks]


def _follow(before: Sequence[Face], now: Sequence[Face], *, near: float) -> dict[int, int]:
    """Return place of a face now -> place of the one before that it follows; each is followed by one at most."""
    if not before or not now:
        return {}
    overlap = overlaps(before, now)
    alike = _cosines(before, now)
    both_clear = np.array([one.is_clear for one in before])[:, None] & np.array([one.is_clear for one in now])
    fits = (alike >= near) | ((overlap >= _SAME_PLACE) & (alike >= near - _SLACK))
    fits |= (overlap >= _SURE_PLACE) & ~both_clear
    liking = np.where(fits, np.nan_to_num(alike, nan=0.0) + overlap, -np.inf)
    found: dict[int, int] = {}
    used: set[int] = set()
    for at in np.argsort(-liking, axis=None, kind="stable").tolist():
        row, column = divmod(at, len(now))
        if liking[row, column] == -np.inf:
            break
        if row not in used and column not in found:
            used.add(row)
            found[column] = row
    return found


def overlaps(first: Sequence[Face], second: Sequence[Face]) -> npt.NDArray[np.float64]:
    """Return how much boxes overlap, (first, second): what they share over what they cover together."""
    one = np.array([(face.left, face.top, face.width, face.height) for face in first])[:, None]
    two = np.array([(face.left, face.top, face.width, face.height) for face in second])[None]
    shared = np.minimum(one[..., :2] + one[..., 2:], two[..., :2] + two[..., 2:]) - np.maximum(
        one[..., :2], two[..., :2]
    )
    both = np.prod(np.maximum(shared, 0), axis=-1)
    covered = np.prod(one[..., 2:], axis=-1) + np.prod(two[..., 2:], axis=-1) - both
    return np.asarray(both / np.maximum(covered, 1e-12))


def _cosines(first: Sequence[Face], second: Sequence[Face]) -> npt.NDArray[np.float64]:
    """Return the cosine between faces, (first, second); NaN where one has no vector."""
    found = np.full((len(first), len(second)), np.nan)
    rows = [place for place, face in enumerate(first) if face.embedding is not None]
    columns = [place for place, face in enumerate(second) if face.embedding is not None]
    if rows and columns:
        one = np.array([first[place].embedding for place in rows])
        two = np.array([second[place].embedding for place in columns])
        found[np.ix_(rows, columns)] = one @ two.T
    return found


def _track(spots: Sequence[Spot], faces: Sequence[Sequence[Face]], shot: int) -> Track:
    every = [faces[frame][place] for frame, place in spots]
    told = [face for face in every if face.embedding is not None]
    clear = [face for face in told if face.is_clear]
    chosen = clear or told
    vectors = np.array([face.embedding for face in told], np.float32)
    weights = np.array([max(face.clarity, 0.01) for face in chosen], np.float32)
    total = sum(
        (weight * face.embedding for weight, face in zip(weights, chosen, strict=True) if face.embedding is not None),
        np.zeros(vectors.shape[1] if len(told) else 0, np.float32),
    )
    length = float(np.linalg.norm(total))
    vector = np.asarray(total / length if length > 0 else total, np.float32)
    return Track(shot, tuple(spots), vectors, vector, float(weights.sum()), bool(clear))
