from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from api.answering import Broken, DiesAtTheStart, KilledAtTheStart, Obedient
from rushes.api.workers import StartError, Worker, WorkerError
from rushes.errors import MediaError, RushesError

_ROOM = 1 << 30


@pytest.fixture(scope="module")
def ends() -> list[str]:
    """Why processes of `worker` ended that were begun anew."""
    return []


@pytest.fixture(scope="module")
def worker(ends: list[str]) -> Iterator[Worker]:
    made = Worker(Obedient, memory_bytes=_ROOM, name="test", ended=ends.append)
    yield made
    made.kill()


def test_an_order_is_carried_out_in_a_process_of_its_own_that_stays(worker: Worker) -> None:
    first = worker.do(("count", None), seconds=60)
    pid = worker.pid
    assert worker.do(("count", None), seconds=60) == first + 1
    assert worker.pid == pid


def test_what_is_told_on_the_way_comes_in_order(worker: Worker) -> None:
    heard: list[int] = []
    assert worker.do(("tell", 5), seconds=60, told=heard.append) == 5
    assert heard == [0, 1, 2, 3, 4]


def test_a_file_that_cannot_be_read_is_an_error_of_the_file_and_the_process_stays(worker: Worker) -> None:
    worker.do(("count", None), seconds=60)
    pid = worker.pid
    with pytest.raises(MediaError) as caught:
        worker.do(("unreadable", "is cut off"), seconds=60)
    assert caught.value.reason == "is cut off"
    assert worker.pid == pid


def test_a_fault_of_ours_is_told_and_the_process_stays(worker: Worker, ends: list[str]) -> None:
    ends.clear()
    with pytest.raises(WorkerError, match="fault of rushes itself") as caught:
        worker.do(("fault", None), seconds=60)
    assert caught.value.cause == "fault"
    assert worker.do(("echo", 7), seconds=60) == 7
    assert ends == []


@pytest.mark.parametrize("order", [("die", signal.SIGABRT), ("sleep", 60)])
def test_a_process_that_dies_or_takes_too_long_is_replaced(
    worker: Worker, ends: list[str], order: tuple[str, object]
) -> None:
    worker.do(("count", None), seconds=60)
    pid = worker.pid
    ends.clear()
    with pytest.raises(WorkerError) as caught:
        worker.do(order, seconds=0.3)
    assert [caught.value.cause] == ends == [{"die": "crash", "sleep": "time"}[order[0]]]
    assert worker.do(("count", None), seconds=60) == 1
    assert worker.pid != pid


@pytest.mark.skipif(sys.platform != "linux", reason="memory of a process is looked at on Linux alone")
def test_a_process_whose_memory_grows_is_replaced_before_an_order_has_no_room(worker: Worker, ends: list[str]) -> None:
    worker.kill()
    worker.do(("keep", 50 << 20), seconds=60)
    pid = worker.pid
    ends.clear()
    for _ in range(30):
        worker.do(("keep", 50 << 20), seconds=60)
    assert worker.pid != pid
    assert set(ends) == {"worn"}


def test_what_libraries_print_of_a_file_does_not_reach_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    worker = Worker(Obedient, memory_bytes=_ROOM, name="test")
    worker.do(("print", b"More samples per pixel than can be decoded\n"), seconds=60)
    worker.kill()
    assert capfd.readouterr() == ("", "")


def test_a_process_that_was_killed_from_outside_is_replaced_and_its_order_carried_out(
    worker: Worker, ends: list[str], tmp_path: Path
) -> None:
    ends.clear()
    assert worker.do(("die once", tmp_path / "died"), seconds=60) == "alive"
    assert ends == ["killed"]
    with pytest.raises(WorkerError) as caught:
        worker.do(("die", signal.SIGKILL), seconds=60)
    assert caught.value.cause == "crash"
    assert ends == ["killed"] * 3
    assert worker.do(("echo", 7), seconds=60) == 7


@pytest.mark.parametrize("order", ["('echo', 1)", "('sleep', 300)", "('spin', 300)"])
def test_a_process_ends_with_the_server_that_started_it(order: str) -> None:
    code = (
        "import threading, time\nfrom api.answering import Obedient\nfrom rushes.api.workers import Worker\n"
        "if __name__ == '__main__':\n"
        "    worker = Worker(Obedient, memory_bytes=1 << 30, name='test')\n"
        "    worker.start()\n    print(worker.pid, flush=True)\n"
        f"    worker.do({order}, seconds=600)\n    time.sleep(600)\n"
    )
    here = Path(__file__).parents[1]
    paths = os.pathsep.join([str(here), *filter(None, sys.path)])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths}
    ) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        time.sleep(0.2)  # so that it is in the middle of its order
        server.kill()
    assert _ends(pid)


def _ends(pid: int) -> bool:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(FileNotFoundError):  # another system than Linux
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # nobody asks after it any more
        try:
            os.kill(pid, 0)
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="memory of a process is bounded on Linux alone")
def test_a_process_that_fills_its_memory_is_replaced(worker: Worker) -> None:
    with pytest.raises(WorkerError) as caught:
        worker.do(("fill", 2 * _ROOM), seconds=60)
    assert caught.value.cause == "memory"
    assert worker.do(("fill", 1000), seconds=60) == 1000


def test_an_order_that_stalls_is_given_up_however_long_it_may_take_in_all(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="showed no progress"):
        worker.do(("sleep", 60), seconds=600, stall_seconds=0.3)


def test_an_order_that_is_taken_back_ends_its_process(worker: Worker, ends: list[str]) -> None:
    worker.do(("count", None), seconds=60)
    ends.clear()
    taken_back = threading.Event()
    threading.Timer(0.1, taken_back.set).start()
    begun = time.monotonic()
    with pytest.raises(WorkerError) as caught:
        worker.do(("sleep", 60), seconds=60, taken_back=taken_back)
    assert [caught.value.cause] == ends == ["cancelled"]
    assert time.monotonic() - begun < 30


def test_a_process_that_cannot_load_what_it_needs_says_why() -> None:
    worker = Worker(Broken, memory_bytes=_ROOM, name="test")
    with pytest.raises(RushesError, match="the bundle is gone"):
        worker.do(("count", None), seconds=60)
    assert worker.pid is None


@pytest.mark.parametrize("made", [KilledAtTheStart, DiesAtTheStart])
def test_a_process_that_does_not_become_ready_blames_no_file(made: type) -> None:
    worker = Worker(made, memory_bytes=_ROOM, name="test")
    with pytest.raises(StartError, match="while it started") as caught:
        worker.do(("count", None), seconds=60)
    assert "file" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="what a process may do is bounded on Linux alone")
def test_a_process_that_decodes_writes_no_file_and_opens_few(worker: Worker, tmp_path: Path) -> None:
    assert worker.do(("write", tmp_path / "a"), seconds=60) == "refused"
    assert (tmp_path / "a").stat().st_size == 0
    assert worker.do(("open", 300), seconds=60) < 260
