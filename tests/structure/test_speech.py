from __future__ import annotations

import numpy as np
import pytest

from rushes.footage.loudness import FLOOR, RATE, Loudness
from rushes.structure.speech import find_offset
from structure.sounds import heard, lines_said, titles_of

_MINUTES = 14


def _spans(file):  # type: ignore[no-untyped-def]
    return [(one.start_seconds, one.stop_seconds) for one in file.entries]


@pytest.fixture(scope="module")
def film():  # type: ignore[no-untyped-def]
    lines = lines_said(60 * _MINUTES, seed=1)
    return lines, heard(lines, 60 * _MINUTES, seed=1)


def test_subtitles_of_the_film_fit(film) -> None:  # type: ignore[no-untyped-def]
    lines, loudness = film
    found = find_offset(_spans(titles_of(lines)), loudness, duration=60 * _MINUTES)
    assert (found.fit, found.offset_seconds, found.speed) == ("fits", 0.0, 1.0)


@pytest.mark.parametrize("offset", [-90.0, -2.3, 4.7, 300.0])
def test_moved_subtitles_are_moved_back(film, offset: float) -> None:  # type: ignore[no-untyped-def]
    lines, loudness = film
    found = find_offset(_spans(titles_of(lines, offset=offset)), loudness, duration=60 * _MINUTES)
    assert (found.fit, found.speed) == ("moved", 1.0)
    assert found.offset_seconds == pytest.approx(-offset, abs=0.15)


@pytest.mark.parametrize("speed", [24 / 25, 25 / 24])
def test_subtitles_of_another_frame_rate_are_stretched(film, speed: float) -> None:  # type: ignore[no-untyped-def]
    lines, loudness = film
    found = find_offset(_spans(titles_of(lines, speed=speed)), loudness, duration=60 * _MINUTES)
    assert found.fit == "moved"
    assert 600 * found.speed + found.offset_seconds == pytest.approx(600 * speed, abs=0.5)


def test_subtitles_of_another_film_go_with_no_part_of_it(film) -> None:  # type: ignore[no-untyped-def]
    others = lines_said(60 * _MINUTES, seed=2)
    found = find_offset(_spans(titles_of(others)), film[1], duration=60 * _MINUTES)
    assert (found.fit, found.offset_seconds) == ("other film", 0.0)
    assert "where nobody speaks in the film, this says nothing" in found.reason


def test_subtitles_far_longer_than_the_film_are_of_another(film) -> None:  # type: ignore[no-untyped-def]
    spans = _spans(titles_of(lines_said(3000, seed=3)))
    assert find_offset(spans, None, duration=600).fit == "other film"
    assert "after the film's end" in find_offset(spans, None, duration=600).reason


def test_the_first_part_of_a_film_fits_the_subtitles_of_all_of_it(film) -> None:  # type: ignore[no-untyped-def]
    lines, loudness = film
    part = Loudness("", loudness.levels[: 300 * RATE])
    assert find_offset(_spans(titles_of(lines)), part, duration=300).fit == "fits"


@pytest.mark.parametrize(
    "loudness",
    [None, Loudness("", np.empty(0, np.float32)), Loudness("", np.full(600 * RATE, FLOOR, np.float32))],
)
def test_without_sound_nothing_is_known(film, loudness: Loudness | None) -> None:  # type: ignore[no-untyped-def]
    assert find_offset(_spans(titles_of(film[0])), loudness, duration=60 * _MINUTES).fit == "not known"


def test_of_a_few_subtitles_nothing_is_known(film) -> None:  # type: ignore[no-untyped-def]
    found = find_offset(_spans(titles_of(film[0]))[:3], film[1], duration=60 * _MINUTES)
    assert (found.fit, found.reason) == ("not known", "only 3 subtitles")
    assert find_offset([], film[1], duration=60 * _MINUTES).fit == "not known"


@pytest.mark.parametrize("level", [-40.0, 0.0])
def test_a_steady_hum_says_nothing(film, level: float) -> None:  # type: ignore[no-untyped-def]
    hum = Loudness("", np.full(60 * RATE, level, np.float32))
    assert find_offset(_spans(titles_of(film[0]))[:20], hum, duration=60).fit in ("not known", "other film")
