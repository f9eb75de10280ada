"""The engine on one Ray of this machine, started once for the module."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import EngineError
from rushes.scale.choose import open_engine
from rushes.scale.engine import Chore, Done, Lost, Seat, Work
from rushes.scale.on_ray import OnRay
from rushes.scale.ray_cluster import reached, tells_of_death
from scale.engine_contract import (  # noqa: F401
    Order,
    build_orders,
    done_by,
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

# Ray is loaded only where a test runs, for collecting them loads it into no process. It leaves sockets and files to the
# collector.
pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'ray' is not installed"),
    pytest.mark.longer,
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def engine() -> Iterator[OnRay]:
    paths = os.pathsep.join(str(_ROOT / name) for name in ("src", "tests"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", paths)
        patch.delenv("RAY_ADDRESS", raising=False)
        engine = open_engine("ray", workers=2)
        assert isinstance(engine, OnRay)
        yield engine
        engine.close()


def test_an_item_whose_process_died_once_is_tried_again_also_where_it_was_late_before(
    engine: OnRay, tmp_path: Path
) -> None:
    kills = ("kill once", str(tmp_path / "killed"))
    items = [*orders_of("sleep", [0.9] * 3), kills]  # in time each, and late together
    done = done_by(engine, Work(build_orders, "waiting", together=4, at_once=4, seconds=1.3), items)
    assert not [one for one in done if isinstance(one.answer, Lost)]


def build_told_of_gpus(seat: Seat) -> Chore:
    return lambda items: [os.environ.get("CUDA_VISIBLE_DEVICES")] * len(items)


def test_work_that_takes_no_gpu_sees_none(engine: OnRay) -> None:
    (done,) = done_by(engine, Work(build_told_of_gpus, "looking"), [1])
    assert done.answer == ""


def test_a_driver_that_waits_takes_no_core(engine: OnRay) -> None:
    assert engine.workers == 2
    list(engine.map(Work(build_orders, "squaring"), orders_of("square", [1])))
    before = time.process_time()
    time.sleep(1)
    assert time.process_time() - before < 0.5


def test_a_worker_that_was_gone_before_it_was_given_an_item_is_no_death_of_that_item(
    engine: OnRay, tmp_path: Path
) -> None:
    assert engine.workers == 2  # and so there is a cluster
    done: list[Done[Any, Any]] = []
    kills_once = ("kill once", str(tmp_path / "killed"))

    def items() -> Iterator[Order]:
        yield ("process", 0)
        yield from orders_of("square", [1, 2])
        time.sleep(1.5)  # whatever was given is done, and the worker waits
        worker = done[0].answer[0]
        os.kill(worker, signal.SIGKILL)
        while Path(f"/proc/{worker}").exists():
            time.sleep(0.05)
        yield kills_once

    for part in OnRay(workers=1).map(Work(build_orders, "waiting", together=1), items()):
        done += part
    assert [one.answer for one in done if one.item == kills_once] == [kills_once[1]]
    assert len(done) == 4


def test_a_map_that_is_ended_early_leaves_its_way_through_the_bucket_open(engine: OnRay, tmp_path: Path) -> None:
    assert engine.workers == 2
    bucket, fills = tmp_path / "bucket", tmp_path / "kept"
    bucket.mkdir()
    storing = OnRay(workers=2, store=str(bucket))
    work = Work(build_orders, "writing", fills=fills, together=1)
    done_by(storing, work, orders_of("write", ["a", "b"]))
    assert [path for path in bucket.rglob("*") if path.is_file()] == []
    parts = storing.map(work, [("write", "c"), *orders_of("sleep", [600] * 4)])
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    (life,) = [path for path in bucket.rglob("*") if path.is_file()]
    assert [path.name for path in (fills / ".rushes" / "parts").iterdir()] == [life.name]


def test_a_cluster_that_has_no_memory_for_workers_is_told_in_one_sentence() -> None:
    # In a process of its own: one process has one cluster. Its memory counts as full from the first byte on.
    driver = textwrap.dedent("""
        from rushes.errors import EngineError
        from rushes.scale.engine import Work
        from rushes.scale.on_ray import OnRay
        from scale.engine_contract import build_orders
        engine = OnRay(workers=1)
        try:
            list(engine.map(Work(build_orders, "waiting"), [("sleep", 60)]))
        except EngineError as error:
            print(error)
        finally:
            engine.close()
    """)
    paths = os.pathsep.join(str(_ROOT / name) for name in ("src", "tests"))
    full = {"RAY_memory_usage_threshold": "0.0", "RAY_memory_monitor_refresh_ms": "100"}
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    told = subprocess.run(
        [sys.executable, "-c", driver],
        env=environment | full | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "4 workers in turn ended before they could begin waiting" in told.stdout, told.stdout + told.stderr


def build_that_hangs(seat: Seat) -> Chore:
    time.sleep(600)
    raise AssertionError


def test_a_worker_that_hangs_before_it_is_ready_ends_the_map_after_some_tries(engine: OnRay) -> None:
    assert engine.workers == 2  # and so there is a cluster
    hanging = OnRay(workers=1, build_seconds=3)
    with pytest.raises(EngineError, match=r"node .*: 4 workers in turn took longer than 3 s before they could begin x"):
        list(hanging.map(Work(build_that_hangs, "x"), [1]))


def test_what_ray_says_of_the_end_of_a_worker_is_told_from_other_trouble() -> None:
    from ray import exceptions as told

    ends = [
        told.ActorDiedError(),
        told.ActorUnavailableError("no answer", None),
        told.WorkerCrashedError(),
        told.OutOfMemoryError("node out of memory"),
        told.NodeDiedError("gone"),
        told.LocalRayletDiedError(),
        told.ObjectLostError("00", None, ""),
        told.ObjectReconstructionFailedError("00"),
        told.OwnerDiedError("00", None, ""),
    ]
    assert all(tells_of_death(error) for error in ends)
    others = [told.RuntimeEnvSetupError("no pip"), told.ObjectStoreFullError("full"), told.RaySystemError("gone")]
    assert not any(tells_of_death(error) for error in others)


def test_whatever_ray_says_beside_that_ends_in_one_error_of_ours() -> None:
    from ray import exceptions as told

    lost = r"head: the connection to the cluster was lost \(System error: gone\)"
    with pytest.raises(EngineError, match=lost), reached("head"):
        raise told.RaySystemError("gone")
    other = r"head: the cluster cannot go on \(RuntimeEnvSetupError: Failed to set up"
    with pytest.raises(EngineError, match=other), reached("head"):
        raise told.RuntimeEnvSetupError("no pip")
    with (
        pytest.raises(EngineError, match=r"head: the connection to the cluster was lost \(Ray Client is not"),
        reached("head"),
    ):
        raise Exception("Ray Client is not connected. Please connect by calling `ray.init`.")
    with pytest.raises(ZeroDivisionError), reached("head"):
        raise ZeroDivisionError("Ray Client is not connected")
