"""Sheets at other addresses than Google's."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.loopback_s3 import Store, environment, s3_here

from rushes.errors import ExpiredKeysError, SheetError, UsageError
from rushes.labels.sheets.anywhere import WantedSheet, read_each, read_sheets_at, shown
from storage.folders import reached_by
from storage.servers import web_server

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")


def test_a_sheet_on_a_web_server_is_read_and_known_without_its_signature() -> None:
    with web_server() as web:
        place = web.put("/labels/E01.csv", b"frame,class\n007,Rare\n")
        (sheet,) = read_sheets_at(f"{place}?signature=hush")
        assert (sheet.name, sheet.key, sheet.rows) == ("E01.csv", place, (("007", "Rare"),))
        with pytest.raises(SheetError, match="there is no such file on the server") as raised:
            read_sheets_at(f"{web.base}/gone.csv?signature=hush")
        assert "hush" not in str(raised.value)


def test_a_path_starts_at_its_folder_and_what_is_no_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "E01.csv").write_text("frame,class\na,Rare\n")
    here, nowhere = read_each(
        [WantedSheet("E01.csv", folder=tmp_path), WantedSheet("ftp://host/a.csv", "E02")], root=tmp_path
    )
    assert isinstance(here, list)
    assert (here[0].key, here[0].rows) == ("E01.csv", (("a", "Rare"),))
    assert str(nowhere).startswith("E02: ftp://…: rushes does not read 'ftp://'")
    with pytest.raises(UsageError):
        read_sheets_at("ftp://host/a.csv")


def test_sheets_that_one_address_gives_are_told_apart_by_what_picks_them_and_not_by_signatures() -> None:
    with web_server() as web:
        place = web.put("/export.csv", b"frame,class\n007,Rare\n")

        def key(query: str) -> str:
            (sheet,) = read_sheets_at(f"{place}?{query}")
            assert sheet.key.startswith(place)
            return sheet.key

        keys = [key("sheet=1"), key("sheet=2"), key("sheet=")]
        assert len({*keys, place}) == 4
        assert key("sheet=1&x=y") == key("x=y&sheet=1") not in keys
        signed = (
            "X-Amz-Signature=a&X-Amz-Date=b", "Expires=1&Signature=a&Key-Pair-Id=K&Policy=p", "token=a",
            "sv=2024&se=2026&sp=r&sig=a", "X-Goog-Expires=9&x-goog-signature=a", "AWSAccessKeyId=a&Signature=b",
        )  # fmt: skip
        for query in signed:
            assert key(query) == place
            assert key(f"sheet=1&{query}") == keys[0]
        assert key("st=1") != key("st=2")  # Azure's words mean a signature beside one alone


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("https://docs.google.com/spreadsheets/d/S1?key=hush#gid=3", "docs.google.com/spreadsheets/d/S1#gid=3"),
        ("https://drive.google.com/uc?id=1&resourcekey=hush", "https://drive.google.com/uc?…"),
        ("https://host/a.csv?sig=hush", "https://host/a.csv?…"),
        ("https://me:hush@host/a.csv", "https://…"),
        ("sheets/what?.csv", "sheets/what?.csv"),
        ("s3://bucket/a.csv", "s3://bucket/a.csv"),
    ],
)  # fmt: skip
def test_a_place_is_shown_without_what_opens_it(place: str, expected: str) -> None:
    assert shown(place) == expected
    if "drive" in place:
        assert "hush" not in str(next(read_each([WantedSheet(place)])))
        with pytest.raises(SheetError) as raised:
            read_sheets_at(place)
        assert "hush" not in str(raised.value)


def test_keys_that_have_expired_are_said_once_and_not_of_each_sheet() -> None:
    store = Store({"films": {}})
    store.refuse = lambda *_: "ExpiredToken"
    with (
        s3_here(store) as endpoint,
        reached_by(environment(endpoint)),
        pytest.raises(ExpiredKeysError, match="s3://films/: the keys have expired"),
    ):
        list(read_each([WantedSheet(f"s3://films/{number}.csv") for number in range(3)]))
