"""The engine on one Ray of this machine, started once for the module."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from rushes.scale.choose import open_engine
from rushes.scale.engine import Chore, Lost, Seat, Work
from rushes.scale.on_ray import OnRay
from scale.engine_contract import (  # noqa: F401
    build_orders,
    done_by,
    orders_of,
    test_a_bug_of_building_is_seen_as_one,
    test_an_error_of_building_ends_the_map,
    test_an_error_that_a_person_can_put_right_ends_the_map,
    test_an_item_on_which_the_work_fails_is_lost_alone,
    test_an_item_that_ends_its_process_is_lost_alone,
    test_an_item_that_takes_too_long_is_lost_alone,
    test_an_item_whose_process_died_once_is_tried_again,
    test_every_item_is_answered_once,
    test_items_are_taken_only_as_they_are_needed,
    test_large_items_and_large_answers_pass_each_other,
    test_no_items_give_nothing,
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
