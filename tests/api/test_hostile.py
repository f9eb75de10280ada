"""Hostile files, and processes that are killed, against a server in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from benchmarks.hostile_files import make_hostile_files, read_hostile_files
from benchmarks.hostile_uploads import (
    Answers,
    Process,
    children_of,
    in_rounds,
    is_ready,
    open_client,
    send,
    send_all,
    serve_apart,
    zombies_of,
)

from api.sent import jpeg
from inference.plain import write_film

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at as Linux shows them")
_MOST_GROWTH = 48 << 20  # bytes, of some 140 MiB


@pytest.fixture(scope="module")
def apart(colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with serve_apart(colours, tmp_path_factory.mktemp("apart"), "--decoders", "1") as process:
        yield process


@pytest.fixture
def client(apart: Process) -> Iterator[httpx.Client]:
    with open_client(apart) as made:
        yield made


def _wait_until_empty(process: Process) -> list[str]:
    end = time.monotonic() + 30
    while process.leftovers() and time.monotonic() < end:
        time.sleep(0.05)
    return process.leftovers()


def test_every_hostile_file_is_answered_and_the_server_stays_ready(apart: Process, client: httpx.Client) -> None:
    files = make_hostile_files()
    some = {name: data for name, data in files.items() if not name.startswith(("a_tenth", "nearly_all"))}
    answers = Answers()
    send_all(client, some, answers, clients=4, routes=("/predict", "/jobs"))
    assert answers.wrong == []
    assert answers.statuses["bomb_30000.png", "/predict"] == {422: 1}
    assert answers.statuses["playlist_named.mp4", "/predict"] == {415: 1}
    assert is_ready(client)
    assert zombies_of(apart.pid) == []
    assert _wait_until_empty(apart) == []


@pytest.mark.longer
def test_the_memory_of_the_server_is_flat_over_rounds_of_hostile_files(apart: Process, client: httpx.Client) -> None:
    files = {name: data for name, data in make_hostile_files().items() if "film" not in name}
    rounds: list[str] = []
    answers = Answers()
    own = in_rounds(apart, client, files, answers, rounds=10, say=rounds.append)
    assert answers.wrong == []
    assert own[-1] - own[1] < _MOST_GROWTH, rounds
    assert is_ready(client)
    assert zombies_of(apart.pid) == []
    assert _wait_until_empty(apart) == []


@pytest.mark.longer
def test_the_real_hostile_files_are_answered(apart: Process, client: httpx.Client, media: Path) -> None:
    answers = Answers()
    send_all(client, read_hostile_files(media), answers, clients=4)
    assert answers.wrong == []
    assert is_ready(client)
    assert _wait_until_empty(apart) == []


def test_who_kills_a_decoder_harms_no_request(apart: Process, client: httpx.Client) -> None:
    assert send(client, "/predict", "a.jpg", jpeg())[0] == 200
    over, statuses = threading.Event(), []

    def ask() -> None:
        while not over.is_set():
            statuses.append(send(client, "/predict", "a.jpg", jpeg(400_000)))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    killed, before = set(), 0
    end = time.monotonic() + 60
    while len(killed) < 4 and time.monotonic() < end:
        for pid in _decoders_of(apart):
            # An order that two processes die over is taken to be what kills them: so each was answered in between.
            if pid not in killed and len(statuses) > before + 5:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                killed.add(pid)
                before = len(statuses)
        time.sleep(0.02)
    asked = len(statuses)
    while len(statuses) < asked + 5 and time.monotonic() < end + 30:
        time.sleep(0.02)
    over.set()
    for thread in asking:
        thread.join(60)
    assert len(killed) == 4
    assert {status for status, _ in statuses} == {200}, statuses
    assert zombies_of(apart.pid) == []


@pytest.mark.longer
def test_a_server_that_is_killed_takes_its_workers_along_and_the_next_start_sweeps(
    colours: Path, tmp_path: Path
) -> None:
    film = write_film(tmp_path / "long.mp4", [("red", 3000)])
    with serve_apart(colours, tmp_path, "--decoders", "1") as process, open_client(process) as client:
        client.post("/jobs", files={"file": film.read_bytes()}, data={"every_frame": "true"}).raise_for_status()
        workers = children_of(process.pid)
        assert process.leftovers()
        os.kill(process.pid, signal.SIGKILL)
        end = time.monotonic() + 30
        while any(map(_lives, workers)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(_lives, workers))
        left = process.leftovers()
        assert left
    with serve_apart(colours, tmp_path, "--decoders", "1") as process:
        assert process.leftovers() == []


def _decoders_of(process: Process) -> list[int]:
    """Return the processes below a server that decode: not the one that Python keeps to clean up after it."""
    found = []
    for pid in children_of(process.pid):
        with suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
