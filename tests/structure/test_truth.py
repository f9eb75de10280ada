"""Truths that a person writes down, and a film scored by them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rushes.errors import SheetError
from rushes.structure.scored import describe_score, score_film, table_of_score
from rushes.structure.table import table_of
from rushes.structure.truth import KnownStructure, parse_truth, place_truth, read_truth
from structure.example import example_film
from timelines.shots_by_hand import index_of, make_timeline, shots_at, source_of

INDEX = index_of(200, start_timecode="01:00:00:00")  # eight seconds, at 25 frames per second
TIMELINE = make_timeline(source_of(INDEX), INDEX, shots_at([0, 50, 100, 150, 200]))


def placed(text: str) -> KnownStructure:
    return place_truth(parse_truth(text, name="truth"), TIMELINE)


def faults_of(text: str) -> list[str]:
    with pytest.raises(SheetError) as caught:
        placed(text)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "table",
    [
        "kind,first_shot,last_shot\nscene,1,3\nscene,4,4\ndialogue,2,3\n",
        "Kind;Start;Stop\nscene;0;150\nscene;150;200\ndialogues;50;150\n",
        "kind\tstart_seconds\tstop_seconds\nscene\t0\t00:06\nscene\t6.0\t8\ndialogue\t2\t6\n",
        "kind,start_timecode,stop_timecode\nscene,01:00:00:00,01:00:06:00\nscene,01:00:06:00,\n"
        "dialogue,01:00:02:00,01:00:06:00\n",
        json.dumps(
            {
                "schema": "structure-truth/1",
                "scenes": [{"first_shot": 1, "last_shot": 3}, {"start": 150}],
                "dialogues": [{"start_seconds": 2, "stop_seconds": 6}],
            }
        ),
    ],
)
def test_shots_frames_seconds_and_timecode_say_the_same(table: str) -> None:
    assert placed(table) == KnownStructure(((0, 6), (6, 8)), ((2, 6),))


def test_a_scene_without_an_end_goes_on_to_the_next_and_the_last_to_the_end() -> None:
    assert placed("start_seconds\n0\n3\n5\n").scenes == ((0, 3), (3, 5), (5, 8))


def test_a_file_that_is_silent_on_dialogues_does_not_say_that_there_are_none() -> None:
    assert placed("kind,start\nscene,0\n").dialogues is None
    none = '{"schema": "structure-truth/1", "scenes": [{"start": 0}], "dialogues": []}'
    assert placed(none).dialogues == ()


def test_shots_are_counted_by_the_truths_own_list_where_it_has_one() -> None:
    own = {"schema": "structure-truth/1", "shots": [{"start": 0, "stop": 75}, {"start": 75, "stop": 200}],
           "scenes": [{"first_shot": 1, "last_shot": 1}, {"first_shot": 2, "last_shot": 2}]}  # fmt: skip
    assert placed(json.dumps(own)).scenes == ((0, 3), (3, 8))


def test_a_frame_or_a_rounded_second_between_scenes_is_no_gap() -> None:
    assert placed("start_seconds,stop_seconds\n0,3.96\n4,8\n").scenes == ((0, 4), (4, 8))


def test_every_fault_is_named_with_its_row_and_what_is_allowed() -> None:
    assert faults_of("kind,first_shot,last_shot\nscene,1,3\nscen,4,4\nscene,x,9\ndialogue,,2\n") == [
        "truth, row 3, kind: 'scen' is neither. Did you mean 'scene'?",
        "truth, row 4, first_shot: 'x' is not a whole number",
        "truth, row 5: says not where it begins. Allowed: first_shot and last_shot, start and stop, "
        "start_seconds and stop_seconds, start_timecode and stop_timecode",
    ]
    assert faults_of("kind,first_shot,last_shot\nscene,1,3\nscene,4,9\n") == [
        "truth, row 3: there is no shot 9; the film has 4, counted from 1"
    ]
    assert faults_of("start_seconds,stop_seconds\n0,2\n6,8\n5,3\n") == [
        "truth, row 4: ends before it begins",
        "truth, row 3: begins 4.00 s after the one before it ends. Scenes leave no gap",
    ]
    assert faults_of("kind,start\ndialogue,3\n") == ["truth, row 2: says not where it ends"]
    assert faults_of("start_seconds,stop_seconds\n0,4\n2,8\n") == [
        "truth, row 3: begins 2.00 s before the one before it ends. They lie side by side"
    ]
    assert "01:00:09:00 is not in the film, which goes from 01:00:00:00 to 01:00:08:00" in faults_of(
        "start_timecode\n01:00:09:00\n"
    )[0]  # fmt: skip
    assert "frame 900 is not in the film, which has 200" in faults_of("start\n900\n")[0]
    assert "30.00 s is not in the film, which lasts 8.00" in faults_of("start_seconds\n30\n")[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from,to\n1,2\n", "names no place in the film"),
        ('{"schema": "film-truth/1"}', "A truth is of structure-truth/1"),
        ("[1, 2]", "is of the schema None"),
        ('{"schema": ', "is not JSON"),
        ('{"schema": "structure-truth/1"}', "neither scenes nor dialogues"),
        ('{"schema": "structure-truth/1", "scenes": 3}', "scenes is a list"),
        ('{"schema": "structure-truth/1", "scenes": [3]}', "scene 1: is no object"),
        ('{"schema": "structure-truth/1", "scenes": [], "shots": [{}]}', "shot 1: states no start and stop"),
        ('start\n"0\n', "not a table of cells"),
        ("start_seconds\n-1\n", "is no time from the film's first frame"),
    ],
)
def test_what_is_no_truth_says_why(text: str, said: str) -> None:
    assert any(said in fault for fault in faults_of(text))


def test_a_list_of_shots_of_another_film_is_refused() -> None:
    text = '{"schema": "structure-truth/1", "scenes": [{"first_shot": 1}], "shots": [{"start": 0, "stop": 900}]}'
    assert "the list of shots is of another film: frame 900" in faults_of(text)[0]


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="cannot be read"):
        read_truth(tmp_path / "absent.csv")
    (tmp_path / "bytes.csv").write_bytes(b"start\n\xff\n")
    with pytest.raises(SheetError, match="is not text in UTF-8"):
        read_truth(tmp_path / "bytes.csv")


def test_a_film_agrees_in_full_with_its_own_json_and_less_once_that_is_corrected(tmp_path: Path) -> None:
    film = example_film()
    table = table_of(film)
    path = tmp_path / "film.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    score = score_film(film, read_truth(path))
    assert score.exact is not None
    assert score.near is not None
    assert score.scenes is not None
    assert score.dialogues is not None
    assert score.setups is not None
    assert score.characters is not None
    assert (score.exact.f1, score.scenes.mean_iou, score.dialogues.f1) == (1, 1, 1)
    assert (score.setups.adjusted_rand, score.characters.purity) == (1, 1)

    first, second = table["scenes"][:2]
    first["last_shot"] -= 1
    second["first_shot"] -= 1
    del table["dialogues"][0]
    path.write_text(json.dumps(table), encoding="utf-8")
    corrected = score_film(film, read_truth(path))
    assert corrected.exact is not None
    assert corrected.dialogues is not None
    assert (corrected.exact.counts.hits, corrected.exact.counts.false, corrected.exact.counts.missed) == (4, 1, 1)
    assert corrected.near is not None
    assert corrected.near.f1 == 1
    assert (corrected.dialogues.precision, corrected.dialogues.recall) == (pytest.approx(2 / 3), 1)

    said = "\n".join(describe_score(corrected))
    assert "precision 0.80, recall 0.80, F1 0.80 (4 found, 1 false, 1 missed)" in said
    assert table_of_score(corrected)["boundaries"][0]["f1"] == pytest.approx(0.8)
    json.dumps(table_of_score(corrected))


def test_a_truth_of_one_act_is_scored_by_that_act() -> None:
    film = example_film()
    edges = [float(one.start_seconds) for one in film.timeline.shots]
    firsts = [edges[scene.first] for scene in film.structure.scenes]
    text = f"start_seconds,stop_seconds\n{firsts[1]},{firsts[2]}\n{firsts[2]},{firsts[3]}\n"
    score = score_film(replace(film, cast=()), parse_truth(text, name="act"))
    assert score.exact is not None
    assert score.exact.counts.hits == 1
    assert score.exact.f1 == 1
    assert score.characters is None
