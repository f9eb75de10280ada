"""Faces that nobody has: vectors around those of made-up persons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rushes.footage.shot import Shot
from rushes.subjects.face import Face
from rushes.subjects.kept_faces import FilmFaces

LENGTH = 64
READER = "yunet-000000000000-1+sface-111111111111"
EMBEDDER = "sface-111111111111"


def person(number: int) -> np.ndarray:
    """Return the middle of a person's vectors; those of two persons are at right angles."""
    vector = np.zeros(LENGTH, np.float32)
    vector[number] = 1
    return vector


def seen(number: int, *, look: int = 0, spread: float = 0.5, **box: float) -> Face:
    """Return a face of a person, a little different at each look: two of them have a cosine of 0.8 or so."""
    draw = np.random.default_rng((number, look))
    noise = draw.normal(size=LENGTH)
    noise[:32] = 0  # the first places are the persons' own
    vector = person(number) + spread * noise / np.linalg.norm(noise)
    return face(vector, **box)


def face(
    vector: np.ndarray | None,
    *,
    left: float = 0.4,
    top: float = 0.2,
    height: float = 0.3,
    clarity: float = 1.0,
    score: float = 0.95,
) -> Face:
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    width = 0.75 * height
    at = np.array([left, top], np.float32) + points * np.array([width, height], np.float32)
    vector = None if vector is None else np.asarray(vector / np.linalg.norm(vector), np.float32)
    return Face(left, top, width, height, score, at, vector, clarity)


def film_of(shots: Sequence[Sequence[Sequence[Face]]], *, source: str = "film") -> tuple[FilmFaces, list[Shot]]:
    """Return the faces of a film of shots of 100 frames, each a list of frames that were looked at."""
    ordinals, faces, spans = [], [], []
    for place, frames in enumerate(shots):
        spans.append(Shot(source, 100 * place, 100 * place + 100, None, 100 * place, 100 * place))
        for look, found in enumerate(frames):
            ordinals.append(100 * place + 10 * look + 5)
            faces.append(tuple(found))
    return FilmFaces(source, READER, tuple(ordinals), tuple(faces)), spans


def stranger(draw: np.random.Generator, **box: float) -> Face:
    """Return a face of nobody who is known here."""
    vector = draw.normal(size=LENGTH)
    vector[:32] = 0
    return face(vector, **box)
