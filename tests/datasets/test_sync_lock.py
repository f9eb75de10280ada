"""The lock: two syncs are kept apart, and a dead one holds nobody up."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rushes.datasets.sync_lock import LOCK_KEY, RENEW_SECONDS, STALE_SECONDS, hold_lock
from rushes.errors import SyncError
from rushes.storage.local_folder import LocalFolder
from rushes.storage.stores import State

ANOTHER_MACHINE = {
    "schema": "lock/1",
    "token": "t",
    "host": "elsewhere",
    "machine": "m",
    "process": "7@7",
    "since": "2026-11-25",
}


def held_elsewhere(folder: LocalFolder, *, renewed_at: float) -> None:
    folder.write(LOCK_KEY, json.dumps({**ANOTHER_MACHINE, "renewed_at": renewed_at}).encode())


def test_while_it_is_held_nobody_else_gets_it(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    said = r"another sync holds the lock: process \d+ on .* --break-lock"
    with hold_lock(folder), pytest.raises(SyncError, match=said), hold_lock(folder):
        pass


def test_it_is_let_go_of_at_the_end_and_on_an_error(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    with pytest.raises(ValueError, match="oh"), hold_lock(folder):
        raise ValueError("oh")
    assert folder.state(LOCK_KEY) is None
    with hold_lock(folder):
        assert folder.state(LOCK_KEY) is not None
    assert folder.state(LOCK_KEY) is None


def test_the_lock_of_another_machine_holds_until_it_was_not_renewed_for_long(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    held_elsewhere(folder, renewed_at=1000.0)
    said, just_before = "process 7 on elsewhere since 2026-11-25", 1000.0 + STALE_SECONDS - 1
    with pytest.raises(SyncError, match=said), hold_lock(folder, clock=lambda: just_before):
        pass
    waited: list[float] = []
    with hold_lock(folder, clock=lambda: 1000.0 + STALE_SECONDS + 1, sleep=waited.append) as lock:
        lock.still_held(for_certain=True)
    assert waited[0] > 2 * RENEW_SECONDS


def test_a_lock_that_only_seems_old_because_clocks_differ_is_not_taken(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    held_elsewhere(folder, renewed_at=1000.0)

    def renew(_: float) -> None:
        held_elsewhere(folder, renewed_at=1020.0)

    with pytest.raises(SyncError, match="another sync holds the lock"), hold_lock(folder, sleep=renew):
        pass


def test_who_slept_looks_before_the_next_change(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    with hold_lock(folder, renew_seconds=3600) as lock:
        held_elsewhere(folder, renewed_at=time.time())
        lock.still_held()  # it was renewed just now
        lock._renewed_at -= STALE_SECONDS  # as the clock on the wall says after a sleep
        with pytest.raises(SyncError, match="another sync has taken the lock"):
            lock.still_held()


def test_a_lock_whose_answer_was_lost_is_known_by_its_token(tmp_path: Path) -> None:
    class Deaf(LocalFolder):
        def write_new(self, key: str, data: bytes) -> State | None:
            super().write_new(key, data)
            return None

        def rewrite(self, key: str, data: bytes, *, known: State) -> State | None:
            super().rewrite(key, data, known=known)
            return None

    folder = Deaf(tmp_path / "set")
    with hold_lock(folder, renew_seconds=0.05) as lock:
        time.sleep(0.3)
        lock.still_held(for_certain=True)


def test_a_process_of_another_container_of_this_host_is_not_judged_by_its_number(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    here = {**ANOTHER_MACHINE, "host": socket.gethostname(), "process": "999999@1", "renewed_at": time.time()}
    folder.write(LOCK_KEY, json.dumps(here).encode())
    with pytest.raises(SyncError, match="another sync holds the lock"), hold_lock(folder):
        pass


def test_a_lock_may_be_broken_by_hand(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    held_elsewhere(folder, renewed_at=time.time())
    with hold_lock(folder, take_over=True) as lock:
        lock.still_held()


def test_what_is_no_lock_of_ours_is_taken_for_a_dead_one(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    folder.write(LOCK_KEY, b"{cut sh")
    with hold_lock(folder, sleep=lambda _: None):
        assert b"lock/1" in folder.read(LOCK_KEY)


def test_the_lock_of_a_killed_process_of_this_machine_is_taken_over_at_once(tmp_path: Path) -> None:
    held = (
        "import sys, time; from pathlib import Path\n"
        "from rushes.datasets.sync_lock import hold_lock\n"
        "from rushes.storage.local_folder import LocalFolder\n"
        "with hold_lock(LocalFolder(Path(sys.argv[1]))):\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    folder = LocalFolder(tmp_path / "set")
    with subprocess.Popen([sys.executable, "-c", held, str(tmp_path / "set")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(SyncError, match="another sync holds the lock"), hold_lock(folder):
            pass
        process.kill()
        process.wait()
    with hold_lock(folder) as lock:
        lock.still_held()


def test_who_lost_the_lock_is_told_before_the_next_change(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    with hold_lock(folder, renew_seconds=0.05) as lock:
        lock.still_held()
        held_elsewhere(folder, renewed_at=time.time())
        give_up = time.monotonic() + 10

        def look_until_it_is_lost() -> None:
            while time.monotonic() < give_up:
                lock.still_held()
                time.sleep(0.02)

        with pytest.raises(SyncError, match="another sync has taken the lock"):
            look_until_it_is_lost()
    assert folder.state(LOCK_KEY) is not None  # it is not ours to remove


def test_a_lock_is_renewed_while_it_is_held(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    with hold_lock(folder, renew_seconds=0.05):
        first = json.loads(folder.read(LOCK_KEY))["renewed_at"]
        give_up = time.monotonic() + 10
        while json.loads(folder.read(LOCK_KEY))["renewed_at"] == first and time.monotonic() < give_up:
            time.sleep(0.02)
        assert json.loads(folder.read(LOCK_KEY))["renewed_at"] > first


def test_of_many_who_try_at_once_one_gets_it(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "set")
    held_elsewhere(folder, renewed_at=0.0)  # dead, so that all try to take it over
    together, inside, refused = threading.Barrier(8), [], []

    def try_it() -> None:
        together.wait()
        try:
            with hold_lock(folder, sleep=lambda _: None):
                inside.append(1)
                time.sleep(0.5)
        except SyncError:
            refused.append(1)

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(inside), len(refused)) == (1, 7)
