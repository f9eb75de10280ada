"""One small picture per shot."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from footage.painted import HEIGHT, WIDTH, ordinal_of, write_film
from rushes.footage.shot import Shot
from rushes.footage.video import index_video
from rushes.timelines.shot_pictures import CHOICES, PictureChoice, ShotPicture, read_shot_pictures
from timelines.shots_by_hand import DIGEST, shots_at

SHOTS = [Shot(DIGEST, 0, 13, None, 5, 7), Shot(DIGEST, 13, 40, None, 30, 20)]


@pytest.mark.parametrize(
    ("choice", "ordinals"),
    [("typical", [5, 30]), ("sharpest", [7, 20]), ("first", [0, 13]), ("middle", [6, 26])],
)
def test_the_chosen_frame_of_each_shot_is_shown(choice: PictureChoice, ordinals: list[int], tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4")
    pictures = list(read_shot_pictures(film, index_video(film), SHOTS, choice=choice))
    assert [ordinal_of(picture.pixels) for picture in pictures if picture] == ordinals


def test_every_choice_lies_within_its_shot() -> None:
    for shot in shots_at([0, 1, 3, 10]):
        assert all(shot.start <= choose(shot) < shot.stop for choose in CHOICES.values())


def test_pictures_shrink_to_a_side_and_never_grow(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4")
    index = index_video(film)
    sizes = {
        side: {(one.width_pixels, one.height_pixels) for one in read_shot_pictures(film, index, SHOTS, side_pixels=side)
               if isinstance(one, ShotPicture)}
        for side in (48, 320)
    }  # fmt: skip
    assert sizes == {48: {(48, 32)}, 320: {(WIDTH, HEIGHT)}}


def test_pictures_are_upright_with_square_pixels(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", rotation=90, aspect=Fraction(2))
    first = next(read_shot_pictures(film, index_video(film), SHOTS))
    assert first is not None
    assert (first.width_pixels, first.height_pixels) == (HEIGHT, 2 * WIDTH)
    assert first.pixels.shape == (2 * WIDTH, HEIGHT, 3)


def test_a_frame_that_cannot_be_decoded_is_no_picture_and_the_rest_goes_on(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", 120, options={"g": "1", "bf": "0"})
    index = index_video(film)
    data = bytearray(film.read_bytes())
    third = len(data) // 3
    data[third : third + 2500] = b"\x00" * 2500
    film.write_bytes(data)
    pictures = list(read_shot_pictures(film, index, shots_at(range(0, 121, 2))))
    assert len(pictures) == 60
    assert pictures[0] is not None
    assert 0 < pictures.count(None) < 60
