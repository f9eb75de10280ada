from __future__ import annotations

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.catalogued import film_frames, photograph
from rushes.errors import Fault
from rushes.labels.columns import plan_columns
from rushes.labels.frame_index import FrameIndex, FrameRef
from rushes.labels.parse import Parsed, parse_labels
from rushes.labels.sheet import Sheet
from rushes.labels.sheets.files import read_sheets
from rushes.project import Task

NOW = "2026-11-20T12:00:00Z"
RARITY = Task(
    "rarity", ("Junk", "Common", "Uncommon", "Rare", "Legendary"), aliases={"Trash": "Junk"}, ignore=("none", "n/a")
)
SCALE = Task("scale", ("ECS", "CS", "MS", "FS", "LS"), ignore=("none",))
EPISODE = film_frames("/films/TT_S01_E01.mp4", range(0, 24 * 40, 24 * 8))
FILM = film_frames("/films/film.mp4", range(0, 100, 10))


def a_sheet(*rows: str, name: str = "labels.csv") -> Sheet:
    header, *body = (tuple(row.split("|")) for row in rows)
    return Sheet(name, header, tuple(body), key=name)


def parse(
    sheet: Sheet,
    refs: list[FrameRef],
    task: Task = SCALE,
    *,
    mapping: dict[str, str] | None = None,
    origin: str = "sheet",
) -> Parsed:
    columns = plan_columns(sheet.columns, mapping or {}, sheet=sheet.name, task_name=task.name)
    return parse_labels(sheet, task, columns, FrameIndex(refs), default_origin=origin, now=NOW)


def stated(parsed: Parsed) -> list[tuple[str, str | None, str]]:
    return [(label.frame, label.class_name, label.origin) for label in parsed.labels]


def test_a_row_may_state_subjects_alone_and_rows_of_one_frame_are_united():
    sheet = a_sheet(
        "frame|class|METADATA",
        f"{FILM[0].name}|MS|car, night",
        f"{FILM[1].name}||rain",
        f"{FILM[1].name}||Rain; sea",
        f"{FILM[2].name}|LS|",
    )
    parsed = parse(sheet, FILM)
    assert parsed.faults == parsed.unmatched == parsed.without_frames == ()
    assert parsed.subjects == {FILM[0].id: ("car", "night"), FILM[1].id: ("rain", "sea")}
    assert len(parsed.labels) == 2
    assert parsed.silent_count == 2


def test_subjects_of_frames_that_are_not_there_hide_no_label():
    sheet = a_sheet("video|ordinal|class|tags", "film|0|MS|car", "film|5||sea", "film|x||sea", "film|7|LS|rain")
    parsed = parse(sheet, FILM)
    assert [fault.row for fault in parsed.without_frames] == [3, 4]
    assert [fault.row for fault in parsed.unmatched] == [5]
    assert parsed.faults == ()
    assert parsed.subjects == {FILM[0].id: ("car",)}


def test_a_range_has_the_subjects_of_its_row():
    parsed = parse(a_sheet("video|start|last|class|tags", "film|0|25||car"), FILM)
    assert parsed.subjects == {ref.id: ("car",) for ref in FILM[:3]}


def test_a_sheet_without_such_a_column_says_nothing_of_subjects():
    assert not parse(a_sheet("frame|class", f"{FILM[0].name}|MS"), FILM).has_subjects


def test_an_episode_sheet_gives_a_label_per_origin():
    sheet = a_sheet(
        "https://bucket.example/S01/|FRAME NUMBER|UNSUPERVISED CLASSIFICATION|SUPERVISED CLASSIFICATION|"
        "JONNY's RECLASSIFICATION",
        f"|{EPISODE[0].name}|common|Rare|",
        f"|{EPISODE[1].name}|TRASH|n/a| Legendary ",
        "||||",
        f"|{EPISODE[2].name}|||",
    )
    parsed = parse(sheet, EPISODE, RARITY)
    assert stated(parsed) == [
        (EPISODE[0].id, "Common", "unsupervised"),
        (EPISODE[0].id, "Rare", "supervised"),
        (EPISODE[1].id, "Junk", "unsupervised"),
        (EPISODE[1].id, "Legendary", "jonny"),
    ]
    assert (parsed.faults, parsed.unmatched) == ((), ())
    assert (parsed.row_count, parsed.silent_count) == (3, 1)
    assert parsed.origins == {"unsupervised", "supervised", "jonny"}
    assert parsed.labels[0].place == "labels.csv, row 2"
    assert (parsed.labels[0].sheet, parsed.labels[0].stated_at, parsed.labels[0].task) == ("labels.csv", NOW, "rarity")


def test_every_faulty_row_is_reported_at_once_and_hides_no_good_one():
    sheet = a_sheet(
        "FRAME NUMBER|SUPERVISED CLASSIFICATION|JONNY's RECLASSIFICATION",
        f"{EPISODE[0].name}|Legendry|Rare",
        "|Rare|",
        f"{EPISODE[1].name}|Rare|sepia",
        f"{EPISODE[2].name}|Common|",
        f"{EPISODE[2].name}|Rare|",
        f"{EPISODE[3].name}|Rare||and a cell too many",
        f"{EPISODE[4].name}|Rare|",
        name="S01E01.xlsx",
    )
    parsed = parse(sheet, EPISODE, RARITY)
    assert [str(fault) for fault in parsed.faults] == [
        "S01E01.xlsx, row 2, SUPERVISED CLASSIFICATION: 'Legendry' is not a class of rarity. Did you mean 'Legendary'?",
        "S01E01.xlsx, row 3, FRAME NUMBER: the cell is empty, so nobody knows which frame the row is about",
        "S01E01.xlsx, row 4, JONNY's RECLASSIFICATION: 'sepia' is not a class of rarity. "
        "Allowed: 'Junk', 'Common', 'Uncommon', 'Rare', 'Legendary', 'Trash'.",
        f"S01E01.xlsx, row 6, SUPERVISED CLASSIFICATION: 'Rare' for {EPISODE[2].name}, but 'Common' in row 5, "
        "both of origin 'supervised'. Keep one",
        "S01E01.xlsx, row 7: the row has 4 cells and the header 3. "
        "Put quotation marks around a cell that holds the mark between cells",
    ]
    assert stated(parsed) == [
        (EPISODE[0].id, "Rare", "jonny"),
        (EPISODE[1].id, "Rare", "supervised"),
        (EPISODE[4].id, "Rare", "supervised"),
    ]


def test_rows_of_frames_that_are_not_catalogued_are_counted_apart_with_the_nearest_name():
    sheet = a_sheet("frame|class", f"{EPISODE[0].name}|Rare", "TT_S01_E01_FRM-00-00-09-00|Rare", "other|", "other|Rare")
    parsed = parse(sheet, EPISODE, RARITY)
    assert len(parsed.labels) == 1
    assert parsed.faults == ()
    assert [str(fault) for fault in parsed.unmatched] == [
        "labels.csv, row 3, frame: 'TT_S01_E01_FRM-00-00-09-00' is not in the catalog. "
        "The nearest is 'TT_S01_E01_FRM-00-00-08-00'",
        "labels.csv, row 5, frame: 'other' is not in the catalog",
    ]


def test_an_ambiguous_frame_is_a_fault():
    pictures = [photograph("/a/shot1.png"), photograph("/b/shot1.png", name="shot1-2")]
    parsed = parse(a_sheet("file|scale", "shot1.png|MS", "b/shot1.png|CS"), pictures)
    assert "fits 2 frames" in parsed.faults[0].message
    assert stated(parsed) == [(pictures[1].id, "CS", "sheet")]


def test_the_same_statement_twice_is_one_label():
    parsed = parse(a_sheet("file|scale", f"{FILM[0].name}|MS", f"{FILM[0].image}|ms"), FILM)
    assert len(parsed.labels) == 1
    assert parsed.faults == ()


def test_a_range_labels_the_catalogued_frames_in_it():
    mapping = {"video": "source", "from": "start", "to": "last", "scale": "class"}
    sheet = a_sheet("video|from|to|scale", "film.mp4|0|20|MS", "film|21.0|29|CS", "film.mp4|30|30|LS")
    parsed = parse(sheet, FILM, mapping=mapping)
    assert stated(parsed) == [
        (FILM[0].id, "MS", "sheet"),
        (FILM[1].id, "MS", "sheet"),
        (FILM[2].id, "MS", "sheet"),
        (FILM[3].id, "LS", "sheet"),
    ]
    assert [fault.message for fault in parsed.unmatched] == ["no frame of 'film' from 21 to 29 is in the catalog"]
    exclusive = parse(a_sheet("video|start|stop|scale", "film.mp4|0|20|MS"), FILM)
    assert [label.frame for label in exclusive.labels] == [FILM[0].id, FILM[1].id]


def test_ranges_that_overlap_with_two_classes_are_one_fault_per_pair():
    sheet = a_sheet("video|start|stop|scale", "film|0|50|MS", "film|20|60|CS", "film|60|70|CS")
    parsed = parse(sheet, FILM)
    [fault] = parsed.faults
    assert fault.row == 3
    assert f"'CS' for {FILM[2].name} and 2 more frames, but 'MS' in row 2" in fault.message
    assert [label.frame for label in parsed.labels] == [FILM[0].id, FILM[1].id, FILM[5].id, FILM[6].id]


@pytest.mark.parametrize(
    ("start", "last", "says"),
    [
        ("x", "5", "'x' is not a frame's number"),
        ("0", "", "the cell is empty"),
        ("-1", "5", "'-1' is not a frame's number"),
        ("1.5", "5", "'1.5' is not a frame's number"),
        ("1,000", "5", "'1,000' is not a frame's number"),
        ("9", "5", "the range ends at '5' before it starts at '9'"),
        ("9" * 5000, "5", "is not a frame's number"),
    ],
)
def test_a_bad_number_is_a_fault(start: str, last: str, says: str):
    parsed = parse(a_sheet("video|start|last|scale", f"film|{start}|{last}|MS"), FILM)
    assert says in parsed.faults[0].message
    assert parsed.labels == ()


def test_a_source_alone_labels_all_its_frames():
    parsed = parse(a_sheet("video|scale", "films/film.mp4|MS", "absent.mp4|CS"), FILM)
    assert [label.frame for label in parsed.labels] == [ref.id for ref in FILM]
    assert parsed.unmatched[0].message.startswith("the source 'absent.mp4' has no frame in the catalog")


@pytest.mark.parametrize(
    ("column", "cell"),
    [("ordinal", "10"), ("ordinal", "10.0"), ("timecode", "00:00:00:10"), ("seconds", "0.417"), ("seconds", "0,42"),
     ("seconds", "00:00.42"), ("frame", "10")],
)  # fmt: skip
def test_a_position_in_a_source_is_one_frame(column: str, cell: str):
    parsed = parse(a_sheet(f"film|{column}|scale", f"film.mp4|{cell}|MS"), FILM)
    assert [label.frame for label in parsed.labels] == [FILM[1].id], parsed


@pytest.mark.parametrize("cell", ["0", "0.0", "00:00", "0s", "00:00:00"])
def test_the_first_frame_is_at_zero_seconds(cell: str):
    parsed = parse(a_sheet("film|seconds|scale", f"film.mp4|{cell}|MS"), FILM)
    assert [label.frame for label in parsed.labels] == [FILM[0].id], parsed


@pytest.mark.parametrize("cell", ["soon", "1,500", "nan", "1e99999999", "-1"])
def test_a_bad_time_is_a_fault(cell: str):
    assert "is not a time" in parse(a_sheet("film|seconds|scale", f"film|{cell}|MS"), FILM).faults[0].message


def test_a_drop_frame_timecode_is_a_fault():
    assert "drop-frame" in parse(a_sheet("film|tc|scale", "film|00:00:00;10|MS"), FILM).faults[0].message


def test_a_timecode_that_may_mean_two_frames_is_a_fault_of_its_row():
    film = film_frames("/films/film.mp4", [0, 24000], rate=Fraction(24000, 1001))
    parsed = parse(a_sheet("film|tc|scale", "film|00:16:41:00|MS", "film|00:00:00:00|CS"), film)
    [fault] = parsed.faults
    assert (fault.row, fault.column) == (2, "tc")
    assert "Give ordinals or seconds" in fault.message
    assert stated(parsed) == [(film[0].id, "CS", "sheet")]


def test_a_sheet_is_whole_only_where_every_row_was_understood():
    good = f"{FILM[0].name}|MS"
    assert parse(a_sheet("frame|scale", good), FILM).is_whole
    assert not parse(a_sheet("frame|scale", good, "elsewhere|MS"), FILM).is_whole
    assert not parse(a_sheet("frame|scale", good, f"{FILM[1].name}|XS"), FILM).is_whole


def test_a_number_of_a_frame_without_its_source_gets_advice():
    [fault] = parse(a_sheet("frame|scale", "10|MS"), FILM).unmatched
    assert "needs a column that names its source" in fault.message


def test_an_origin_column_names_the_origin_row_by_row():
    sheet = a_sheet(
        "frame|scale|origin", f"{FILM[0].name}|MS| Jonny ", f"{FILM[0].name}|CS|", f"{FILM[1].name}|CS|model:X"
    )
    parsed = parse(sheet, FILM, origin="Supervised")
    assert stated(parsed) == [
        (FILM[0].id, "MS", "jonny"),
        (FILM[0].id, "CS", "supervised"),
        (FILM[1].id, "CS", "model:X"),
    ]
    assert parsed.origins is None


def test_a_group_column_says_which_group_a_source_is_in():
    sheet = a_sheet("video|scale|person", "film|MS|p1", "TT_S01_E01|none|p2", "film||p3", "film|MS|p1")
    parsed = parse(sheet, [*FILM, *EPISODE], mapping={"person": "group"})
    assert parsed.groups == {FILM[0].source_id: "p1", EPISODE[0].source_id: "p2"}
    [fault] = parsed.faults
    assert str(fault) == "labels.csv, row 4, person: film is in the group 'p1' in row 2 and in 'p3' here. Keep one"


def test_ten_thousand_unknown_frames_are_reported_with_a_few_suggestions():
    sheet = a_sheet("frame|scale", *(f"missing_{number}|MS" for number in range(10_000)))
    parsed = parse(sheet, FILM)
    assert len(parsed.unmatched) == 10_000


MCU = Task("mcu", ("no", "yes"))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("task", [SCALE, MCU], ids=["scale", "mcu"])
def test_the_shots_labelled_by_eye_import_by_a_stated_mapping(media: Path, task: Task):
    path = media / "labels" / "shots_by_eye.csv"
    rows = rows_of(path)
    lengths = {row["video"]: 1 + max(int(r["end_frame"]) for r in rows if r["video"] == row["video"]) for row in rows}
    refs = [ref for video, length in lengths.items() for ref in film_frames(f"/m/videos/{video}", range(0, length, 5))]
    [sheet] = read_sheets(path)
    mapping = {"video": "source", "start_frame": "start", "end_frame": "last", task.name: "class"}
    parsed = parse(sheet, refs, task, mapping=mapping, origin="eye")
    assert parsed.faults == ()
    by_frame = {label.frame: label.class_name for label in parsed.labels}
    for row in rows:
        within = [ref for ref in refs if ref.source_path.endswith(f"/{row['video']}")
                  and int(row["start_frame"]) <= ref.ordinal <= int(row["end_frame"])]  # fmt: skip
        wanted = None if row[task.name] == "none" else row[task.name]
        assert {by_frame.get(ref.id) for ref in within} <= {wanted}


@pytest.mark.parametrize("task", [SCALE, MCU], ids=["scale", "mcu"])
def test_the_talk_show_frames_import_by_a_stated_mapping(media: Path, task: Task):
    path = media / "labels" / "woman_talkshow_frames.csv"
    rows = rows_of(path)
    refs = [photograph(f"/elsewhere/{row['file']}") for row in rows]
    [sheet] = read_sheets(path)
    parsed = parse(sheet, refs, task, mapping={"file": "frame", task.name: "class"}, origin="eye")
    assert (parsed.faults, parsed.unmatched) == ((), ())
    assert [label.class_name for label in parsed.labels] == [row[task.name] for row in rows if row[task.name] != "none"]


def test_the_signed_clips_import_as_whole_sources(media: Path):
    path = media / "labels" / "asl_clips.csv"
    rows = rows_of(path)
    refs = [ref for row in rows for ref in film_frames(f"/m/videos/{row['video']}", range(3))]
    [sheet] = read_sheets(path)
    mapping = {"video": "source", "scale": "class", "person": "group"}
    parsed = parse(sheet, refs, mapping=mapping, origin="eye")
    assert (parsed.faults, parsed.unmatched) == ((), ())
    assert len(parsed.labels) == len(refs)
    assert sorted(set(parsed.groups.values())) == sorted({row["person"] for row in rows})


def test_a_picture_that_was_copied_elsewhere_is_found_by_its_content():
    photo = photograph("/shoots/sunday/0001.png")
    refs = [replace(photo, sha256="ab" * 32), replace(photograph("/shoots/monday/0002.png"), sha256="cd" * 32)]
    rows = (("/set/Rare/0001.png", "MS"), ("/set/Rare/0002.png", "LS"), ("/set/Rare/0003.png", "LS"))
    digests = (photo.source_id + "0" * 48, "cd" * 32, "ef" * 32)
    entries = ("Rare/0001.png", "Rare/0002.png", "Rare/0003.png")
    sheet = Sheet("set", ("file", "class"), rows, key="set", first_row=1, entries=entries, digests=digests)
    parsed = parse(sheet, refs)
    assert [(label.frame, label.place) for label in parsed.labels] == [
        (refs[0].id, "set, Rare/0001.png"),
        (refs[1].id, "set, Rare/0002.png"),
    ]
    assert [str(fault) for fault in parsed.unmatched] == [
        "set, Rare/0003.png, file: '/set/Rare/0003.png' is not in the catalog. Did you mean '0002'?"
    ]


def test_a_copy_that_may_be_of_two_frames_is_of_neither():
    refs = [replace(photograph(f"/shoots/{day}/{day}.png"), sha256="ab" * 32) for day in ("sunday", "monday")]
    sheet = Sheet("set", ("file", "class"), (("/set/x.png", "MS"),), digests=("ab" * 32,))
    assert len(parse(sheet, refs).unmatched) == 1


def test_faults_of_a_sheet_come_first_and_a_number_says_how_to_name_it():
    broken = Fault("x.json", None, None, "it has no data", entry="task 1")
    sheet = Sheet("x.json", ("frame", "class"), ((FILM[0].name, "3"),), entries=("task 2",), faults=(broken,))
    parsed = parse(sheet, FILM)
    assert [str(fault) for fault in parsed.faults] == [
        "x.json, task 1: it has no data",
        "x.json, task 2, class: '3' is not a class of scale. Allowed: 'ECS', 'CS', 'MS', 'FS', 'LS'. If it is the "
        'number of a class, say of which in rushes.toml, [tasks.scale.aliases], for example "3" = "ECS"',
    ]


def test_a_row_that_is_refused_states_nothing_and_hides_no_other_fault_of_it():
    sheet = a_sheet("frame|scale", f"{FILM[0].name}|LS", f"{FILM[1].name}|XL", f"{FILM[2].name}|", f"{FILM[3].name}|MS")
    refused = {row: Fault("labels.csv", row, "frame", "of another episode") for row in (2, 3, 4)}
    columns = plan_columns(sheet.columns, {}, task_name="scale")
    parsed = parse_labels(sheet, SCALE, columns, FrameIndex(FILM), default_origin="sheet", now=NOW, refused=refused)
    assert stated(parsed) == [(FILM[3].id, "MS", "sheet")]
    assert [(fault.row, fault.column) for fault in parsed.faults] == [
        (2, "frame"), (3, "frame"), (3, "scale"), (4, "frame")
    ]  # fmt: skip
    assert not parsed.is_whole


WORDS = ("TT_S01_E01_FRM-00-00-08-00", "tt_s01_e01_frm-00-00-08-00.JPG", "TT_S01_E01_FRM-00-00-16-00.png", "film",
         "frames/TT_S01_E01/TT_S01_E01_FRM-00-00-16-00.jpg", " TT_S01_E01_FRM-00-00-00-00 ", "shot.one", "shot",
         "TT_S01_E01_FRM-00-00-24-00", "nowhere", "", EPISODE[4].id)  # fmt: skip
ANSWERS = ("Rare", "rare ", "Trash", "none", "", "Legendry")


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), *[st.sampled_from(ANSWERS)] * 2, st.sampled_from(("", " ", "a cat"))),
             max_size=12),
    st.booleans(),
)  # fmt: skip
def test_rows_of_plain_words_are_read_as_they_would_be_one_by_one(rows: list[tuple[str, ...]], is_numbered: bool):
    refs = [*EPISODE, photograph("/a/shot.jpg"), photograph("/a/shot.one.png")]
    header = ("frame", "SUPERVISED CLASSIFICATION", "class", "subjects")
    entries = tuple(f"task {number}" for number, _ in enumerate(rows)) if is_numbered else ()
    at_once = Sheet("labels.csv", header, tuple(rows), key="labels.csv", entries=entries)
    # Where a column says when each row was stated, every row is read by itself.
    one_by_one = replace(at_once, columns=(*header, "stated_at"), rows=tuple((*row, "") for row in rows))
    mapping = {"SUPERVISED CLASSIFICATION": "class:supervised", "class": "class"}
    assert parse(at_once, refs, RARITY, mapping=mapping) == parse(one_by_one, refs, RARITY, mapping=mapping)
