"""What workers have done and no driver has noted yet."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.test_ingest_at_scale import take, waiting_in
from footage.painted import write_film
from rushes.catalog.catalog import open_catalog
from rushes.catalog.taken import TAKEN_FOLDER, DamagedPartError, note_left_parts, read_part, write_part
from rushes.footage.source import Unreadable

NOW = "2026-01-01T00:00:00Z"


def test_a_left_part_that_the_disk_does_not_give_stays_and_is_listed_however_old_it_is(tmp_path: Path) -> None:
    film, project = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    refused = project / TAKEN_FOLDER / "frames-0.parquet"
    refused.mkdir(parents=True)  # reading it is an OSError, as of a disk that fails
    os.utime(refused, (0, 0))
    taken, listed = take(project, film)
    assert not isinstance(taken, Unreadable)
    assert taken.new == 3
    assert isinstance(listed, Unreadable)
    assert listed.path == str(refused)
    assert listed.reason == (
        "was left by a run that was killed, and cannot be noted: Is a directory. It stays where it is. Run this again "
        "when the disk gives it, or remove it: what it speaks of is then taken anew"
    )
    assert waiting_in(project) == [refused.name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("what", ["part", "picture"])
def test_a_left_part_is_noted_once_it_and_its_pictures_may_be_read(tmp_path: Path, what: str) -> None:
    film, project = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    take(project, film)
    with open_catalog(project / "catalog.db") as catalog:
        stored = catalog.frames()
        part = project / write_part(project, [replace(item, size="32") for item in stored])
        os.utime(part, (0, 0))
        refused = part if what == "part" else project / stored[0].image
        refused.chmod(0)
        unread: list[Unreadable] = []
        assert note_left_parts(project, catalog, now=NOW, unread=unread.append) == 0
        assert (part.exists(), [one.path for one in unread]) == (True, [str(part)])
        refused.chmod(0o644)
        assert note_left_parts(project, catalog, now=NOW, unread=unread.append) == 3
        assert (part.exists(), len(unread)) == (False, 1)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"\0" * 1000, "half"])
def test_a_damaged_part_stays_for_an_hour(tmp_path: Path, data: bytes | str) -> None:
    film, project = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    take(project, film)
    unread: list[Unreadable] = []
    with open_catalog(project / "catalog.db") as catalog:
        part = project / write_part(project, [replace(item, size="32") for item in catalog.frames()])
        whole = part.read_bytes()
        part.write_bytes(whole[: len(whole) // 2] if isinstance(data, str) else data)
        with pytest.raises(DamagedPartError, match="is damaged"):
            read_part(part)
        for aged, stays in ((False, True), (True, False)):
            if aged:
                os.utime(part, (0, 0))
            assert note_left_parts(project, catalog, now=NOW, unread=unread.append) == 0
            assert (part.exists(), unread) == (stays, [])


def test_a_part_of_another_rushes_stays(tmp_path: Path) -> None:
    import polars as pl

    part = tmp_path / TAKEN_FOLDER / "frames-0.parquet"
    part.parent.mkdir(parents=True)
    pl.DataFrame({"source": ["f"]}).write_parquet(part, metadata={"schema": "taken-frames/9"})
    os.utime(part, (0, 0))
    unread: list[Unreadable] = []
    with open_catalog(tmp_path / "catalog.db") as catalog:
        assert note_left_parts(tmp_path, catalog, now=NOW, unread=unread.append) == 0
    assert "is no part of an ingest of this rushes. It stays" in str(unread[0])
    assert part.exists()
