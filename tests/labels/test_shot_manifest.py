from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ManifestError
from rushes.labels.manifest import ManifestRow
from rushes.labels.shot_manifest import (
    ShotRow,
    format_shots,
    joint_rows,
    newest_shots,
    parse_shots,
    read_shots,
    row_of,
    rows_of,
    write_shots,
)

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

texts = st.text(max_size=6)
words = st.text(min_size=1, max_size=6)
shots = st.builds(
    lambda start, length, **rest: ShotRow(start=start, stop=start + length, **rest),
    start=st.integers(0, 50),
    length=st.integers(1, 50),
    video=words,
    classes=st.dictionaries(st.sampled_from(["scale", "movement"]), words),
    group=words,
    source=st.sampled_from(["ab" * 32, "cd" * 32]),
    rate=st.fractions(Fraction(1, 100), 1000, max_denominator=1001),
    origin=texts,
    split=st.sampled_from([None, "train", "validation", "test"]),
    name=texts,
)
manifests = st.lists(shots, min_size=1, max_size=5, unique_by=lambda shot: shot.id)


def shot(start: int = 0, stop: int = 24, source: str = "ab" * 32, group: str = "film", **classes: str) -> ShotRow:
    return ShotRow("film.mp4", start, stop, classes or {"scale": "MS"}, group, source, Fraction(24))


@given(manifests)
def test_what_is_written_is_read_back_whatever_its_order(rows):
    text = format_shots(rows)
    assert {row.id: row for row in parse_shots(text)} == {row.id: row for row in rows}
    assert format_shots(reversed(rows)) == text


@given(shots)
def test_a_sample_of_a_shot_is_known_by_the_shots_id(row):
    (sample,) = joint_rows([row], ["scale", "movement"]) or [None]
    assert (
        sample is None if not row.classes else sample.frame_id == row.id == f"{row.source[:16]}:{row.start}-{row.stop}"
    )


def test_a_shot_is_a_sample_of_the_tasks_that_were_answered():
    row = shot(scale="MS")
    assert row_of(row, "movement") is None
    sample = row_of(row, "scale")
    assert isinstance(sample, ManifestRow)
    assert (sample.class_name, sample.ordinal, sample.stop, sample.group) == ("MS", 0, 24, "film")
    assert sample.sha256 == ""  # or every two shots of a film would be copies of each other
    assert [row.class_name for row in rows_of([row, shot(24, 48, scale="LS")], "scale")] == ["MS", "LS"]


def test_a_joint_class_joins_what_is_there():
    rows = [shot(scale="MS", movement="push"), shot(24, 48, movement="pull")]
    assert [row.class_name for row in joint_rows(rows, ["scale", "movement"])] == ["MS push", "pull"]
    assert joint_rows(rows, ["mood"]) == []


def test_the_length_of_a_shot_is_told_in_frames_and_seconds():
    assert (shot(12, 36).frame_count, shot(12, 36).seconds) == (24, 1.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"start": 5, "stop": 5}, "0 <= start < stop"),
        ({"start": -1}, "0 <= start < stop"),
        ({"source": "film"}, "SHA-256"),
        ({"rate": Fraction(0)}, "above 0"),
        ({"classes": {"scale": ""}}, "without a class"),
        ({"group": ""}, "a video and a group"),
        ({"split": "dev"}, "Allowed: train, validation, test"),
    ],
)
def test_what_is_no_shot_cannot_be_made(change, told):
    values = {
        "video": "a",
        "start": 0,
        "stop": 9,
        "classes": {},
        "group": "g",
        "source": "ab" * 32,
        "rate": Fraction(24),
    }
    with pytest.raises(ValueError, match=told):
        ShotRow(**values | change)


def test_all_faulty_lines_are_named_at_once():
    good = format_shots([shot()]).strip()
    lines = [
        good,
        "{",
        '{"img-ref": "a.jpg"}',
        good.replace('"24"', "true"),
        good.replace('"start": 0', '"start": 1.5'),
    ]
    lines += [good, good.replace('{"scale": "MS"}', '"MS"'), "[]"]
    with pytest.raises(ManifestError) as raised:
        parse_shots("\n".join(lines), where="m.jl")
    told = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in told] == [f"m.jl, line {number}" for number in range(2, 9)]
    for word, line in zip(
        ("JSON", "'img-ref'", "rate", "start is 1.5", "already in line 1", "classes", "list"), told, strict=True
    ):
        assert word in line


def test_a_shot_twice_is_not_written():
    with pytest.raises(ManifestError, match="twice"):
        format_shots([shot(), shot(scale="LS")])


def test_a_manifest_is_written_only_where_it_says_something_new(tmp_path: Path):
    rows = [shot(), shot(24, 48)]
    first, new = write_shots(rows, tmp_path, NOW)
    assert new
    assert first.name == "shots-manifest-2026-11-20T120000Z.jl"
    assert write_shots(rows[::-1], tmp_path, LATER) == (first, False)
    second, new = write_shots(rows[:1], tmp_path, LATER)
    assert new
    assert newest_shots(tmp_path) == second
    assert read_shots(second) == rows[:1]
    assert set(json.loads(second.read_text())) >= {"video", "start", "stop", "classes"}


def test_no_shots_are_no_manifest(tmp_path: Path):
    with pytest.raises(ManifestError, match="no labelled shot"):
        write_shots([], tmp_path, NOW)
    with pytest.raises(ManifestError, match="holds no shot"):
        parse_shots("\n")
    with pytest.raises(ManifestError, match="is missing"):
        read_shots(tmp_path / "none.jl")
    (tmp_path / "latin.jl").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ManifestError, match="not UTF-8"):
        read_shots(tmp_path / "latin.jl")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_shots(tmp_path)
