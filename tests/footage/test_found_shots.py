from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import pytest

from footage.spliced import pan, still, write_frames
from rushes.errors import MediaError
from rushes.footage.found_shots import find_shots, keep_scan, place_of_scan
from rushes.footage.scan import Scan
from rushes.footage.signals import write_signals
from storage.full_disk import files_of_at_most

PLAIN = ("source", "rate", "time_base", "film_frames")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [*still(1, 30), *pan(2, 40, 2), *still(3, 26)]
    return write_frames(tmp_path_factory.mktemp("film") / "three shots.mp4", frames)


def test_the_shots_of_a_film_are_all_its_frames(film: Path) -> None:
    found = find_shots(film)
    assert [(shot.start, shot.stop) for shot in found.shots] == [(0, 30), (30, 70), (70, 96)]
    assert found.shots[0].opening is None
    assert [shot.opening.kind for shot in found.shots[1:] if shot.opening] == ["hard", "hard"]
    assert all(one.stop == other.start for one, other in pairwise(found.shots))
    assert found.source.digest == found.signals.source
    assert found.lost_frames == 0


def test_a_film_is_scanned_once(film: Path, tmp_path: Path) -> None:
    told: list[int] = []

    def progress(done: int, total: int | None, note: str = "") -> None:
        told.append(done)

    first = find_shots(film, scans=tmp_path, progress=progress)
    assert told
    assert place_of_scan(tmp_path, first.source.digest).is_file()
    told.clear()
    second = find_shots(film, scans=tmp_path, progress=progress)
    assert told == []
    assert second.shots == first.shots


def test_a_damaged_scan_is_made_again(film: Path, tmp_path: Path) -> None:
    first = find_shots(film, scans=tmp_path)
    kept = place_of_scan(tmp_path, first.source.digest)
    kept.write_bytes(b"half of a sc")
    assert find_shots(film, scans=tmp_path).shots == first.shots
    assert kept.stat().st_size > 1000


def test_a_picture_has_no_shots(tmp_path: Path) -> None:
    from rushes.footage.picture import encode_picture

    (tmp_path / "one.jpg").write_bytes(encode_picture(still(1, 1)[0]))
    with pytest.raises(MediaError, match="is a photograph; shots are found in films"):
        find_shots(tmp_path / "one.jpg")


def test_a_scan_of_a_part_is_never_kept_nor_taken_for_whole(film: Path, tmp_path: Path) -> None:
    whole = find_shots(film).signals
    part = replace(whole, **{f.name: getattr(whole, f.name)[:50] for f in fields(whole) if f.name not in PLAIN})
    with pytest.raises(ValueError, match="a scan is kept whole; 50 of 96 frames"):
        keep_scan(tmp_path, Scan(part))
    write_signals(place_of_scan(tmp_path, whole.source), replace(whole, film_frames=95))
    assert find_shots(film, scans=tmp_path).signals.film_frames == 96


def test_the_shots_are_found_where_their_scan_cannot_be_kept(film: Path, tmp_path: Path) -> None:
    whole = find_shots(film, scans=tmp_path / "scans")
    assert whole.unkept is None
    (tmp_path / "file").write_text("no folder")
    refused = find_shots(film, scans=tmp_path / "file" / "scans")
    assert refused.unkept == f"{tmp_path / 'file' / 'scans'} cannot be written (Not a directory)"
    with files_of_at_most(200):
        full = find_shots(film, scans=tmp_path / "full")
    assert full.unkept is not None
    assert "File too large" in full.unkept
    assert list((tmp_path / "full").iterdir()) == []
    assert refused.shots == full.shots == whole.shots
