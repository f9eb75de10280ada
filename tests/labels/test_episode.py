"""Episode sheets: their header, and the name of the frame in every row."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SheetError
from rushes.labels.episode import EpisodeSheet, parse_episode, parse_name, seems_to_be_of_episode
from rushes.labels.season import Episode
from rushes.labels.sheet import sheet_of_rows
from rushes.timecode import Timecode, format_frame_name

EPISODE = Episode("S01", "E01", "TT S01E01", "E01.csv", Path())
HEADER = [
    "ROW_INDEX",
    "FRAME NUMBER",
    "UNSUPERVISED CLASSIFICATION",
    "SUPERVISED CLASSIFICATION",
    "JONNY's RECLASSIFICATION",
    "METADATA",
]
BASE = "https://studio.s3.amazonaws.com/S01/E01/"


def checked(
    rows: Sequence[Sequence[str]],
    *,
    header: Sequence[str] = HEADER,
    known: dict[str, str] | None = None,
    rates: dict[str, Fraction] | None = None,
) -> EpisodeSheet:
    sheet = sheet_of_rows([header, *rows], name="E01", key="E01.csv")
    assert sheet is not None
    return parse_episode(sheet, EPISODE, known=known or {}, rates=rates or {})


def frame(seconds: int, frames: int = 0, *, stem: str = "TT_S01_E01") -> str:
    return format_frame_name(stem, Timecode(0, 0, seconds, frames))


def faults(header: Sequence[str], *rows: Sequence[str], known: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SheetError) as raised:
        checked(rows or [["1", frame(1)]], header=header, known=known)
    return [str(fault) for fault in raised.value.faults]


def test_columns_are_found_by_name_in_any_order_case_and_spacing() -> None:
    header = ["metadata", "Jonny's reclassification ", "frame  number", "Supervised_Classification",
              "unsupervised classification"]  # fmt: skip
    found = checked([["", "", frame(1), "Rare", ""]], header=header)
    assert found.columns.frame is not None
    assert found.columns.frame.name == "frame  number"
    assert {item.origin for item in found.columns.classes} == {"unsupervised", "supervised", "jonny"}
    assert (found.stem, found.base, found.refused, found.notes) == ("TT_S01_E01", "", {}, ())
    assert found.frames == {2: Timecode(0, 0, 1, 0)}


def test_a_renamed_column_is_named_with_the_one_that_looks_like_it() -> None:
    header = [*HEADER[:3], "SUPERVISED CLASIFICATION", "REMARKS", "METADATA"]
    found = ", ".join(f"'{name}'" for name in header)
    assert faults(header) == [
        "E01, row 1, SUPERVISED CLASSIFICATION: there is no column of this name. 'SUPERVISED CLASIFICATION' looks like "
        f"it: call it 'SUPERVISED CLASSIFICATION' again. Found: {found}",
        "E01, row 1, JONNY's RECLASSIFICATION: there is no column of this name. Call the column 'JONNY's "
        f"RECLASSIFICATION' again. Found: {found}",
    ]
    assert "'FRAME NUMBR' looks like it" in faults(["ROW_INDEX", "FRAME NUMBR", *HEADER[2:]])[0]


def test_the_project_may_give_columns_and_origins_other_names() -> None:
    header = ["SHOT", "ANN SAYS"]
    found = checked([[frame(1), "Rare"]], header=header, known={"shot": "frame", "ann says": "class:ann"})
    assert [item.origin for item in found.columns.classes] == ["ann"]
    assert "ANN SAYS" in faults(["SHOT", "BEN SAYS"], known={"SHOT": "frame", "ANN SAYS": "class:ann"})[0]


def test_a_worksheet_of_notes_is_none_of_an_episode() -> None:
    notes = sheet_of_rows([["date", "what"], ["today", "all"]], name="Notes", key="n")
    assert notes is not None
    assert not seems_to_be_of_episode(notes, {})


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ([BASE, *HEADER[1:]], ["1", frame(1), "", "", "", ""]),
        ([*HEADER, "S3_BASE_URL"], ["1", frame(1), "", "", "", "", BASE]),
        ([*HEADER, "s3 base url"], ["1", frame(1), "", "", "", "", BASE.rstrip("/")]),
        ([BASE.rstrip("/"), *HEADER[1:], "S3_BASE_URL"], ["1", frame(1), "", "", "", "", BASE]),
    ],
)
def test_the_base_url_stands_in_a_header_or_in_its_column(header: list[str], row: list[str]) -> None:
    assert checked([row], header=header).base.rstrip("/") == BASE.rstrip("/")


def test_two_base_urls_are_a_fault() -> None:
    rows = [["1", frame(1), "", "", "", "", BASE], ["2", frame(2), "", "", "", "", "s3://other/"]]
    assert faults([*HEADER, "S3_BASE_URL"], *rows) == [
        f"E01, row 3, S3_BASE_URL: 's3://other/' is another base URL than '{BASE}' in row 2. An episode has one; "
        "keep one"
    ]


def test_a_base_url_under_a_misspelt_header_is_pointed_at() -> None:
    notes = checked([["1", frame(1), "", "", "", "", BASE]], header=[*HEADER, "S3_BASE_URI"]).notes
    assert "'S3_BASE_URI' looks like it: call it 'S3_BASE_URL' again" in str(notes[0])


def test_an_empty_sheet_is_a_fault_so_that_nothing_is_withdrawn_for_it() -> None:
    assert faults(HEADER, ["", ""]) == ["E01: the sheet has a header and no row. Put its rows back"]


def test_every_wrong_name_of_a_frame_is_named_with_its_row_and_what_to_do() -> None:
    found = checked(
        [
            ["1", frame(1)],
            ["2", "TT_S01_E01_FRM-00-00-08"],
            ["3", "TT_S01_E02_FRM-00-00-01-00"],
            ["4", "TT_S01_E01_FRM-00-60-01-00"],
            ["5", "TT_S01_E01_FRM-00-00-01-24"],
            ["6", "XX_S01_E01_FRM-00-00-01-00"],
            ["7", "TT-S01E01_FRM-00-00-01-00"],
            ["8", frame(2)],
        ]
    )
    assert [str(fault) for fault in found.refused.values()] == [
        "E01, row 3, FRAME NUMBER: 'TT_S01_E01_FRM-00-00-08' is not a frame name. Allowed: TT_S01_E01_FRM-HH-MM-SS-FF",
        "E01, row 4, FRAME NUMBER: 'TT_S01_E02_FRM-00-00-01-00' is a frame of S01_E02, and this is the sheet of "
        "S01_E01. Move the row to the sheet of S01_E02, or correct the name",
        "E01, row 5, FRAME NUMBER: 'TT_S01_E01_FRM-00-60-01-00' is not a frame name: minutes and seconds (HH-MM-SS-FF) "
        "are below 60",
        "E01, row 6, FRAME NUMBER: 'TT_S01_E01_FRM-00-00-01-24' has frame 24 in its second, and at 24 frames per "
        "second they are 00 to 23. Correct the name",
        "E01, row 7, FRAME NUMBER: 'XX_S01_E01_FRM-00-00-01-00' begins with 'XX', and most names of this sheet with "
        "'TT'. Correct the name",
        "E01, row 8, FRAME NUMBER: 'TT-S01E01_FRM-00-00-01-00' is not the name of a frame of an episode. Write it as "
        "TT_S01_E01_FRM-HH-MM-SS-FF",
    ]
    assert sorted(found.frames) == [2, 9]


def test_the_rate_of_a_film_that_is_known_decides_how_many_frames_a_second_has() -> None:
    rows = [["1", frame(1, 24)], ["2", frame(1, 29)], ["3", frame(1, 30)]]
    assert sorted(checked(rows, rates={"tt_s01_e01": Fraction(30000, 1001)}).refused) == [4]
    assert sorted(checked(rows).refused) == [2, 3, 4]


def test_row_indexes_that_skip_fall_or_are_none_are_noted() -> None:
    notes = checked(
        [[index, frame(second)] for second, index in enumerate(["1", "2", "4", "3", "x", "", "1,000"])]
    ).notes
    assert [str(note) for note in notes] == [
        "E01, row 4, ROW_INDEX: 4 follows 2: rows are missing between them",
        "E01, row 5, ROW_INDEX: 3 follows 4: rows were moved or doubled",
        "E01, row 6, ROW_INDEX: 'x' is no number",
        "E01, row 8, ROW_INDEX: 1000 follows 3: rows are missing between them",
    ]
    many = checked([[str(2 * index), frame(index)] for index in range(20)]).notes
    assert len(many) == 6
    assert str(many[-1]) == "E01, ROW_INDEX: … and 14 more rows of that kind"


def test_a_frame_that_is_there_twice_is_noted_where_its_rows_agree() -> None:
    rows = [
        ["1", frame(1), "Rare", "", ""],
        ["2", frame(1).lower() + ".jpg", "rare ", "Common", ""],
        ["3", frame(2), "Rare"],
        ["4", frame(2), "Common"],
    ]
    notes = checked(rows).notes
    assert [str(note) for note in notes] == [
        "E01, row 3, FRAME NUMBER: the frame of row 2 again, with the same classes. One of the rows can go"
    ]


@given(
    st.integers(0, 99),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 59),
    st.sampled_from(["", ".jpg", ".PNG"]),
    st.sampled_from(["", "frames/", "https://host/a/", "C:\\"]),
    st.booleans(),
)
def test_a_name_is_read_back_whatever_its_case_folder_and_extension(
    hours: int, minutes: int, seconds: int, frames: int, extension: str, folder: str, lower: bool
) -> None:
    timecode = Timecode(hours, minutes, seconds, frames)
    name = format_frame_name("TT_S03_E12", timecode)
    read = parse_name(f" {folder}{name.lower() if lower else name}{extension} ")
    assert (read.season, read.episode, read.timecode, read.is_repeat) == (3, 12, timecode, False)
    assert read.show.upper() == "TT"


def test_one_of_several_frames_in_a_slot_is_known_and_not_registered() -> None:
    found = checked([["1", frame(1)], ["2", f"{frame(1)}.2"]])
    assert (sorted(found.frames), found.refused) == ([2], {})
