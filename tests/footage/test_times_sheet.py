"""Sheets of times: what is understood, and what is said of the rest."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from rushes.errors import SheetError
from rushes.footage.times_sheet import parse_times_sheet, read_times_sheet
from rushes.timecode import Timecode
from rushes.timelines.formats.csv import format_csv
from timelines.shots_by_hand import small_timeline


def values(text: str) -> list[object]:
    return [time.value for time in parse_times_sheet(text, name="times.csv").times]


def faults(text: str) -> list[str]:
    with pytest.raises(SheetError) as error:
        parse_times_sheet(text, name="times.csv")
    return [str(fault) for fault in error.value.faults]


def test_each_unit_is_understood() -> None:
    assert values("timecode\n00:01:04:12\n01-00-00-00\n") == [(64, 12), (3600, 0)]
    assert values("smpte\n01:00:04:12\n01:00:04;12\n") == [Timecode(1, 0, 4, 12), Timecode(1, 0, 4, 12, drop=True)]
    assert values("seconds\n64.5\n0\n") == [Fraction(129, 2), 0]
    assert values("frame\n1548\n") == [1548]
    assert values("pts\n-512\n132096\n") == [-512, 132096]


def test_case_and_spaces_in_the_header_and_the_delimiter_do_not_matter() -> None:
    text = "\n".join(["Note; Source ; TIME CODE", "a; TT_S01_E01 ; 00:00:08:00", "", "b;;00:00:16:00", ";;"])
    asked = parse_times_sheet(text, name="times.csv")
    assert [(time.value, time.source, time.row) for time in asked.times] == [
        ((8, 0), "TT_S01_E01", 2),
        ((16, 0), None, 4),
    ]
    assert values("seconds\tsource\n1,5\tfilm\n") == [Fraction(3, 2)]


def test_all_faulty_rows_are_reported_at_once() -> None:
    said = faults("source,timecode\na,00:00:08:00\na,8 seconds\nb,\nb,00:00:61:00\nb,00:00:01;02\n")
    assert [line.split(":")[0] for line in said] == [f"times.csv, row {row}, timecode" for row in (3, 4, 5, 6)]
    assert "'8 seconds' is not a timecode" in said[0]
    assert "drop-frame" in said[3]
    assert "call the column 'smpte'" in said[3]


def test_a_sheet_of_shots_asks_for_the_first_frame_of_each() -> None:
    text = format_csv(small_timeline())
    for sheet in (text, text.replace(",", ";")):
        asked = parse_times_sheet(sheet, name="shots.csv")
        assert [(time.unit, time.value, time.source, time.row) for time in asked.times] == [
            ("frame", 0, "TT_S01_E01", 2),
            ("frame", 40, "TT_S01_E01", 3),
            ("frame", 70, "TT_S01_E01", 4),
        ]
    (said,) = faults(text.replace("2,40,", "2,forty,"))
    assert said.startswith("times.csv, row 3, start: 'forty' is not the number of a frame")


@pytest.mark.parametrize(
    ("unit", "cells"),
    [
        ("seconds", ["-1", "1/2", "1e9", "nan", "one", "1.", "9" * 40]),
        ("frame", ["-1", "1.5", "1_000", "9" * 5000]),
        ("pts", ["1.5", "x", "--1"]),
        ("timecode", ["8", "00:00:08", "00:00:08:0", "ab:cd:ef:gh"]),
    ],
)
def test_what_is_not_of_its_unit_is_a_fault(unit: str, cells: list[str]) -> None:
    said = faults("\n".join([unit, *cells]))
    assert len(said) == len(cells)
    assert all("Allowed: " in line for line in said)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("tmecode,source", "Did you mean 'timecode'?"),
        ("source", "only none"),
        ("", "only none"),
        ("timecode,seconds", "names 'timecode' and 'seconds'"),
        ("frame,Frame", "names 'frame' twice"),
        ("frame,source,SOURCE", "names 'source' twice"),
    ],
)
def test_a_header_without_one_column_of_times_is_refused(header: str, message: str) -> None:
    (said,) = faults(f"{header}\n1,1\n")
    assert said.startswith("times.csv, row 1: the header names")
    assert message in said


def test_a_sheet_without_rows_and_one_with_an_open_quotation_mark_are_refused() -> None:
    assert faults("seconds\n\n") == ["times.csv: holds no rows below its header"]
    assert "quotation marks" in faults('seconds\n"1\n2\n')[0]


def test_a_file_with_a_byte_order_mark_is_read_and_a_missing_or_binary_one_refused(tmp_path: Path) -> None:
    sheet = tmp_path / "times.csv"
    sheet.write_bytes(b"\xef\xbb\xbfframe\r\n3\r\n")
    assert [time.value for time in read_times_sheet(sheet).times] == [3]
    sheet.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SheetError, match="UTF-8"):
        read_times_sheet(sheet)
    with pytest.raises(SheetError, match="Check the name"):
        read_times_sheet(tmp_path / "gone.csv")
