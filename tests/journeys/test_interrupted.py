"""A command that is killed: nothing half-written, and the same command goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from footage.painted import ordinal_of, write_film
from journeys.conftest import Rushes
from rushes.footage.picture import decode_picture


def start(*words: object, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "rushes.cli.main", *(str(word) for word in words)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet, env=os.environ | {"OMP_NUM_THREADS": "1"})


def wait_for_frames(project: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while sum(1 for _ in (project / "frames").rglob("*.jpg")) < count:
        assert time.monotonic() < deadline, "no frames appear"
        time.sleep(0.005)


@pytest.mark.longer
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_ingest_that_is_stopped_goes_on_and_equals_one_that_was_not(
    rushes: Rushes, tmp_path: Path, how: signal.Signals
) -> None:
    film = write_film(tmp_path / "TT_S01_E01.mp4", 900)
    words = ("ingest", film, "--every-frame")
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    for project in (broken, whole):
        rushes("init", project)
    rushes(*words, folder=whole)
    dice = random.Random(7)
    for _ in range(3):
        there = sum(1 for _ in (broken / "frames").rglob("*.jpg"))
        running = start(*words, folder=broken)
        wait_for_frames(broken, min(890, there + dice.randint(20, 120)))
        running.send_signal(how)
        status = running.wait(timeout=60)
        assert status == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[how]
        for picture in (broken / "frames").rglob("*.jpg"):
            if not picture.name.startswith("."):
                decode_picture(picture.read_bytes())
    said = rushes(*words, "--json", folder=broken)
    assert 0 < said.json["frames_new"] < 900
    assert said.json["frames_new"] + said.json["frames_known"] == 900
    files = {
        project: {path.name: path.read_bytes() for path in (project / "frames").rglob("TT*.jpg")}
        for project in (broken, whole)
    }
    assert files[broken] == files[whole]
    assert len(files[whole]) == 900
    last = sorted(files[whole])[-1]
    assert ordinal_of(decode_picture(files[whole][last])) == 899
