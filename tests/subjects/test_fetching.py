"""Fetching a file: whole and right, or not at all."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushes.storage.files import digest_of_bytes
from rushes.subjects.fetching import FetchError, fetch
from subjects.model_server import ModelServer, serving

DATA = random.Random(3).randbytes(700_000)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving(DATA) as state:
        yield state


def take(server: ModelServer, to: Path) -> None:
    fetch(server.url, to, sha256=digest_of_bytes(DATA), size_bytes=len(DATA), wait_seconds=5)


def test_a_file_is_fetched_whole_and_its_bytes_are_counted(server: ModelServer, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    fetch(
        server.url,
        tmp_path / "new" / "model.onnx",
        sha256=digest_of_bytes(DATA),
        size_bytes=len(DATA),
        progress=lambda done, total, note="": told.append((done, total)),
    )
    assert (tmp_path / "new" / "model.onnx").read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("sent", [DATA[:-1] + b"?", DATA + b"more", b"<html>no</html>", b""])
def test_another_file_is_refused_and_removed(server: ModelServer, tmp_path: Path, sent: bytes) -> None:
    server.data = sent
    with pytest.raises(FetchError, match="another file"):
        take(server, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_connection_leaves_a_begin_from_which_the_next_fetch_goes_on(
    server: ModelServer, tmp_path: Path
) -> None:
    server.stops_after = 300_000
    with pytest.raises(FetchError, match="goes on from there"):
        take(server, tmp_path / "model.onnx")
    [left] = tmp_path.iterdir()
    assert left.suffix == ".part"
    os.utime(left, (0, 0))  # a day later it still counts
    server.stops_after = -1
    take(server, tmp_path / "model.onnx")
    assert server.asked == ["", "bytes=300000-"]
    assert (tmp_path / "model.onnx").read_bytes() == DATA
    assert len(list(tmp_path.iterdir())) == 1


def test_a_server_that_cannot_go_on_is_asked_for_all_of_it(server: ModelServer, tmp_path: Path) -> None:
    server.stops_after = 300_000
    with pytest.raises(FetchError):
        take(server, tmp_path / "model.onnx")
    server.stops_after, server.ranges = -1, False
    take(server, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == DATA


def test_a_begin_of_another_file_ends_with_a_refusal_and_not_with_a_wrong_file(
    server: ModelServer, tmp_path: Path
) -> None:
    server.stops_after, server.data = 300_000, bytes(len(DATA))
    with pytest.raises(FetchError):
        take(server, tmp_path / "model.onnx")
    server.stops_after, server.data = -1, DATA
    with pytest.raises(FetchError, match="another file"):
        take(server, tmp_path / "model.onnx")
    take(server, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == DATA


def test_the_servers_no_is_passed_on(server: ModelServer, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(FetchError, match="the server answers 404"):
        take(server, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_said(tmp_path: Path) -> None:
    with serving(DATA) as server:
        url = server.url
    with pytest.raises(FetchError, match="cannot be reached"):
        fetch(url, tmp_path / "model.onnx", sha256="0" * 64, size_bytes=1, wait_seconds=5)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_with_its_remedy(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / f"model.onnx.{digest_of_bytes(DATA)[:12]}.part").symlink_to("/dev/full")
    with pytest.raises(FetchError, match="Make room"):
        take(server, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
