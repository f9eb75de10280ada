"""Season files: which sheet is whose, and every fault at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import SheetError
from rushes.labels.season import Episode, parse_season, read_season

LINK = "https://docs.google.com/spreadsheets/d/ID/edit?usp=sharing"


def parsed(*entries: Any) -> list[Episode]:
    return parse_season(json.dumps(entries).encode(), name="S01.json", folder=Path("season"))


def faults(*entries: Any) -> list[str]:
    with pytest.raises(SheetError) as raised:
        parsed(*entries)
    return [str(fault) for fault in raised.value.faults]


def entry(**changes: Any) -> dict[str, Any]:
    return {"season_code": "S01", "episode_code": "E01", "spreadsheet_url": LINK} | changes


def test_keys_stand_in_any_order_and_case_with_spaces_and_with_the_prefix_of_google() -> None:
    first, second = parsed(
        {
            "manifest_jl_file": "S01E01.jl",
            "Google Spreadsheet URL": f" {LINK}#gid=3 ",
            "google_share_link": LINK,
            "EPISODE CODE": "e1",
            "Season-Code": "s01",
            "google_spreadsheet_title": "TT S01E01",
        },
        entry(episode_code="E02", spreadsheet_url="sheets/E02.csv", share_link=None),
    )
    assert first == Episode(
        "S01", "E01", "TT S01E01", f"{LINK}#gid=3", Path("season"), "S01.json, entry 1", manifest="S01E01.jl"
    )
    assert (second.code, second.title, second.sheet) == ("S01_E02", "S01_E02", "sheets/E02.csv")


def test_of_two_links_the_one_that_names_a_worksheet_is_taken() -> None:
    assert parsed(entry(share_link=f"{LINK}#gid=5"))[0].sheet.endswith("#gid=5")
    assert parsed(entry(spreadsheet_url=f"{LINK}#gid=4", share_link=LINK))[0].sheet.endswith("#gid=4")
    assert parsed(entry(spreadsheet_url="", share_link=LINK))[0].sheet == LINK


def test_every_fault_is_named_at_once_with_its_entry_and_key() -> None:
    assert faults(
        entry(seson_code="S01"),
        entry(season_code="first", episode_code=""),
        "E03",
        entry(spreadsheet_url=None),
        entry(episode_code="E05", season_code=1),
        entry(google_spreadsheet_url="other.csv"),
        entry(spreadsheet_url="https://docs.google.com/document/d/ID/edit"),
        entry(share_link="https://docs.google.com/spreadsheets/d/OTHER/edit"),
    ) == [
        "S01.json, entry 1, seson_code: there is no such key. Did you mean 'season_code'?",
        "S01.json, entry 2, season_code: is 'first'. Write it as S01",
        "S01.json, entry 2, episode_code: is missing. Write it as E01",
        "S01.json, entry 3: must be an object with the keys season_code, episode_code, spreadsheet_title, "
        "spreadsheet_url, share_link, manifest_jl_file",
        "S01.json, entry 4, spreadsheet_url: is missing, and so is share_link. Give the link of the sheet, or the path "
        "of a file",
        "S01.json, entry 5, season_code: is 1; it must be text in quotes",
        "S01.json, entry 6, google_spreadsheet_url: says otherwise than 'spreadsheet_url' in the same entry. Keep one",
        "S01.json, entry 7, spreadsheet_url: 'https://docs.google.com/document/d/ID/edit': this link leads to no "
        "spreadsheet. Open the sheet and copy its link: https://docs.google.com/spreadsheets/d/ID/edit#gid=0",
        "S01.json, entry 8, share_link: leads to another spreadsheet than spreadsheet_url. Keep one",
    ]


def test_an_episode_that_is_there_twice_and_a_sheet_of_two_episodes_are_faults() -> None:
    assert faults(entry(), entry(episode_code="E02"), entry(spreadsheet_url="c.csv")) == [
        "S01.json, entry 2, spreadsheet_url: the sheet of S01_E01 (S01.json, entry 1) is named here as well. Each "
        "episode has its own",
        "S01.json, entry 3, episode_code: S01_E01 is in S01.json, entry 1 too. Keep one",
    ]
    two_tabs = parsed(
        entry(spreadsheet_url=f"{LINK}#gid=1"), entry(episode_code="E02", spreadsheet_url=f"{LINK}#gid=2")
    )
    assert len(two_tabs) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[{]", "is not JSON (Expecting property name"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b'{"season_code": "S01"}', "must be a list of episodes"),
        (b"[]", "names no episode"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_season_file_is_said_to_be_none(content: bytes, expected: str) -> None:
    with pytest.raises(SheetError) as raised:
        parse_season(content, name="S01.json")
    assert str(raised.value).startswith(f"S01.json: {expected}")


def test_a_season_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="there is no such file"):
        read_season(tmp_path / "S01.json")


def test_a_link_that_is_refused_is_shown_without_its_key() -> None:
    entry = {"season_code": "S01", "episode_code": "E01", "share_link": "https://drive.google.com/uc?resourcekey=hush"}
    with pytest.raises(SheetError, match="leads to no spreadsheet") as raised:
        parse_season(json.dumps([entry]).encode(), name="S01.json")
    assert "hush" not in str(raised.value)


def test_two_links_of_one_entry_that_name_two_worksheets_are_a_fault() -> None:
    assert faults(entry(spreadsheet_url=f"{LINK}#gid=0", share_link=f"{LINK}&gid=5")) == [
        "S01.json, entry 1, share_link: names another worksheet than spreadsheet_url (gid=0 and gid=5). Keep one"
    ]
