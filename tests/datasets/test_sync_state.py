"""What a dataset says of itself is believed only where it is what was written."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.datasets.sync_state import (
    RECORD_KEY,
    STEPS_KEY,
    Record,
    no_record,
    read_record,
    read_unfinished,
    write_record,
    write_unfinished,
)
from rushes.errors import SyncError
from rushes.storage.local_folder import LocalFolder

BUILT = pl.DataFrame(
    {
        "key": [f"train/Rare/{number}.jpg" for number in range(50)],
        "content": [f"{number:064x}" for number in range(50)],
        "size_bytes": list(range(50)),
        "etag": ['"e"'] * 50,
    }
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    assert read_record(folder).built.equals(no_record().built)
    record = Record(BUILT, {"classes.json": "ab"}, "m.jl", "rarity", "mixed")
    write_record(folder, record)
    found = read_record(folder)
    assert found.built.equals(BUILT.sort("key"))
    assert found.sidecars == {"classes.json": "ab"}
    assert (found.manifest, found.task, found.kind) == ("m.jl", "rarity", "mixed")


def test_the_same_record_has_the_same_bytes(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    write_record(folder, Record(BUILT))
    first = folder.read(RECORD_KEY)
    write_record(folder, Record(BUILT.reverse()))
    assert folder.read(RECORD_KEY) == first


@given(place=st.integers(0, 10_000_000), bit=st.integers(0, 7))
def test_a_record_with_any_bit_turned_is_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = LocalFolder(tmp_path_factory.mktemp("set"))
    write_record(folder, Record(BUILT))
    data = bytearray(folder.read(RECORD_KEY))
    data[place % len(data)] ^= 1 << bit
    folder.write(RECORD_KEY, bytes(data))
    with pytest.raises(SyncError, match="is not what rushes wrote there"):
        read_record(folder)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"{}", b"\xff" * 100])
def test_what_is_no_parquet_is_refused(tmp_path: Path, data: bytes) -> None:
    folder = LocalFolder(tmp_path)
    folder.write(STEPS_KEY, data)
    with pytest.raises(SyncError, match="is not what rushes wrote there"):
        read_unfinished(folder)


def test_equal_steps_of_two_times_are_told_apart(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    assert read_unfinished(folder) is None
    one = write_unfinished(folder, BUILT, manifest="m.jl", task="rarity", kind="grouped")
    found = read_unfinished(folder)
    assert found is not None
    assert found.name == one.name
    assert found.steps.equals(BUILT)
    assert write_unfinished(folder, BUILT, manifest="m.jl", task="rarity", kind="grouped").name != one.name
