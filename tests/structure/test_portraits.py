"""The faces of characters, as pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inference.moving import EDGES, write_moving_film
from rushes.footage.picture import decode_picture
from rushes.footage.video import DecodedFrame, decode_frames, index_video
from rushes.structure.parts import Character
from rushes.structure.portraits import PORTRAITS, cut_face, cut_portraits
from rushes.subjects.kept_faces import wipe_faces

BOX = (0.25, 0.25, 0.5, 0.25)


def character(number: int, ordinal: int) -> Character:
    return Character(number, None, (0,), 1.0, 2, ordinal, BOX)


def test_the_best_frames_are_looked_at_once_and_wiping_takes_the_faces(tmp_path: Path) -> None:
    film, folder = write_moving_film(tmp_path / "moving.mp4"), tmp_path / "faces"
    index = index_video(film)
    people = [character(0, EDGES[1] + 3), character(1, 2), *(character(2 + at, 2) for at in range(PORTRAITS))]
    first = cut_portraits(film, index, people, source="digest", folder=folder, threads=1)
    assert len(first) == PORTRAITS
    [frame] = decode_frames(film, index, [EDGES[1] + 3], threads=1)
    assert isinstance(frame, DecodedFrame)
    assert first[0] is not None
    assert np.abs(decode_picture(first[0]).astype(int) - cut_face(frame.pixels, BOX)).mean() < 12
    assert len(list(folder.rglob("*.jpg"))) == 2
    gone = tmp_path / "gone.mp4"
    assert cut_portraits(gone, index, people, source="digest", folder=folder) == first, "nothing was decoded"
    wipe_faces(folder)
    assert not list(tmp_path.rglob("*.jpg"))
    since = "of before"
    assert cut_portraits(film, index, people[:1], source="digest", folder=folder, since=since, threads=1) == first[:1]
    assert cut_portraits(film, index, people[:1], source="digest", folder=None, threads=1) == first[:1]
    assert not list(tmp_path.rglob("*.jpg"))
