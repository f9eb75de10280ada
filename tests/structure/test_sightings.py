"""Where faces and things are, frame by frame."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rushes.structure.characters import Cast
from rushes.structure.parts import Character
from rushes.structure.sightings import list_faces, list_objects
from rushes.subjects.detection import Detection
from rushes.subjects.face import Face
from rushes.subjects.kept_faces import FilmFaces
from timelines.shots_by_hand import index_of, shots_at

INDEX = index_of(60, rate=Fraction(25))
SHOTS = shots_at([0, 20, 60], [None, None])


def _face(left: float) -> Face:
    return Face(left, 0.1, 0.2, 0.3, 0.9, np.zeros((5, 2), np.float32), np.ones(4, np.float32) / 2)


def test_each_face_has_its_frame_and_whose_it_is() -> None:
    faces = FilmFaces("d" * 64, "r+e", (5, 19, 20, 70), ((_face(0.1), _face(0.5)), (), (_face(0.3),), (_face(0.4),)))
    who = Character(0, None, (0, 1), 2.4, 2, 5, (0.5, 0.1, 0.2, 0.3))
    cast = Cast((who,), ((0,), (0,)), (-1, 0), (2, 1), (((0, 1), (2, 0)),))
    found = list_faces(faces, cast, INDEX, SHOTS)
    assert [(one.ordinal, one.seconds, one.shot, one.left, one.character) for one in found] == [
        (5, Fraction(1, 5), 0, 0.1, None),
        (5, Fraction(1, 5), 0, 0.5, 0),
        (20, Fraction(4, 5), 1, 0.3, 0),
    ]
    assert not any(hasattr(one, "embedding") for one in found)


def test_things_come_by_frames_whatever_order_they_were_found_in() -> None:
    cup, car = Detection("cup", 0.8, 0, 0, 0.5, 0.5), Detection("car", 0.6, 0.1, 0.2, 0.3, 0.4)
    found = list_objects({30: (car,), 2: (cup, car), 7: ()}, INDEX, SHOTS)
    assert [(one.ordinal, one.shot, one.word, one.width) for one in found] == [
        (2, 0, "cup", 0.5), (2, 0, "car", 0.3), (30, 1, "car", 0.3),
    ]  # fmt: skip
