from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ManifestError
from rushes.footage.source import Frame
from rushes.labels.manifest import ManifestRow, newest_manifest, parse_manifest, read_manifest
from rushes.labels.manifest_table import format_manifest, write_manifest

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
DIGEST = "ab" * 32


def a_row(pts: int = 0, class_name: str = "MS", group: str = "film", source: str = DIGEST) -> ManifestRow:
    name = f"film_FRM-00-00-{pts:02d}-00"
    return ManifestRow(
        img_ref=f"frames/film/{name}.jpg",
        class_name=class_name,
        group=group,
        source=source,
        pts=pts,
        time_base=Fraction(1, 24),
        timecode=f"00:00:{pts:02d}:00",
        origin="jonny",
        sha256="cd" * 32,
        split="train",
        name=name,
        ordinal=pts * 24,
    )


def test_a_row_is_written_with_the_keys_of_the_design():
    [line] = format_manifest([a_row(8)]).splitlines()
    assert json.loads(line) == {
        "img-ref": "frames/film/film_FRM-00-00-08-00.jpg",
        "class": "MS",
        "group": "film",
        "source": DIGEST,
        "pts": 8,
        "time_base": "1/24",
        "timecode": "00:00:08:00",
        "origin": "jonny",
        "sha256": "cd" * 32,
        "split": "train",
        "name": "film_FRM-00-00-08-00",
        "ordinal": 192,
    }


def test_subjects_are_written_only_where_some_are_known():
    known = replace(a_row(8), subjects=("Tony Stark", "rain"))
    plain, with_subjects = (format_manifest([row]) for row in (a_row(8), known))
    assert with_subjects == plain.replace("}\n", ', "subjects": ["Tony Stark", "rain"]}\n')
    assert parse_manifest(with_subjects) == [known]


@pytest.mark.parametrize("words", ['"car"', "[1]", '[""]', "{}"])
def test_subjects_that_are_no_list_of_words_are_named(words: str):
    with pytest.raises(ManifestError, match=r"line 1: subjects is .*; it must be a list of words"):
        parse_manifest(f'{{"img-ref": "a.jpg", "class": "MS", "subjects": {words}}}')


def test_a_row_has_the_frame_id_of_its_frame():
    frame = Frame(DIGEST, 8, Fraction(1, 24), 192, "00:00:08:00", "film_FRM-00-00-08-00")
    assert a_row(8).frame_id == frame.id


texts = st.text(min_size=1, max_size=8)
rows_of_all_kinds = st.lists(
    st.builds(
        ManifestRow,
        img_ref=texts.filter(str.strip),
        class_name=texts.filter(str.strip),
        group=texts,
        source=texts,
        pts=st.integers(-(2**62), 2**62),
        time_base=st.fractions(Fraction(1, 10**6), 10**6, max_denominator=10**9),
        split=st.sampled_from([None, "train", "validation", "test"]),
        name=texts,
        ordinal=st.integers(0, 10**9),
        subjects=st.lists(texts, max_size=3).map(tuple),
    ),
    min_size=1,
    unique_by=lambda row: row.frame_id,
)


@given(rows_of_all_kinds, st.randoms())
def test_a_manifest_is_the_same_bytes_in_any_order_and_reads_back(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    text = format_manifest(rows)
    assert format_manifest(shuffled) == text
    assert sorted(parse_manifest(text), key=repr) == sorted(rows, key=repr)


@pytest.mark.parametrize("image_key", ["img-ref", "src-ref", "src_url", "file_name"])
@pytest.mark.parametrize("class_key", ["class", "label"])
def test_a_manifest_made_elsewhere_is_read(image_key: str, class_key: str):
    text = "\ufeff" + json.dumps({image_key: "s3://bucket/a/b.jpg", class_key: "Rare"}) + "\r\n\n"
    [row] = parse_manifest(text)
    assert (row.img_ref, row.class_name, row.name, row.frame_id) == (
        "s3://bucket/a/b.jpg",
        "Rare",
        "b",
        "s3://bucket/a/b.jpg",
    )


def test_all_faulty_lines_are_named_at_once():
    good = format_manifest([a_row(1)]).strip()
    bad = [
        "{",
        "[1]",
        '{"class": "MS"}',
        '{"img-ref": "a.jpg", "class": ""}',
        '{"img-ref": "a.jpg", "class": "MS", "pts": "x"}',
        '{"img-ref": "a.jpg", "class": "MS", "time_base": "1/0"}',
        '{"img-ref": "a.jpg", "class": "MS", "split": "val"}',
        '{"img-ref": "a.jpg", "class": "MS", "ordinal": -1}',
        '{"img-ref": "a.jpg", "class": "MS", "pts": 9223372036854775808}',
        '{"img-ref": "a.jpg", "class": "\\ud800"}',
        '{"img-ref": "a.jpg", "class": "MS", "subjects": "a hat"}',
    ]
    with pytest.raises(ManifestError) as caught:
        parse_manifest("\n".join([good, *bad, good]), where="m.jl")
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [f"m.jl, line {number}" for number in range(2, 14)]
    assert "already in line 1" in lines[-1]


def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path):
    with pytest.raises(ManifestError, match="is missing"):
        read_manifest(tmp_path / "none.jl")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path)
    (tmp_path / "picture.jl").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ManifestError, match="not UTF-8"):
        read_manifest(tmp_path / "picture.jl")
    (tmp_path / "empty.jl").write_text("\n")
    with pytest.raises(ManifestError, match="holds no sample"):
        read_manifest(tmp_path / "empty.jl")


def test_a_version_is_written_only_when_it_says_something_new(tmp_path: Path):
    first, wrote = write_manifest([a_row(1), a_row(2)], tmp_path, "scale", NOW)
    assert wrote
    assert first.name == "scale-manifest-2026-11-20T120000Z.jl"
    assert write_manifest([a_row(2), a_row(1)], tmp_path, "scale", NOW + timedelta(hours=1)) == (first, False)
    second, wrote = write_manifest([a_row(1)], tmp_path, "scale", NOW.astimezone(timezone(timedelta(hours=5))))
    assert wrote
    assert second.name == "scale-manifest-2026-11-20T120000Z-2.jl"
    assert newest_manifest(tmp_path, "scale") == second
    assert len(read_manifest(first)) == 2


def test_a_clock_set_back_does_not_hide_the_newest_version(tmp_path: Path):
    write_manifest([a_row(1)], tmp_path, "scale", NOW)
    later, _ = write_manifest([a_row(2)], tmp_path, "scale", NOW - timedelta(days=400))
    assert newest_manifest(tmp_path, "scale") == later


def test_the_manifests_of_tasks_are_kept_apart(tmp_path: Path):
    write_manifest([a_row(1)], tmp_path, "scale", NOW)
    assert newest_manifest(tmp_path, "mcu") is None
    assert newest_manifest(tmp_path / "absent", "scale") is None
    _, wrote = write_manifest([a_row(1)], tmp_path, "mcu", NOW)
    assert wrote


def test_a_manifest_of_nothing_is_not_written(tmp_path: Path):
    with pytest.raises(ManifestError, match="Import labels first"):
        write_manifest([], tmp_path, "scale", NOW)
    with pytest.raises(ManifestError, match="twice"):
        write_manifest([a_row(1), a_row(1, "CS")], tmp_path, "scale", NOW)
    assert list(tmp_path.iterdir()) == []
