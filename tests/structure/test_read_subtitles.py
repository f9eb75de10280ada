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


_EVENTS = "[Script Info]\n\n[Events]\n"
_AT = "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,"


def test_drawings_are_no_words_and_words_beside_them_are_kept() -> None:
    lines = (
        "{\\an5\\p1}m 0 0 l 10 10{\\p0}Sign{\\pos(3,4)}post\\hhere",
        "{\\p2}m 0 0 l 1 1",
        "{never closed",
        "{\\i1}{\\i0}",
    )
    found = parse_subtitles(_EVENTS + "".join(f"{_AT}{line}\n" for line in lines), name="a.ass")
    assert [one.text for one in found.entries] == ["Signpost here", "{never closed"]
    assert found.notes == ("1 entry was left out, without text",)


def test_the_columns_of_events_are_where_their_format_line_says_and_damaged_events_are_named() -> None:
    text = "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,a, b\nDialogue: x,0:00:02.00,c\n"
    found = parse_subtitles(text, name="a.ssa")
    assert [one.text for one in found.entries] == ["a, b"]
    assert found.notes[0].startswith("1 entry was left out, damaged: line 4: 'x,0:00:02.00,c' states no times")


@pytest.mark.parametrize(
    "piece", ["{\\p0}a", "{\\", "<", "<a ", "<b =", "< ", "&#1", "\x00", "{", "[a", "1\n", "\n1\n\n"]
)
@pytest.mark.parametrize("name", ["a.ass", "a.srt", "a.vtt"])
def test_no_text_takes_more_than_moments(piece: str, name: str) -> None:
    """A fifth of a million characters: what took the square of that would not end."""
    start = _EVENTS + _AT if name == "a.ass" else "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"
    for count in (60_000 // len(piece), 200_000 // len(piece)):
        found = parse_subtitles(start + piece * count + "\n", name=name)
        assert len(found.entries) <= 1
        assert all("\x00" not in one.text for one in found.entries)


def test_an_entry_far_too_long_is_left_out_and_that_is_said() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n" + "a" * 70_000 + "\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n"
    found = parse_subtitles(text, name="a.srt")
    assert [one.text for one in found.entries] == ["b"]
    assert found.notes == ("1 entry was left out, longer than 65,536 characters",)


def test_a_number_that_is_said_is_kept_and_the_number_of_an_entry_is_not() -> None:
    times = [f"00:00:0{at},000 --> 00:00:0{at},900" for at in range(1, 6)]
    counted = f"1\n{times[0]}\nWhen?\n1984\n\n2\n{times[1]}\n42\n\n3\n{times[2]}\nNo gap\n4\n{times[3]}\n7\n"
    assert [one.text for one in parse_subtitles(counted, name="a.srt").entries] == ["When?\n1984", "42", "No gap", "7"]
    plain = f"{times[0]}\nWhen?\n1984\n\n{times[1]}\n42\n\n{times[2]}\nEnd\n"
    assert [one.text for one in parse_subtitles(plain, name="a.srt").entries] == ["When?\n1984", "42", "End"]
    named = "WEBVTT\n\nNOTE\n12\n\n7\n" + plain.replace(",", ".")
    assert [one.text for one in parse_subtitles(named, name="a.vtt").entries] == ["When?\n1984", "42", "End"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("if a <b and c> d", "if a <b and c> d"),
        ("a <i>b</i> <b>c</b ><font color='#fff'>d</font>", "a b cd"),
        ("<v.loud Ann>A<00:00:01.500><c.red>b</c></v> <lang en>c</lang>", "Ab c"),
        ("one<br/>two {laughs} {y:i}three", "one\ntwo {laughs} three"),
        ("<3 <bold> &lt;kiss&gt; &#x1; &#99999999999999;", "<3 <bold> <kiss> \ufffd"),
        ("a\x00b\x1b[31m\x7f", "ab[31m"),
    ],
)
def test_only_tags_of_subtitles_are_markup_and_no_control_character_is_text(written: str, read: str) -> None:
    for name in ("a.srt", "a.vtt"):
        found = parse_subtitles(f"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n{written}\n", name=name)
        assert [one.text for one in found.entries] == [read]


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
