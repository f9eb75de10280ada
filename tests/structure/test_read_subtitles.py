from __future__ import annotations

from pathlib import Path

import pytest

from rushes.errors import MediaError
from rushes.structure.read_subtitles import parse_subtitles, read_subtitles, subtitles_beside

_TWO = "1\n00:00:01,500 --> 00:00:03,000\n<i>Grüß Gott</i>,\nHerr & Frau\n\n2\n00:01:00,000 --> 00:01:02,250\nJa.\n"


def _read(tmp_path: Path, data: bytes, name: str = "film.srt"):  # type: ignore[no-untyped-def]
    path = tmp_path / name
    path.write_bytes(data)
    return read_subtitles(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_subtitles_are_read_in_each_unicode_encoding(tmp_path: Path, encoding: str, ends: str) -> None:
    found = _read(tmp_path, _TWO.replace("\n", ends).encode(encoding))
    assert [(one.start_seconds, one.stop_seconds, one.text) for one in found.entries] == [
        (1.5, 3.0, "Grüß Gott,\nHerr & Frau"),
        (60.0, 62.25, "Ja."),
    ]
    assert found.notes == ()
    assert found.name == "film.srt"


def test_what_is_not_unicode_is_read_as_windows_1252_and_that_is_said(tmp_path: Path) -> None:
    found = _read(tmp_path, _TWO.encode("cp1252"))
    assert found.entries[0].text.startswith("Grüß Gott")
    assert "Windows-1252" in found.notes[0]


def test_markup_is_taken_away_and_what_only_looks_like_it_is_kept() -> None:
    text = '1\n00:00:01,0 --> 00:00:02,0\n{\\an8}<font color="#fff">A</font> &amp; B <b>x</b>\n2 < 3, 4 > 1\n'
    found = parse_subtitles(text, name="a.srt")
    assert found.entries[0].text == "A & B x\n2 < 3, 4 > 1"


def test_damaged_entries_are_left_out_with_their_text_and_named_by_line() -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\nGood\n\n2\n00:00:0x,000 --> 00:00:04,000\nBad\nvery\n\n"
        "3\n00:00:09,000 --> 00:00:08,000\nBackwards\n\n4\n-00:00:01,000 --> 00:00:04,000\nBefore\n\n"
        "5\n00:00:10,000 --> 00:00:11,000\nLast\n"
    )
    found = parse_subtitles(text, name="a.srt")
    assert [one.text for one in found.entries] == ["Good", "Last"]
    assert found.notes[0].startswith("3 entries were left out, damaged: line 6: '00:00:0x,000 --> 00:00:04,000'")
    assert "line 11: '00:00:09,000 --> 00:00:08,000' ends before it begins" in found.notes[0]


def test_entries_without_text_or_time_are_left_out_and_counted() -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n\n\n2\n00:00:03,000 --> 00:00:03,000\nx\n\n3\n00:00:04,0 --> 00:00:05,0\ny\n"
    )
    found = parse_subtitles(text, name="a.srt")
    assert [one.text for one in found.entries] == ["y"]
    assert found.notes == ("1 entry was left out, without text", "1 entry was left out, shown for no time at all")


def test_overlapping_entries_are_kept_and_put_in_order() -> None:
    text = "1\n00:00:05,000 --> 00:00:09,000\nb\n\n2\n00:00:01,000 --> 00:00:06,000\na\n"
    found = parse_subtitles(text, name="a.srt")
    assert [one.text for one in found.entries] == ["a", "b"]
    assert "put in it" in found.notes[0]


def test_notes_and_names_of_webvtt_are_no_text() -> None:
    text = (
        "WEBVTT Kind: captions\n\nNOTE made\nby hand\n\nSTYLE\n::cue { color: red }\n\nintro\n01:02.500 --> 01:04.000 "
        "align:start\n<v Ann>Hello\n\nNOTE later\n\noutro\n1:00:00.000 --> 1:00:01.000\nBye\n"
    )
    found = parse_subtitles(text, name="a.vtt")
    assert [(one.start_seconds, one.text) for one in found.entries] == [(62.5, "Hello"), (3600.0, "Bye")]
    assert found.notes == ()


def test_substation_alpha_is_read_without_its_comments() -> None:
    text = (
        "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
        "MarginV, Effect, Text\nDialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\i1}Hi{\\i0}\\Nyou\n"
        "Comment: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,not shown\n"
    )
    found = parse_subtitles(text, name="a.ass")
    assert [(one.stop_seconds, one.text) for one in found.entries] == [(2.5, "Hi\nyou")]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.srt", b"", "holds no subtitle"),
        ("a.srt", b"\x00\x01\x02" * 300, "holds no subtitle"),
        ("a.ass", b"nothing", "holds no subtitle"),
        ("a.srt", b"1\n00:00 --> 00:01\nx\n", "line 2"),
        ("a.txt", b"1", "Allowed: .srt, .vtt, .ass, .ssa"),
    ],
)
def test_a_file_without_subtitles_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(MediaError, match=said):
        _read(tmp_path, data, name)


def test_a_missing_file_is_an_error_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        read_subtitles(tmp_path / "none.srt")


def test_subtitles_are_those_that_are_called_as_the_film_is(tmp_path: Path) -> None:
    film = tmp_path / "film.one.mp4"
    for name in ("film.srt", "film.one.txt", "other.srt"):
        (tmp_path / name).touch()
    assert subtitles_beside(film) is None
    (tmp_path / "film.one.en.SRT").touch()
    assert subtitles_beside(film) == tmp_path / "film.one.en.SRT"
    (tmp_path / "film.one.vtt").touch()
    assert subtitles_beside(film) == tmp_path / "film.one.vtt"
