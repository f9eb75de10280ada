"""Sheets at other addresses than Google's."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushes.errors import SheetError, UsageError
from rushes.labels.sheets.anywhere import WantedSheet, read_each, read_sheets_at
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
