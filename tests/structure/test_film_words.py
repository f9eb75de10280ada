"""A film in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rushes.structure.facts import PictureArea, TonePoint
from rushes.structure.film_words import (
    count_shots,
    count_subjects,
    describe_area,
    describe_bars,
    describe_light,
    summarise,
)
from rushes.structure.table import table_of
from structure.example import example_film

FILM = example_film()


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ((0, 0, 480, 360), "no black bars"),
        ((60, 0, 420, 360), "black bars taken away: 60 px left and right"),
        ((0, 40, 480, 320), "black bars taken away: 40 px above and below"),
        ((60, 40, 480, 318), "black bars taken away: 60 px left, 40 px above, 42 px below"),
    ],
)
def test_bars_are_told_by_their_sides_or_that_there_are_none(edges: tuple[int, int, int, int], said: str) -> None:
    area = PictureArea(*edges, aspect=1.33, name="1.33:1")
    assert describe_bars(area, width=480, height=360) == said
    assert describe_area(area, width=480, height=360) == f"1.33:1, {said}."


def test_blank_shots_are_counted_as_they_are_numbered_and_told() -> None:
    assert count_shots(FILM) == "44 shots"
    assert summarise(FILM).startswith("44 shots in ")
    fewer = replace(FILM, facts=replace(FILM.facts, shot_count=43))
    assert count_shots(fewer) == "44 shots, one of them blank"
    assert summarise(fewer).startswith("44 shots, one of them blank, in ")
    none = replace(FILM, facts=replace(FILM.facts, shot_count=0, tones=(TonePoint(0, 16, 0), TonePoint(1, 235, 0))))
    assert count_shots(none) == "44 shots, all of them blank"
    assert summarise(none).endswith("Light is from 16 to 235 of 255.")
    assert describe_light(replace(none.facts, tones=())) == "which is not known"


def test_subjects_of_a_scene_are_told_by_how_many_shots_they_are_in() -> None:
    scene = FILM.structure.scenes[1]
    counts = dict(count_subjects(FILM, scene))
    close = sum(bool(cast) for cast in FILM.cast[scene.first : scene.stop])
    assert counts == {"person": close, "cup": close, "car": 12 - close, "tree": 12 - close}
    assert set(table_of(FILM)["scenes"][1]["subjects"]) == set(counts)
    assert table_of(replace(FILM, subjects=None))["scenes"][1]["subjects"] is None
    assert count_subjects(replace(FILM, subjects=None), scene) == []
