from __future__ import annotations

import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from rushes.cores import count_cores
from rushes.errors import EngineError
from rushes.scale.engine import Chore, Lost, Seat, Work, in_order
from rushes.scale.here import Here
from scale.engine_contract import (  # noqa: F401
    LARGE_BYTES,
    build_orders,
    orders_of,
    test_a_bug_of_building_is_seen_as_one,
    test_an_error_of_building_ends_the_map,
    test_an_error_that_a_person_can_put_right_ends_the_map,
    test_an_item_on_which_the_work_fails_is_lost_alone,
    test_an_item_that_ends_its_process_is_lost_alone,
    test_an_item_that_takes_too_long_among_many_is_lost_alone,
    test_an_item_that_takes_too_long_is_lost_alone,
    test_an_item_whose_process_died_once_is_tried_again,
    test_every_item_is_answered_once,
    test_fewer_items_are_given_at_once_where_so_many_were_late,
    test_items_are_taken_only_as_they_are_needed,
    test_large_items_and_large_answers_pass_each_other,
    test_many_items_that_are_late_only_together_are_not_lost,
    test_no_items_give_nothing,
    test_processes_that_do_not_become_ready_leave_the_work_to_those_that_are,
    test_progress_counts_items,
    test_the_map_ends_where_it_is_stopped,
    test_what_is_done_can_be_taken_in_order,
    test_what_is_under_way_is_not_waited_for_when_the_iterator_is_closed,
    test_what_the_work_keeps_is_there_once_its_chunk_is_given,
    test_what_the_work_reads_comes_along,
    test_work_is_built_once_in_each_process,
    test_work_that_keeps_nothing_has_a_folder_of_its_own,
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Here]:
    engine = Here(workers=2)
    yield engine
    engine.close()


TAKING_LONG = """
import sys
from scale.engine_contract import build_orders, orders_of
from rushes.scale.engine import Work
from rushes.scale.here import Here

if __name__ == "__main__":
    engine = Here(workers=2)
    items = [("process", 0), ("process", 0), ("write", "a"), ("write", "b"), *orders_of("sleep", [600] * 4)]
    for part in engine.map(Work(build_orders, "waiting", together=1), items):
        for done in part:
            print(done.answer[0] if done.item[0] == "process" else done.answer, flush=True)
"""


def build_that_dies(seat: Seat) -> Chore:
    os._exit(7)


def build_that_hangs(seat: Seat) -> Chore:
    time.sleep(600)
    raise AssertionError


def build_of_a_lock(seat: Seat) -> Chore:
    return lambda items: [threading.Lock() if item == "lock" else item for item in items]


def build_that_speaks(seat: Seat) -> Chore:
    def speak(items: Sequence[str]) -> Sequence[str]:
        warnings.warn("a warning of a library", stacklevel=1)
        logging.getLogger("library").info("a note of a library")
        return items

    return speak


def processes_of(engine: Here, *, build: Callable[[Seat], Chore] = build_orders) -> set[int]:
    items = orders_of("process", range(12))
    return {done.answer[0] for part in engine.map(Work(build, "looking", together=1), items) for done in part}


def is_there(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    return False


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it is not so after 30 s")


def test_processes_are_kept_for_the_same_work_and_end_with_the_engine() -> None:
    engine = Here(workers=2)
    first = processes_of(engine)
    assert processes_of(engine) <= first
    assert os.getpid() not in first
    other = processes_of(engine, build=partial(build_orders))
    assert not other & first
    (folder,) = {
        str(done.answer)
        for part in engine.map(Work(partial(build_orders), "writing"), [("write", "a")])
        for done in part
    }
    assert Path(folder, "a").exists()
    engine.close()
    assert not Path(folder).exists()
    assert not any(is_there(pid) for pid in first | other)
    assert not {child.pid for child in multiprocessing.active_children()} & (first | other)


def test_a_process_that_is_killed_leaves_no_folder() -> None:
    engine = Here(workers=2)
    items = [("write", "a"), ("kill", ""), ("write", "b")]
    done = [done for part in engine.map(Work(build_orders, "writing", together=1), items) for done in part]
    engine.close()
    assert not any(Path(str(one.answer)).exists() for one in done if not isinstance(one.answer, Lost))


def test_what_is_said_of_a_death_names_the_signal_and_what_to_do() -> None:
    items = [("kill", ""), ("exit", 3)]
    with closing(Here(workers=2)) as engine:
        done = in_order(engine.map(Work(build_orders, "looking"), items))
        killed, ended = (one.answer.reason for one in done)
    assert "twice (SIGKILL), as the system does where memory runs out. Try it with fewer --workers" in killed
    assert "twice (exit status 3)" in ended


SQUARING = """
import sys
from contextlib import closing
from scale.engine_contract import build_orders
from rushes.errors import EngineError
from rushes.scale.engine import Work
from rushes.scale.here import Here

if __name__ == "__main__":
    with closing(Here(workers=int(sys.argv[1]))) as engine:
        try:
            print([done.answer for part in engine.map(Work(build_orders, "x"), [("write", "a")]) for done in part])
        except EngineError as error:
            print(error)
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders are of users")
@pytest.mark.parametrize("workers", [1, 2])
def test_folders_stand_where_nobody_else_does_and_those_of_killed_processes_go(tmp_path: Path, workers: int) -> None:
    script = tmp_path / "squaring.py"
    script.write_text(SQUARING)
    (tmp_path / "tmp").mkdir()
    home = tmp_path / "tmp" / f"rushes-pool-{os.getuid()}"

    def said() -> str:
        return subprocess.run(
            [sys.executable, script, str(workers)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path / "tmp")},
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    home.mkdir(mode=0o700)
    (home / "left").mkdir()
    assert said().startswith(f"['{home}{os.sep}")
    assert not list(home.iterdir())
    home.rmdir()
    home.symlink_to(tmp_path)
    assert "there is no folder for temporary files to work in" in said()
    assert "is somebody else's" in said()
    assert {path.name for path in tmp_path.iterdir()} == {"squaring.py", "tmp"}


def test_a_build_that_dies_ends_the_map_after_some_tries() -> None:
    with closing(Here(workers=2)) as engine, pytest.raises(EngineError, match=r"working: .* \(exit status 7\) before"):
        list(engine.map(Work(build_that_dies, "working"), [1, 2, 3]))


def test_a_build_that_hangs_ends_the_map_after_some_tries() -> None:
    with (
        closing(Here(workers=2, build_seconds=0.3)) as engine,
        pytest.raises(EngineError, match=r"took longer than 0\.3 s before it was ready, 3 times in a row"),
    ):
        list(engine.map(Work(build_that_hangs, "working"), [1, 2, 3]))


def test_an_answer_that_cannot_be_sent_is_lost_alone() -> None:
    with closing(Here(workers=2)) as engine:
        done = list(in_order(engine.map(Work(build_of_a_lock, "locking"), ["a", "lock", "b"])))
    assert [done[0].answer, done[2].answer] == ["a", "b"]
    assert isinstance(done[1].answer, Lost)
    assert done[1].answer.cause == "failed"


def test_too_few_items_are_done_in_this_process() -> None:
    engine = Here()
    work = Work(build_orders, "looking", worth=3)
    ((done, _),) = engine.map(work, orders_of("process", range(2)))
    assert done.answer[0] == os.getpid()
    ((done,),) = engine.map(replace(work, worth=None), iter([("process", 0)]))
    assert done.answer[0] == os.getpid()


def test_a_process_of_a_pool_works_by_itself() -> None:
    with closing(Here(workers=2)) as engine:
        ((done,),) = engine.map(Work(build_with_an_engine, "squaring"), [3])
    assert done.answer == 9


def build_with_an_engine(seat: Seat) -> Chore:
    return lambda items: [
        done.answer
        for part in Here(workers=2).map(Work(build_orders, "squaring"), orders_of("square", items))
        for done in part
    ]


def test_processes_divide_the_cores_unless_told_otherwise() -> None:
    for engine, threads in ((Here(workers=2), max(1, count_cores() // 2)), (Here(workers=2, threads=5), 5)):
        with closing(engine):
            ((done,),) = engine.map(Work(build_orders, "looking"), [("threads", 0)])
            assert done.answer == threads


def test_a_process_says_no_more_than_the_one_that_asked(capfd: pytest.CaptureFixture[str]) -> None:
    with closing(Here(workers=2)) as engine:
        list(engine.map(Work(build_that_speaks, "speaking"), ["a"]))
    assert capfd.readouterr().err == ""


def test_a_map_that_another_one_took_over_from_is_seen_as_a_bug() -> None:
    with closing(Here(workers=2)) as engine:
        first = engine.map(Work(build_orders, "squaring", together=1), orders_of("square", range(40)))
        next(first)
        second = engine.map(Work(build_orders, "squaring", together=1), orders_of("square", range(4)))
        assert sorted(done.answer for part in second for done in part) == [0, 1, 4, 9]
        with pytest.raises(RuntimeError, match="another map"):
            list(first)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_quietly_with_the_one_that_started_them(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "taking_long.py"
    script.write_text(TAKING_LONG)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    driver = subprocess.Popen(
        [sys.executable, script],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert driver.stdout is not None
    assert driver.stderr is not None
    said = [driver.stdout.readline().strip() for _ in range(4)]
    pids = {int(line) for line in said if line.isdigit()}
    assert pids
    if how == signal.SIGINT:
        os.killpg(driver.pid, how)  # as a terminal does
    else:
        driver.kill()
    errors = driver.communicate(timeout=60)[1]
    wait_until(lambda: not any(is_there(pid) for pid in pids))
    wait_until(lambda: not list(tmp_path.glob("rushes-*/*")))
    assert errors.count("Traceback") == (1 if how == signal.SIGINT else 0), errors


@pytest.mark.longer
def test_random_kills_cost_no_item_but_one_that_was_hit_twice() -> None:
    """Each process is killed at any moment: while it begins, reads, works or writes."""
    dice = random.Random(11)
    items = orders_of("large", [bytes([number % 256]) * 400_000 for number in range(150)])
    with closing(Here(workers=2)) as engine:
        done = []
        for part in engine.map(Work(build_orders, "carrying", together=2), items):
            done += part
            children = multiprocessing.active_children()
            if children and dice.random() < 0.1:
                os.kill(dice.choice(children).pid or 0, signal.SIGKILL)
    answers = [one.answer for one in in_order([done])]
    assert len(answers) == len(items)
    lost = [answer for answer in answers if isinstance(answer, Lost)]
    assert all(one.cause == "died" for one in lost)
    assert len(lost) <= 3
    assert all(
        isinstance(answer, Lost) or answer == bytes(value[:1]) * LARGE_BYTES
        for answer, (_, value) in zip(answers, items, strict=True)
    )
