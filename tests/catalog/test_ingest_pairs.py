"""A raw and the picture that the camera wrote beside it are one sample."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from footage.stills import looks_like_quarters, write_jpeg, write_raw
from rushes.catalog.catalog import Catalog, open_catalog
from rushes.catalog.frame_refs import frame_refs
from rushes.catalog.ingest import ingest, plan_ingest
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.footage.picture import parse_size
from rushes.footage.pictures import read_picture
from rushes.footage.sampling import EveryFrame
from rushes.footage.source import Unreadable
from rushes.labels.frame_index import FrameIndex, FrameRef, Miss
from rushes.project import Task
from rushes.storage.files import digest_of_file
from rushes.storage.places import Place, parse_place
from storage.servers import WebServer, web_server

SETTINGS = IngestSettings(sampling=EveryFrame(), size=parse_size("640"), format="png")
TASK = Task("select", ("reject", "select"))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(tmp_path / "project" / "catalog.db") as opened:
        yield opened


def take(
    catalog: Catalog, tmp_path: Path, *paths: Place, settings: IngestSettings = SETTINGS
) -> list[Ingested | Unreadable]:
    wanted, missing = plan_ingest(paths, group=None, class_folders=settings.task)
    return [*missing, *ingest(wanted, catalog=catalog, root=tmp_path / "project", settings=settings)]


def take_one(catalog: Catalog, tmp_path: Path, *paths: Place, settings: IngestSettings = SETTINGS) -> Ingested:
    (outcome,) = take(catalog, tmp_path, *paths, settings=settings)
    assert isinstance(outcome, Ingested), outcome
    return outcome


def write_pair(folder: Path, *, preview_width: int = 80) -> tuple[Path, Path]:
    """Write a raw whose own pixels are grey, for its preview is too small, and its JPEG of four colours."""
    return write_raw(folder / "DSC_0012.DNG", preview_width=preview_width), write_jpeg(folder / "DSC_0012.JPG")


def index_of(catalog: Catalog) -> FrameIndex:
    return FrameIndex(frame_refs(catalog.frames(), catalog.sources(), catalog.other_paths()))


def test_a_pair_is_one_sample_known_by_the_raw_and_shown_by_the_jpeg(catalog: Catalog, tmp_path: Path) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    for new in (1, 0):
        outcome = take_one(catalog, tmp_path, tmp_path / "shoot")
        assert (outcome.new, outcome.known, outcome.path, outcome.companions) == (new, 1 - new, raw, (jpeg,))
    (source,) = catalog.sources()
    assert (source.digest, source.name, source.kind, source.group) == (digest_of_file(raw), "DSC_0012", "raw", "shoot")
    assert (source.width_pixels, source.captured_at, source.path) == (1200, "2024-05-01T12:30:00", str(raw))
    (frame,) = catalog.frames()
    assert looks_like_quarters(read_picture(tmp_path / "project" / frame.image))


def test_on_request_the_raw_is_developed_though_a_jpeg_is_there(catalog: Catalog, tmp_path: Path) -> None:
    write_pair(tmp_path / "shoot")
    take_one(catalog, tmp_path, tmp_path / "shoot", settings=replace(SETTINGS, raw="full"))
    (frame,) = catalog.frames()
    pixels = read_picture(tmp_path / "project" / frame.image)
    assert pixels.shape == (427, 640, 3)
    assert np.ptp(pixels, axis=(0, 1)).max() < 20  # the sensor saw one colour


def test_a_sheet_finds_the_sample_by_either_name(catalog: Catalog, tmp_path: Path) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    take_one(catalog, tmp_path, tmp_path / "shoot")
    (frame,) = catalog.frames()
    index = index_of(catalog)
    for words in ("DSC_0012.DNG", "DSC_0012.JPG", "dsc_0012", str(raw), str(jpeg), "shoot/DSC_0012.JPG"):
        found = index.frame(words)
        assert isinstance(found, FrameRef), words
        assert found.id == frame.frame.id


def test_the_name_of_a_jpeg_that_two_shoots_have_fits_neither_more(catalog: Catalog, tmp_path: Path) -> None:
    write_pair(tmp_path / "one")
    alone = write_jpeg(tmp_path / "two" / "DSC_0012.JPG", np.zeros((80, 120, 3), np.uint8))
    take(catalog, tmp_path, tmp_path / "one", tmp_path / "two")
    index = index_of(catalog)
    found = index.frame("DSC_0012.JPG")
    assert isinstance(found, Miss)
    assert found.ambiguous
    other = index.frame("two/DSC_0012.JPG")
    assert isinstance(other, FrameRef)
    assert other.source_path == str(alone)


def test_the_jpeg_named_alone_later_is_the_sample_that_is_there(catalog: Catalog, tmp_path: Path) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    take_one(catalog, tmp_path, tmp_path / "shoot")
    outcome = take_one(catalog, tmp_path, jpeg)
    assert (outcome.new, outcome.known, outcome.source.path) == (0, 1, str(raw))
    assert len(catalog.frames()) == 1


def test_a_jpeg_that_was_taken_in_before_its_raw_appeared_stays_what_it_is_known_by(
    catalog: Catalog, tmp_path: Path
) -> None:
    jpeg = write_jpeg(tmp_path / "shoot" / "DSC_0012.JPG")
    first = take_one(catalog, tmp_path, tmp_path / "shoot")
    raw, _ = write_pair(tmp_path / "shoot")
    for _ in range(2):
        outcome = take_one(catalog, tmp_path, tmp_path / "shoot")
        assert (outcome.source, outcome.known, len(outcome.companions)) == (first.source, 1, 1)
    assert outcome.source.path == str(jpeg)
    assert isinstance(index_of(catalog).frame("DSC_0012.DNG"), FrameRef)
    assert take_one(catalog, tmp_path, raw).source.digest == first.source.digest
    assert len(catalog.frames()) == 1


def test_a_name_that_came_round_again_is_another_photograph(catalog: Catalog, tmp_path: Path) -> None:
    write_raw(tmp_path / "shoot" / "DSC_0012.DNG", preview_width=720)
    write_jpeg(tmp_path / "shoot" / "DSC_0012.JPG", taken="2021:01:01 00:00:00")
    outcomes = take(catalog, tmp_path, tmp_path / "shoot")
    assert [outcome.companions for outcome in outcomes if isinstance(outcome, Ingested)] == [(), ()]
    assert len(catalog.sources()) == 2


def test_of_a_pair_with_a_bad_jpeg_the_raw_stands_for_it(catalog: Catalog, tmp_path: Path) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot", preview_width=720)
    jpeg.write_bytes(jpeg.read_bytes()[:3000])
    outcome = take_one(catalog, tmp_path, tmp_path / "shoot")
    assert outcome.source.digest == digest_of_file(raw)
    (line,) = outcome.lost
    assert line.path == str(jpeg)
    assert line.reason == "is cut off. Copy it again from where it came from; DSC_0012.DNG stands for it"
    (frame,) = catalog.frames()
    assert looks_like_quarters(read_picture(tmp_path / "project" / frame.image))  # of the preview inside


@pytest.mark.parametrize("content", [b"", b"no raw at all"])
def test_of_a_pair_with_a_bad_raw_the_jpeg_stands_for_it(catalog: Catalog, tmp_path: Path, content: bytes) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    raw.write_bytes(content)
    for new in (1, 0):
        outcome = take_one(catalog, tmp_path, tmp_path / "shoot")
        assert (outcome.source.digest, outcome.source.kind) == (digest_of_file(jpeg), "photo")
        assert (outcome.new, outcome.companions) == (new, ())
        (line,) = outcome.lost
        assert line.path == str(raw)
        assert line.reason.endswith("; DSC_0012.JPG stands for it")
    write_pair(tmp_path / "shoot")
    outcome = take_one(catalog, tmp_path, tmp_path / "shoot")
    assert (outcome.source.digest, outcome.companions, outcome.lost) == (digest_of_file(jpeg), (raw,), ())
    assert len(catalog.frames()) == 1


def test_a_pair_of_which_neither_can_be_read_is_one_line(catalog: Catalog, tmp_path: Path) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    raw.write_bytes(b"")
    jpeg.write_bytes(b"no picture")
    (outcome,) = take(catalog, tmp_path, tmp_path / "shoot")
    assert isinstance(outcome, Unreadable)
    assert "is empty (0 bytes)" in outcome.reason
    assert "DSC_0012.JPG is not a picture" in outcome.reason
    assert catalog.frames() == []


def test_a_pair_in_a_class_folder_gets_its_class_once(catalog: Catalog, tmp_path: Path) -> None:
    write_pair(tmp_path / "set" / "select")
    settings = replace(SETTINGS, task=TASK)
    for _ in range(2):
        outcome = take_one(catalog, tmp_path, tmp_path / "set", settings=settings)
        assert outcome.lost == ()
    assert [label.class_name for label in catalog.labels()] == ["select"]


def test_a_pair_that_moved_is_the_same_sample(catalog: Catalog, tmp_path: Path) -> None:
    write_pair(tmp_path / "shoot")
    take_one(catalog, tmp_path, tmp_path / "shoot")
    shutil.move(tmp_path / "shoot", tmp_path / "archive")
    outcome = take_one(catalog, tmp_path, tmp_path / "archive")
    assert (outcome.known, outcome.source.path) == (1, str(tmp_path / "archive" / "DSC_0012.DNG"))
    assert len(catalog.sources()) == 1


def test_files_that_vanish_after_they_were_listed_are_named_and_the_rest_goes_on(
    catalog: Catalog, tmp_path: Path
) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    gone = write_jpeg(tmp_path / "shoot" / "gone.jpg")
    wanted, _ = plan_ingest([tmp_path / "shoot"], group=None, class_folders=None)
    gone.unlink()
    jpeg.unlink()
    outcomes = list(ingest(wanted, catalog=catalog, root=tmp_path / "project", settings=SETTINGS))
    (bad,) = [outcome for outcome in outcomes if isinstance(outcome, Unreadable)]
    (taken,) = [outcome for outcome in outcomes if isinstance(outcome, Ingested)]
    assert bad.path == str(gone)
    assert "is not there: it was removed or moved" in bad.reason
    assert taken.source.digest == digest_of_file(raw)
    assert [line.path for line in taken.lost] == [str(jpeg)]


def put_pair(web: WebServer, *files: Path) -> list[Place]:
    return [parse_place(web.put(f"/shoot/{file.name}", file.read_bytes()) + "?signature=hush") for file in files]


def test_a_pair_in_a_store_is_the_same_sample_as_on_disk(catalog: Catalog, tmp_path: Path, web: WebServer) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    there = put_pair(web, raw, jpeg)
    size = raw.stat().st_size + jpeg.stat().st_size
    first = take_one(catalog, tmp_path, *there)
    assert (first.new, first.path, first.companions, first.lost) == (1, there[0], (there[1],), ())
    assert first.fetched is not None
    assert (first.fetched.fetched_bytes, first.fetched.size_bytes) == (size, size)
    assert (first.source.digest, first.source.kind) == (digest_of_file(raw), "raw")
    (frame,) = catalog.frames()
    assert looks_like_quarters(read_picture(tmp_path / "project" / frame.image))
    assert isinstance(index_of(catalog).frame("DSC_0012.JPG"), FrameRef)
    assert isinstance(index_of(catalog).frame(f"{web.base}/shoot/DSC_0012.JPG?…"), FrameRef)
    again = take_one(catalog, tmp_path, *there)
    here = take_one(catalog, tmp_path, tmp_path / "shoot")
    assert (again.known, again.companions, here.known) == (1, (there[1],), 1)


def test_in_a_store_a_jpeg_of_another_time_is_no_part_of_the_raw_of_its_name(
    catalog: Catalog, tmp_path: Path, web: WebServer
) -> None:
    raw = write_raw(tmp_path / "shoot" / "DSC_0012.DNG", preview_width=720)
    jpeg = write_jpeg(tmp_path / "shoot" / "DSC_0012.JPG", taken="2021:01:01 00:00:00")
    there = put_pair(web, raw, jpeg)
    outcome = take_one(catalog, tmp_path, *there)
    assert (outcome.source.digest, outcome.companions) == (digest_of_file(raw), ())
    (line,) = outcome.lost
    assert line.path == str(there[1])
    assert line.reason.startswith("has the name of DSC_0012.DNG and was taken at another time")
    assert take_one(catalog, tmp_path, there[1]).source.digest == digest_of_file(jpeg)
    assert len(catalog.sources()) == 2


def test_of_a_pair_in_a_store_with_a_bad_raw_the_jpeg_stands_for_it(
    catalog: Catalog, tmp_path: Path, web: WebServer
) -> None:
    raw, jpeg = write_pair(tmp_path / "shoot")
    raw.write_bytes(b"no raw at all")
    outcome = take_one(catalog, tmp_path, *put_pair(web, raw, jpeg))
    assert (outcome.source.digest, outcome.source.kind) == (digest_of_file(jpeg), "photo")
    (line,) = outcome.lost
    assert line.reason.endswith("; DSC_0012.JPG stands for it")


@pytest.fixture
def web() -> Iterator[WebServer]:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    with web_server() as server:
        yield server


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_companion_that_may_not_be_read_is_named_and_the_raw_stands(catalog: Catalog, tmp_path: Path) -> None:
    _, jpeg = write_pair(tmp_path / "shoot")
    jpeg.chmod(0)
    outcome = take_one(catalog, tmp_path, tmp_path / "shoot")
    (line,) = outcome.lost
    assert line.path == str(jpeg)
    assert "permission" in line.reason.lower()
