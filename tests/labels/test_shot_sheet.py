from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SheetError
from rushes.labels.sheets.csv import parse_csv
from rushes.labels.shot_sheet import parse_shot_sheet, read_shot_sheet
from rushes.labels.stated_shot import StatedShots
from rushes.project import Task
from rushes.timecode import Timecode

TASKS = (
    Task("scale", ("ECS", "CS", "MS", "FS", "LS"), {"medium shot": "MS"}),
    Task("movement", ("static", "motion", "push", "pull"), {"Multi_movement": "motion"}, ignore=("unclear",)),
)


def read(*lines: str, **options: object) -> StatedShots:
    text = "\n".join(lines).encode()
    return parse_shot_sheet(parse_csv(text, name="shots.csv", key="shots.csv"), TASKS, **options)  # type: ignore[arg-type]


def told_of(*lines: str) -> list[str]:
    return [str(fault) for fault in read(*lines).faults]


def test_a_row_is_a_shot_with_its_classes_by_task():
    (shot,) = read(
        "Video,Start,Stop,Shot scale,Movement,group,origin,split,shot", "a/b.mp4,3,9,ms,PUSH,g,Ann,val,4"
    ).shots
    assert (shot.video, shot.start, shot.stop, shot.last_included) == ("a/b.mp4", 3, 9, False)
    assert shot.classes == {"scale": "MS", "movement": "push"}
    assert (shot.group, shot.origin, shot.split, shot.name) == ("g", "ann", "validation", "b shot 4")
    assert shot.place == "shots.csv, row 2"


@pytest.mark.parametrize(
    ("header", "cells", "start", "stop", "last"),
    [
        ("start,stop", "3,9", 3, 9, False),
        ("start,last", "3,9", 3, 9, True),
        ("start_frame,end_frame", "3,9", 3, 9, True),
        ("First frame,Last frame", "3,9.0", 3, 9, True),
        ("start,stop", "0,2.5", Fraction(0), Fraction(5, 2), False),
        ("start,end", "1:00.5,\"61,5\"", Fraction(121, 2), Fraction(123, 2), False),
        ("start_s,end_s", "3,9", Fraction(3), Fraction(9), False),
        ("start_seconds,stop_seconds", "0s,2.5s", Fraction(0), Fraction(5, 2), False),
        ("start,stop", "00:00:01:00,00:00:02:12", Timecode(0, 0, 1, 0), Timecode(0, 0, 2, 12), False),
        ("start timecode,stop timecode", "00:00:01;00,00:00:02;12", Timecode(0, 0, 1, 0, True),
         Timecode(0, 0, 2, 12, True), False),
        ("start,stop", ",9", None, 9, False),
        ("start,stop", ",", None, None, False),
        ("note,more", "x,y", None, None, False),
    ],
)  # fmt: skip
def test_a_shot_begins_and_ends_where_ordinals_seconds_or_timecode_say(header, cells, start, stop, last):
    (shot,) = read(f"video,scale,{header}", f"a.mp4,MS,{cells}").shots
    assert (shot.start, shot.stop, shot.last_included) == (start, stop, last)


def test_whole_numbers_are_seconds_beside_one_that_is_not_whole():
    shots = read("video,start,stop,scale", "a.mp4,0,10,MS", "a.mp4,10,12.5,MS").shots
    assert [(shot.start, shot.stop) for shot in shots] == [(Fraction(0), Fraction(10)), (Fraction(10), Fraction(25, 2))]


@pytest.mark.parametrize("odd", ["7O", "-3", "abc", "8s", "1:10"])
def test_a_cell_that_is_no_whole_number_is_a_fault_and_makes_no_seconds_of_frames(odd):
    stated = read("video,start,stop,scale", "a.mp4,0,70,MS", f"a.mp4,70,{odd},MS", "a.mp4,100,240,MS",
                  "a.mp4,240,300,MS", "a.mp4,300,400,MS")  # fmt: skip
    assert [(shot.start, shot.stop) for shot in stated.shots] == [(0, 70), (100, 240), (240, 300), (300, 400)]
    assert [str(fault) for fault in stated.faults] == [
        f"shots.csv, row 3, stop: '{odd}' is not a frame's number. Allowed: a whole number from 0"
    ]
    assert stated.notes == ("shots.csv has no column of movement: its shots say nothing of it",)


def test_slips_make_no_seconds_even_where_they_are_many():
    stated = read("video,start,stop,scale", "a.mp4,0,x,MS", "a.mp4,y,9,MS", "a.mp4,3,9,MS")
    assert ([(shot.start, shot.stop) for shot in stated.shots], len(stated.faults)) == ([(3, 9)], 2)


def test_that_whole_numbers_are_read_as_seconds_is_said():
    stated = read("video,start,stop,scale,movement", "a.mp4,0,10,MS,push", "a.mp4,10,12.5,MS,push")
    assert stated.notes == (
        "shots.csv: 'start' and 'stop' are read as seconds, because of '12.5', although 2 of 4 cells are whole "
        "numbers. Where they count frames, call them start_frame and stop_frame",
    )
    assert read("video,start,stop,scale,movement", "a.mp4,0,2.5,MS,push").notes == ()


DIGEST = "ab" * 32


def test_a_film_is_found_by_its_path_not_by_its_digest():
    (shot,) = read("shot,start,stop,name,source,video,scale", f"2,0,9,nosferatu,{DIGEST},films/n.mp4,MS").shots
    assert (shot.video, shot.name) == ("films/n.mp4", "n shot 2")
    assert read("file,source,scale", f"films/n.mp4,{DIGEST},MS").shots[0].video == "films/n.mp4"
    with pytest.raises(SheetError, match=r"'source' holds digests of films, and no column says where they are"):
        read("source,scale", f"{DIGEST},MS")


def test_what_a_model_answered_is_no_label_until_somebody_answers_for_it():
    header = "video,scale,movement,movement_probability,movement_reason"
    stated = read(header, "a.mp4,MS,push,0.93,zoom", "b.mp4,LS,static,,", "c.mp4,,pull,0.8,")
    assert [(shot.video, shot.classes) for shot in stated.shots] == [
        ("a.mp4", {"scale": "MS"}),
        ("b.mp4", {"scale": "LS", "movement": "static"}),
    ]
    assert [str(fault) for fault in stated.faults] == [
        "shots.csv, row 1, movement: holds a model's answers in 2 rows, as 'movement_probability' and "
        "'movement_reason' beside it show, and they are not taken for labels. Once you have checked them, delete "
        "'movement_probability' and 'movement_reason', or say in a column 'origin' who answers for each row"
    ]
    assert stated.unanswered == 1
    (checked,) = read(f"{header},origin", "a.mp4,MS,push,0.93,zoom,Ann").shots
    assert (checked.classes, checked.origin) == ({"scale": "MS", "movement": "push"}, "ann")


def test_frames_go_before_the_seconds_beside_them_which_are_kept_to_check_them():
    (shot,) = read("video,start_frame,end_frame,start_s,end_s,scale", "a.mp4,70,239,2.8,9.6,MS").shots
    assert (shot.start, shot.stop, shot.last_included, shot.start_seconds) == (70, 239, True, Fraction(14, 5))


def test_an_answer_of_nothing_is_no_label():
    stated = read("video,scale,movement", "a.mp4,none,static", "b.mp4,,unclear", "c.mp4,Medium Shot,Multi_movement")
    assert [shot.classes for shot in stated.shots] == [{"movement": "static"}, {"scale": "MS", "movement": "motion"}]
    assert stated.unanswered == 1
    assert stated.faults == ()


def test_all_faults_are_told_at_once_and_hide_no_other_row():
    stated = read(
        "video,start,stop,scale,movement,split",
        "a.mp4,0,9,MSS,pusch,train",
        ",0,9,MS,push,train",
        "a.mp4,9,9,MS,push,train",
        "a.mp4,0,9,MS,push,training day",
        "a.mp4,0,9,MS,push,test",
    )
    assert [str(fault) for fault in stated.faults] == [
        "shots.csv, row 2, scale: 'MSS' is not a class of scale. Did you mean 'MS'? Allowed: ECS, CS, MS, FS, LS",
        "shots.csv, row 2, movement: 'pusch' is not a class of movement. Did you mean 'push'? "
        "Allowed: static, motion, push, pull",
        "shots.csv, row 3, video: the cell is empty, so nobody knows where the shot is",
        "shots.csv, row 4, stop: the shot starts at 9, and it stops at 9. It needs start < stop",
        "shots.csv, row 5, split: 'training day' is no part of a split. Allowed: 'train', 'validation', 'test'.",
    ]
    assert {fault.row for fault in stated.faults} == {2, 3, 4, 5}
    assert [shot.place for shot in stated.shots] == ["shots.csv, row 6"]


def test_a_shot_that_stops_before_it_starts_is_refused():
    assert told_of("video,start,stop,scale", "a.mp4,9,9,MS") == [
        "shots.csv, row 2, stop: the shot starts at 9, and it stops at 9. It needs start < stop"
    ]
    assert told_of("video,start,last,scale", "a.mp4,9,8,MS") == [
        "shots.csv, row 2, last: the shot starts at 9, and its last frame is 8. It needs start < stop"
    ]
    assert read("video,start,last,scale", "a.mp4,9,9,MS").shots  # of one frame


def test_an_end_that_may_mean_two_things_is_asked_for():
    (fault,) = told_of("video,start,end,scale", "a.mp4,0,9,MS")
    assert "Call the column 'last' or 'stop'" in fault


def test_a_part_that_is_none_is_named():
    (fault,) = told_of("video,scale,split", "a.mp4,MS,tset")
    assert fault == "shots.csv, row 2, split: 'tset' is no part of a split. Did you mean 'test'?"


def test_a_row_that_is_wider_than_its_header_is_named():
    (fault,) = told_of("video,scale", "a.mp4,MS,more")
    assert "the row has 3 cells and the header 2" in fault


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("clip of,scale", "no column names the video"),
        ("video,size", "no column holds classes of a task. Call one 'scale' or 'movement'"),
        ("video,scale,movment", "'movment' looks like it: call it 'movement'"),
    ],
)
def test_columns_that_make_no_sheet_of_shots_are_refused_with_what_was_found(header, told):
    with pytest.raises(SheetError) as raised:
        read(header, "a.mp4,MS,push")
    assert told in str(raised.value)
    assert "Found: '" in str(raised.value)


def test_columns_are_found_by_what_the_project_says_of_them():
    options = {"mapping": {"Datei": "source", "Person": "group", "Kamera": "movement", "bis": "last", "gone": "name"}}
    (shot,) = read("Datei,Person,Kamera,bis", "a.mp4,ann,push,9", **options).shots
    assert (shot.video, shot.group, shot.stop, shot.last_included) == ("a.mp4", "ann", 9, True)


def test_a_task_without_a_column_is_said():
    assert read("video,scale", "a.mp4,MS").notes == (
        "shots.csv has no column of movement: its shots say nothing of it",
    )


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_stop_and_last_name_the_same_shot(start, length):
    (one,) = read("video,start,stop,scale", f"a.mp4,{start},{start + length},MS").shots
    (other,) = read("video,start,last,scale", f"a.mp4,{start},{start + length - 1},MS").shots
    assert one.stop == other.stop + other.last_included


@given(st.lists(st.text(max_size=8), min_size=6, max_size=6))
def test_any_cells_are_a_shot_a_fault_or_unanswered(cells):
    from rushes.labels.sheet import Sheet, is_blank

    sheet = Sheet("s", ("video", "start", "stop", "scale", "movement", "split"), (tuple(cells),))
    stated = parse_shot_sheet(sheet, TASKS)
    assert bool(stated.shots) + bool(stated.faults) + stated.unanswered == (not is_blank(cells))


def test_a_file_is_read_by_its_content_and_gives_its_name_as_the_origin(tmp_path: Path):
    path = tmp_path / "by_ann.jsonl"
    path.write_text('{"video": "a.mp4", "start": 3, "stop": 9, "scale": "MS"}\n')
    (shot,) = read_shot_sheet(path, TASKS).shots
    assert (shot.start, shot.stop, shot.origin) == (3, 9, "by_ann")
    path.write_text('{"frame": "a.jpg", "class": "MS"}\n')
    with pytest.raises(SheetError, match="no column names the video"):
        read_shot_sheet(path, TASKS)


def test_an_emptied_file_takes_nothing_back_since_nothing_was_kept(tmp_path: Path):
    path = tmp_path / "shots.csv"
    path.write_text("\n")
    with pytest.raises(SheetError) as raised:
        read_shot_sheet(path, TASKS)
    assert str(raised.value) == "shots.csv: the file is empty"


def test_the_labels_of_real_footage_are_read_as_they_are(media: Path):
    counts = {}
    for name in ("shots_by_eye", "trailer_shots", "asl_clips"):
        stated = read_shot_sheet(media / "labels" / f"{name}.csv", TASKS)
        assert stated.faults == ()
        counts[name] = (len(stated.shots), sum("scale" in shot.classes for shot in stated.shots))
    assert counts == {"shots_by_eye": (64, 51), "trailer_shots": (4, 4), "asl_clips": (20, 20)}
