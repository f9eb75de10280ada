"""Records kept under digests: found again, not kept where they cannot be, made again where they are spoilt."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.storage.kept_records import KeptRecords
from storage.full_disk import files_of_at_most

RECORDS = {f"digest-{number}": bytes([number]) * (number * 10 + 1) for number in range(8)}


def keep(folder: Path, *, part_bytes: int = 100) -> KeptRecords:
    kept = KeptRecords(folder, part_bytes=part_bytes)
    for digest, data in RECORDS.items():
        assert kept.put(digest, data)
    kept.flush()
    return kept


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    assert KeptRecords(tmp_path / "kept").get("digest-1") is None
    first = keep(tmp_path / "kept")
    assert len(list((tmp_path / "kept").glob("part-*.bin"))) > 1
    for kept in (first, KeptRecords(tmp_path / "kept")):
        assert {digest: kept.get(digest) for digest in RECORDS} == RECORDS
        assert len(kept) == len(RECORDS)
        assert "digest-3" in kept
        assert "other" not in kept


def test_a_record_that_waits_is_there_already(tmp_path: Path) -> None:
    kept = KeptRecords(tmp_path / "kept")
    kept.put("one", b"abc")
    assert kept.get("one") == b"abc"
    assert not (tmp_path / "kept").exists()
    kept.put("one", b"abcd")
    kept.flush()
    assert KeptRecords(tmp_path / "kept").get("one") == b"abcd"


def test_a_spoilt_part_goes_and_its_records_are_made_again(tmp_path: Path) -> None:
    keep(tmp_path / "kept", part_bytes=1 << 20)
    (part,) = (tmp_path / "kept").glob("part-*.bin")
    data = bytearray(part.read_bytes())
    data[-1] ^= 255
    part.write_bytes(bytes(data))
    kept = KeptRecords(tmp_path / "kept")
    assert kept.get("digest-1") == RECORDS["digest-1"]
    assert kept.get("digest-7") is None
    assert kept.get("digest-1") is None
    assert not list((tmp_path / "kept").glob("part-*"))
    again = keep(tmp_path / "kept")
    assert again.get("digest-7") == RECORDS["digest-7"]


@pytest.mark.parametrize("spoilt", ["", "digest-1 5\n", "digest-1 many 7", "digest-1 5 7"])
def test_a_part_whose_list_is_spoilt_is_removed(tmp_path: Path, spoilt: str) -> None:
    keep(tmp_path / "kept", part_bytes=1 << 20)
    (names,) = (tmp_path / "kept").glob("part-*.txt")
    names.write_text(spoilt)
    assert len(KeptRecords(tmp_path / "kept")) == 0
    assert not list((tmp_path / "kept").glob("part-*"))


def test_a_part_without_its_list_counts_for_nothing(tmp_path: Path) -> None:
    keep(tmp_path / "kept", part_bytes=1 << 20)
    (names,) = (tmp_path / "kept").glob("part-*.txt")
    names.unlink()
    assert len(KeptRecords(tmp_path / "kept")) == 0


def test_on_a_full_disk_nothing_more_is_kept(tmp_path: Path) -> None:
    kept = KeptRecords(tmp_path / "kept", part_bytes=1 << 14)
    with files_of_at_most(1 << 12):
        assert not kept.put("large", bytes(1 << 15))
        assert not kept.put("next", b"abc")
    assert kept.get("large") is None


@given(st.dictionaries(st.text("abcdef0123456789", min_size=1), st.binary(min_size=1, max_size=300), max_size=20))
def test_any_records_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, records: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    kept = KeptRecords(folder, part_bytes=200)
    for digest, data in records.items():
        kept.put(digest, data)
    kept.flush()
    again = KeptRecords(folder)
    assert {digest: again.get(digest) for digest in records} == records
