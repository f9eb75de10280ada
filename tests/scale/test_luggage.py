from __future__ import annotations

import os
from pathlib import Path

import pytest

from rushes.errors import PlaceError
from rushes.scale.luggage import digest_of, pieces_of, stamp_of, unpack


def bundle_in(folder: Path) -> Path:
    bundle = folder / "bundle"
    (bundle / "parity").mkdir(parents=True)
    (bundle / "model.onnx").write_bytes(bytes(range(256)) * 40)
    (bundle / "parity" / "empty").write_bytes(b"")
    (bundle / "classes.json").write_text('["Junk"]')
    return bundle


@pytest.mark.parametrize("piece_bytes", [7, 1000, 1 << 20])
def test_a_folder_arrives_as_it_was_whatever_the_size_of_its_pieces(tmp_path: Path, piece_bytes: int) -> None:
    bundle, kept = bundle_in(tmp_path), tmp_path / "kept"
    kept.mkdir()
    pieces = list(pieces_of(bundle, piece_bytes=piece_bytes))
    assert all(sum(len(data) for _, _, data in piece) <= piece_bytes for piece in pieces)
    there = unpack(pieces, name="bundle", digest=digest_of(bundle), kept=kept)
    assert digest_of(there) == digest_of(bundle)
    assert (there / "parity" / "empty").read_bytes() == b""
    assert [entry.name for entry in kept.iterdir()] == [digest_of(bundle)]


def test_a_file_arrives_under_its_name(tmp_path: Path) -> None:
    file, kept = tmp_path / "model.onnx", tmp_path / "kept"
    file.write_bytes(b"weights")
    kept.mkdir()
    there = unpack(pieces_of(file), name=file.name, digest=digest_of(file), kept=kept)
    assert (there.name, there.read_bytes()) == ("model.onnx", b"weights")


def test_what_was_unpacked_before_is_not_asked_for_again(tmp_path: Path) -> None:
    bundle, kept = bundle_in(tmp_path), tmp_path / "kept"
    kept.mkdir()
    first = unpack(pieces_of(bundle), name="bundle", digest=digest_of(bundle), kept=kept)
    assert unpack(iter(()), name="bundle", digest=digest_of(bundle), kept=kept) == first


def test_what_changed_on_its_way_is_not_kept(tmp_path: Path) -> None:
    bundle, kept = bundle_in(tmp_path), tmp_path / "kept"
    kept.mkdir()
    with pytest.raises(PlaceError, match="changed while it was sent"):
        unpack(pieces_of(bundle), name="bundle", digest="0" * 64, kept=kept)
    assert list(kept.iterdir()) == []


def test_luggage_leads_out_of_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file"):
        unpack([[("../out", 0, b"")]], name="x", digest="0", kept=tmp_path)


def test_a_stamp_tells_size_and_time_and_nothing_of_what_is_not_there(tmp_path: Path) -> None:
    bundle = bundle_in(tmp_path)
    before = stamp_of(bundle)
    assert before == stamp_of(bundle) != ""
    os.utime(bundle / "classes.json", (1, 1))
    assert stamp_of(bundle) != before
    assert stamp_of(tmp_path / "none") == ""


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match=r"none: cannot be read"):
        digest_of(tmp_path / "none")
    with pytest.raises(PlaceError, match=r"none: cannot be read"):
        list(pieces_of(tmp_path / "none"))
