"""Timelines as files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rushes.timelines.formats.files import FORMATS, write_timeline
from timelines.shots_by_hand import small_timeline


@pytest.mark.parametrize("extension", FORMATS)
def test_the_extension_chooses_the_format(extension: str, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / f"Ночь{extension.upper()}"
    write_timeline(small_timeline("/films/Ночь.mov"), path)
    written, formatted = path.read_text(encoding="utf-8"), FORMATS[extension](small_timeline("/films/Ночь.mov"), ())
    if extension == ".eaf":  # says when it was written, and where the film is from there
        stated = r' (DATE|RELATIVE_MEDIA_URL)="[^"]*"'
        written, formatted = re.sub(stated, "", written), re.sub(stated, "", formatted)
    assert written == formatted


def test_a_file_that_is_there_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "cut.edl"
    path.write_text("older\n" * 999)
    write_timeline(small_timeline(), path)
    assert path.read_text().startswith("TITLE: TT_S01_E01\n")
    assert list(tmp_path.iterdir()) == [path]
