"""Timelines as JSON."""

from __future__ import annotations

import json
from fractions import Fraction

from hypothesis import given

from rushes.timelines.formats.json import format_json, table_of
from rushes.timelines.timeline import Timeline, make_timeline
from timelines.shots_by_hand import (
    DIGEST,
    PUSH,
    answered_timeline,
    index_of,
    shots_at,
    small_timeline,
    source_of,
    timelines,
)


def test_the_film_and_its_shots_are_told() -> None:
    table = json.loads(format_json(small_timeline()))
    assert (table["schema"], table["source"], table["rate"], table["time_base"]) == ("shots/1", DIGEST, "25", "1/25")
    assert (table["frame_count"], table["duration_seconds"], table["start_timecode"]) == (100, 4.0, "00:00:00:00")
    assert [shot["cut"] for shot in table["shots"]] == [None, "hard", "dissolve"]
    assert table["shots"][2]["confidence"] == 0.71
    assert table["shots"][2]["blank"] is True


def test_rates_are_fractions() -> None:
    index = index_of(10, rate=Fraction(24000, 1001))
    table = json.loads(format_json(make_timeline(source_of(index), index, shots_at([0, 10]))))
    assert (table["rate"], table["time_base"]) == ("24000/1001", "1001/24000")


@given(timelines())
def test_shots_tile_the_film(timeline: Timeline) -> None:
    shots = json.loads(format_json(timeline))["shots"]
    assert [shot["start"] for shot in shots] == [0, *(shot["stop"] for shot in shots[:-1])]
    assert shots[-1]["stop"] == timeline.frame_count
    assert [shot["start_seconds"] for shot in shots[1:]] == [shot["stop_seconds"] for shot in shots[:-1]]


def test_what_models_answer_stands_under_its_task() -> None:
    first, _, blank = table_of(answered_timeline())["shots"]
    assert first["answers"] == {
        "scale": {"class": "MS", "probability": 0.61, "reason": ""},
        "movement": {"class": "push", "probability": 0.93, "reason": PUSH.reason},
    }
    assert blank["answers"] == {}
