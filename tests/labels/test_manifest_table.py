from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rushes.errors import ManifestError
from rushes.labels.manifest import ManifestRow, parse_manifest, read_manifest
from rushes.labels.manifest_parquet import is_mirror, parquet_beside
from rushes.labels.manifest_table import (
    FRAME_ID,
    KEYS,
    format_table,
    manifest_schema,
    read_manifest_table,
    sorted_table,
    table_of_rows,
    write_manifest,
    write_manifest_table,
)

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)

texts = st.text(min_size=1, max_size=8)
manifests = st.lists(
    st.builds(
        ManifestRow,
        img_ref=texts.filter(str.strip),
        class_name=texts.filter(str.strip),
        group=st.text(max_size=4),
        source=st.sampled_from(["", "ab" * 32, "cd" * 32, "é"]),
        pts=st.integers(-(2**63), 2**63 - 1),
        time_base=st.fractions(Fraction(1, 10**6), 10**6, max_denominator=10**9),
        timecode=st.text(max_size=3),
        origin=st.text(max_size=3),
        sha256=st.text(max_size=3),
        split=st.sampled_from([None, "train", "validation", "test"]),
        name=texts,
        ordinal=st.integers(0, 2**40),
        subjects=st.lists(texts, max_size=2).map(tuple),
        stop=st.sampled_from([0, 2**40 + 1, 2**41]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row.frame_id,
)


def rows_of(count: int, class_name: str = "MS") -> list[ManifestRow]:
    return [ManifestRow(f"frames/{number:05d}.jpg", class_name, "film", "ab" * 32, number) for number in range(count)]


def as_rows(table: pl.DataFrame) -> list[ManifestRow]:
    """The rows of a table, read back by the parser of rows."""
    return parse_manifest(b"".join(format_table(table)).decode())


def read_or_refused(path: Path, read: Callable[[Path], pl.DataFrame]) -> object:
    """The rows of a file, or what is said against it."""
    try:
        return read(path).rows(named=True)
    except ManifestError as error:
        return str(error)


def test_the_columns_are_the_keys_of_the_lines():
    row = ManifestRow("a.jpg", "MS", subjects=("hat",), stop=2)
    line = json.loads(b"".join(format_table(table_of_rows([row]))))
    assert list(line) == list(KEYS) == list(manifest_schema())


@given(manifests)
def test_a_line_is_what_json_makes_of_the_row(rows):
    lines = b"".join(format_table(table_of_rows(rows))).decode().removesuffix("\n").split("\n")
    for row, line in zip(rows, lines, strict=True):
        record = {
            "img-ref": row.img_ref,
            "class": row.class_name,
            "group": row.group,
            "source": row.source,
            "pts": row.pts,
            "time_base": str(row.time_base),
            "timecode": row.timecode,
            "origin": row.origin,
            "sha256": row.sha256,
            "split": row.split,
            "name": row.name,
            "ordinal": row.ordinal,
        }
        record |= {"subjects": list(row.subjects)} if row.subjects else {}
        record |= {"stop": row.stop} if row.stop else {}
        assert line == json.dumps(record, ensure_ascii=False)


@given(manifests)
def test_the_column_frame_id_is_the_rows_frame_id(rows):
    assert table_of_rows(rows)[FRAME_ID].to_list() == [row.frame_id for row in rows]


@given(manifests)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_reads_what_the_rows_read(tmp_path: Path, rows):
    path = tmp_path / "m.jl"
    path.write_bytes(b"".join(format_table(sorted_table(table_of_rows(rows)))))
    assert read_manifest_table(path).equals(table_of_rows(read_manifest(path)))


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " ", "\x1c", "a/b.jpg", "1/24", "2/48", "0/3", "train", "true", 'ü\\"\n']),
    st.lists(st.sampled_from(["", "hat"]), max_size=2),
)
known_keys = ("img-ref", "src-ref", "src_url", "file_name", "class", "label", "score")
foreign_lines = st.lists(
    st.dictionaries(st.sampled_from([*known_keys, *KEYS]), values, max_size=5).flatmap(
        lambda record: st.sampled_from(
            [
                json.dumps(record, ensure_ascii=False),
                json.dumps(record),
                json.dumps(record, ensure_ascii=False, separators=(",", ":")),
                json.dumps({"file_name": "a/b.png?size=1", "label": "x"} | record, ensure_ascii=False),
            ]
        )
    ),
    min_size=1,
    max_size=3,
)


@given(foreign_lines, st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
def test_lines_made_elsewhere_are_read_or_refused_as_the_parser_of_rows_does(tmp_path: Path, lines, end, whole):
    path = tmp_path / "m.jl"
    path.write_bytes((end.join(lines) + (end if whole else "")).encode())
    assert read_or_refused(path, read_manifest_table) == read_or_refused(
        path, lambda path: table_of_rows(read_manifest(path))
    )


def test_a_key_that_a_line_states_twice_counts_as_the_parser_of_rows_counts_it(tmp_path: Path):
    (tmp_path / "m.jl").write_text(
        '{"img-ref": "a.jpg", "class": "MS"}\n{"img-ref": "b.jpg", "class": "MS", "class": "CS"}\n'
    )
    assert read_manifest_table(tmp_path / "m.jl")["class"].to_list() == ["MS", "CS"]


def test_faulty_lines_far_down_are_named_all_at_once(tmp_path: Path):
    path, _ = write_manifest(rows_of(200), tmp_path, "scale", NOW)
    lines = path.read_text().splitlines()
    lines[70] = lines[70].replace('"class": "MS"', '"class": ""')
    lines[150] = lines[40]
    path.write_text("\n".join(lines))
    with pytest.raises(ManifestError) as caught:
        read_manifest_table(path)
    assert [line.split(":")[0].split(", ")[-1] for line in str(caught.value).splitlines()] == ["line 71", "line 151"]


def test_a_file_that_is_no_manifest_is_refused_as_the_parser_of_rows_does(tmp_path: Path):
    (tmp_path / "picture.jl").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "empty.jl").write_bytes(b"")
    for path in (tmp_path / "none.jl", tmp_path, tmp_path / "picture.jl", tmp_path / "empty.jl"):
        with pytest.raises(ManifestError) as expected:
            read_manifest(path)
        with pytest.raises(ManifestError) as caught:
            read_manifest_table(path)
        assert str(caught.value) == str(expected.value)


def test_a_long_manifest_has_parquet_beside_it_and_a_short_one_none(tmp_path: Path):
    short, _ = write_manifest(rows_of(10), tmp_path, "scale", NOW, parquet_above=10)
    assert not parquet_beside(short).exists()
    long, wrote = write_manifest(rows_of(11), tmp_path, "scale", LATER, parquet_above=10)
    assert wrote
    assert is_mirror(long)
    assert pl.read_parquet(parquet_beside(long)).columns == list(KEYS)
    assert read_manifest_table(long).equals(table_of_rows(read_manifest(long)))


def test_only_the_columns_that_are_asked_for_are_read(tmp_path: Path):
    path, _ = write_manifest(rows_of(3), tmp_path, "scale", NOW, parquet_above=2)
    table = read_manifest_table(path, columns=["class", "frame_id"])
    assert table.columns == ["class", "frame_id"]
    parquet_beside(path).unlink()
    assert read_manifest_table(path, columns=["class", "frame_id"]).equals(table)
    assert read_manifest_table(path, columns=["sha256"]).columns == ["sha256"]


def test_the_same_rows_give_the_same_parquet_whatever_their_order(tmp_path: Path):
    rows = rows_of(30)
    one, _ = write_manifest(rows, tmp_path / "a", "scale", NOW, parquet_above=10)
    other, _ = write_manifest(rows[::-1], tmp_path / "b", "scale", NOW, parquet_above=10)
    assert parquet_beside(one).read_bytes() == parquet_beside(other).read_bytes()


def test_the_parquet_beside_a_manifest_that_was_edited_is_not_believed(tmp_path: Path):
    path, _ = write_manifest(rows_of(20), tmp_path, "scale", NOW, parquet_above=10)
    text = path.read_text()
    path.write_text(text.replace('"MS"', '"CS"', 1))  # of the same size
    assert not is_mirror(path)
    assert read_manifest_table(path)["class"].value_counts(sort=True).rows() == [("MS", 19), ("CS", 1)]


def test_parquet_that_was_edited_is_not_believed_even_if_it_keeps_its_metadata(tmp_path: Path):
    path, _ = write_manifest(rows_of(20), tmp_path, "scale", NOW, parquet_above=10)
    beside = parquet_beside(path)
    kept = {key: value for key, value in pl.read_parquet_metadata(beside).items() if not key.startswith("ARROW")}
    edited = pl.read_parquet(beside).with_columns(pl.lit("CS").alias("class"))
    edited.write_parquet(beside, metadata=kept)
    assert not is_mirror(path)
    assert set(read_manifest_table(path)["class"]) == {"MS"}


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1"])
def test_damaged_parquet_is_passed_over(tmp_path: Path, damage: bytes):
    path, _ = write_manifest(rows_of(20), tmp_path, "scale", NOW, parquet_above=10)
    parquet_beside(path).write_bytes(damage)
    assert read_manifest_table(path).height == 20


def test_parquet_that_lost_its_end_or_a_bit_is_passed_over(tmp_path: Path):
    path, _ = write_manifest(rows_of(20), tmp_path, "scale", NOW, parquet_above=10)
    whole = parquet_beside(path).read_bytes()
    for place in range(4, len(whole), 97):
        turned = bytearray(whole)
        turned[place] ^= 1
        parquet_beside(path).write_bytes(turned)
        assert not is_mirror(path)
        assert read_manifest_table(path).height == 20
    parquet_beside(path).write_bytes(whole[:-20])
    assert read_manifest_table(path).height == 20


def test_parquet_that_is_gone_or_damaged_comes_back_with_the_next_build_that_changes_nothing(tmp_path: Path):
    path, _ = write_manifest(rows_of(20), tmp_path, "scale", NOW, parquet_above=10)
    whole = parquet_beside(path).read_bytes()
    for spoil in (lambda file: file.unlink(), lambda file: file.write_bytes(b"PAR1")):
        spoil(parquet_beside(path))
        assert write_manifest(rows_of(20), tmp_path, "scale", LATER, parquet_above=10) == (path, False)
        assert parquet_beside(path).read_bytes() == whole


def test_where_the_parquet_cannot_be_written_there_is_no_new_version_at_all(tmp_path: Path):
    first, _ = write_manifest(rows_of(5), tmp_path, "scale", NOW, parquet_above=10)
    (tmp_path / "scale-manifest-2026-11-21T120000Z.parquet" / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_manifest(rows_of(20), tmp_path, "scale", LATER, parquet_above=10)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [first.name]


def test_a_table_is_written_as_its_rows_are(tmp_path: Path):
    rows = rows_of(20)
    one, _ = write_manifest(rows, tmp_path / "a", "scale", NOW)
    other, _ = write_manifest_table(table_of_rows(rows).reverse(), tmp_path / "b", "scale", NOW)
    assert one.read_bytes() == other.read_bytes()
    assert as_rows(read_manifest_table(other)) == read_manifest(one)
    with pytest.raises(ManifestError, match="twice"):
        write_manifest_table(table_of_rows([*rows, rows[3]]), tmp_path / "c", "scale", NOW)
