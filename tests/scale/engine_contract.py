"""The contract of engines: what every one of them does with items that go well and with those that do not.

A test module of an engine has a fixture `engine`, and imports the tests that it keeps.
"""

from __future__ import annotations

import itertools
import logging
import os
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rushes.errors import MediaError, MissingExtraError
from rushes.scale.engine import Chore, Done, Engine, Lost, Seat, Work, in_order

LARGE_BYTES = 3_000_000
Order = tuple[str, Any]  # what is to be done with a value
_built = 0


def build_orders(seat: Seat) -> Chore:
    """Give what carries orders out, each by its word."""
    global _built
    _built += 1

    def carry_out(order: Order) -> Any:
        word, value = order
        match word:
            case "square":
                return value * value
            case "fail":
                raise ValueError(f"failed on {value}")
            case "refuse":
                raise MediaError("bucket", "does not answer")
            case "exit":
                os._exit(value)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)
            case "kill once":  # by a file that says it was
                if not Path(value).exists():
                    Path(value).touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                    time.sleep(60)
                return value
            case "sleep":
                time.sleep(value)
                return value
            case "large":
                return bytes(value[:1]) * LARGE_BYTES
            case "process":
                return os.getpid(), _built
            case "threads":
                return seat.threads
            case "write":
                (seat.folder / value).write_text(value)
                return str(seat.folder)
            case "read":
                return seat.files[value].read_text()
        raise AssertionError(word)

    return lambda orders: [carry_out(order) for order in orders]


def build_without_its_extra(seat: Seat) -> Chore:
    raise MissingExtraError("train", "training")


def build_with_a_bug(seat: Seat) -> Chore:
    raise ZeroDivisionError("a bug")


def build_slow(seat: Seat) -> Chore:
    """Give what waits for each item, and answers how many there were."""

    def wait(items: Sequence[float]) -> list[int]:
        time.sleep(sum(items))
        return [len(items)] * len(items)

    return wait


def build_alone(built: Path, seat: Seat) -> Chore:
    """Build as one process does; others end before they are ready, as where memory runs out."""
    try:
        built.touch(exist_ok=False)
    except FileExistsError:
        os._exit(1)
    return build_orders(seat)


def orders_of(word: str, values: Sequence[Any]) -> list[Order]:
    return [(word, value) for value in values]


def done_by(engine: Engine, work: Work[Any, Any], items: Sequence[Any]) -> list[Done[Any, Any]]:
    """Return what came of the items, in their order; each must be there once."""
    done = [done for part in engine.map(work, items) for done in part]
    assert sorted(one.number for one in done) == list(range(len(items)))
    assert all(one.item == items[one.number] for one in done)
    return list(in_order([done]))


def test_every_item_is_answered_once(engine: Engine) -> None:
    done = done_by(engine, Work(build_orders, "squaring", together=4), orders_of("square", range(40)))
    assert [one.answer for one in done] == [number * number for number in range(40)]


def test_what_is_done_can_be_taken_in_order(engine: Engine) -> None:
    items = [("sleep", 0.2), *orders_of("square", range(7))]
    work = Work(build_orders, "waiting", together=1)
    assert [one.item for one in in_order(engine.map(work, items))] == items


def test_no_items_give_nothing(engine: Engine) -> None:
    assert list(engine.map(Work(build_orders, "squaring"), [])) == []
    assert list(engine.map(Work(build_orders, "squaring"), iter(()))) == []


def test_items_are_taken_only_as_they_are_needed(engine: Engine) -> None:
    taken = 0

    def endless() -> Iterator[Order]:
        nonlocal taken
        for number in itertools.count():
            taken += 1
            yield "square", number

    parts = engine.map(Work(build_orders, "squaring", together=2), endless())
    given = sum(len(next(parts)) for _ in range(5))
    time.sleep(0.2)
    assert taken <= given + 2 * 3 * engine.workers
    parts.close()  # type: ignore[attr-defined]


def test_an_item_on_which_the_work_fails_is_lost_alone(engine: Engine) -> None:
    done = done_by(engine, Work(build_orders, "squaring", together=4), [("square", 1), ("fail", "x"), ("square", 3)])
    lost = done[1].answer
    assert isinstance(lost, Lost)
    assert lost.cause == "failed"
    assert "ValueError: failed on x" in lost.reason
    assert "carry_out" in lost.trace
    assert [done[0].answer, done[2].answer] == [1, 9]


def test_an_error_that_a_person_can_put_right_ends_the_map(engine: Engine) -> None:
    with pytest.raises(MediaError) as caught:
        list(engine.map(Work(build_orders, "reading"), [("square", 1), ("refuse", "")]))
    assert (caught.value.path, caught.value.reason) == ("bucket", "does not answer")


def test_an_error_of_building_ends_the_map(engine: Engine) -> None:
    with pytest.raises(MissingExtraError, match=r"training needs the extra 'train'") as caught:
        list(engine.map(Work(build_without_its_extra, "training"), [1, 2, 3]))
    assert caught.value.extra == "train"


def test_a_bug_of_building_is_seen_as_one(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(engine.map(Work(build_with_a_bug, "working"), [1, 2, 3]))


def test_an_item_that_ends_its_process_is_lost_alone(engine: Engine) -> None:
    items = [*orders_of("square", range(5)), ("kill", ""), *orders_of("square", range(5, 9)), ("exit", 3)]
    done = done_by(engine, Work(build_orders, "squaring", together=4), items)
    lost = [one for one in done if isinstance(one.answer, Lost)]
    assert [one.item for one in lost] == [("kill", ""), ("exit", 3)]
    assert all(isinstance(one.answer, Lost) and one.answer.cause == "died" and one.answer.reason for one in lost)
    assert [one.answer for one in done if one not in lost] == [number * number for number in range(9)]


def test_an_item_whose_process_died_once_is_tried_again(engine: Engine, tmp_path: Path) -> None:
    items = [("square", 2), ("kill once", str(tmp_path / "a")), ("square", 3), ("kill once", str(tmp_path / "b"))]
    done = done_by(engine, Work(build_orders, "squaring", together=4), items)
    assert [one.answer for one in done] == [4, str(tmp_path / "a"), 9, str(tmp_path / "b")]


def test_an_item_that_takes_too_long_is_lost_alone(engine: Engine) -> None:
    items = [*orders_of("square", range(4)), ("sleep", 600), *orders_of("square", range(4, 8))]
    done = done_by(engine, Work(build_orders, "waiting", together=2, seconds=0.7), items)
    late = done[4].answer
    assert isinstance(late, Lost)
    assert late.cause == "late"
    assert late.reason
    assert [one.answer for one in done if one.number != 4] == [number * number for number in range(8)]


def test_an_item_that_takes_too_long_among_many_is_lost_alone(engine: Engine) -> None:
    # It would be in time if each of the many had its time, one behind the other.
    items = [*orders_of("square", range(20)), ("sleep", 12), *orders_of("square", range(20, 32))]
    done = done_by(engine, Work(build_orders, "waiting", together=33, at_once=33, seconds=0.7), items)
    assert [one.item for one in done if isinstance(one.answer, Lost)] == [("sleep", 12)]


def test_many_items_that_are_late_only_together_are_not_lost(engine: Engine) -> None:
    items = orders_of("sleep", [0.5] * 6)
    done = done_by(engine, Work(build_orders, "waiting", together=6, at_once=6, seconds=1.3), items)
    assert [one.answer for one in done] == [0.5] * 6


def test_fewer_items_are_given_at_once_where_so_many_were_late(engine: Engine) -> None:
    done = done_by(engine, Work(build_slow, "waiting", together=8, at_once=8, seconds=0.9), [0.3] * 56)
    assert 2 <= max(one.answer for one in done) <= 4


def test_processes_that_do_not_become_ready_leave_the_work_to_those_that_are(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def warnings() -> list[str]:
        return [one.getMessage() for one in caplog.records if one.name.startswith("rushes.scale")]

    def items() -> Iterator[Order]:  # until there is a warning, and some more
        for _ in range(600):
            yield "sleep", 0.2
            if warnings():
                break
        yield from orders_of("square", range(5))

    work = Work(partial(build_alone, tmp_path / "built"), "waiting", together=1)
    with caplog.at_level(logging.WARNING, logger="rushes.scale"):
        done = [one for part in engine.map(work, items()) for one in part]
    assert sorted(one.answer for one in done if one.item[0] == "square") == [0, 1, 4, 9, 16]
    assert not [one for one in done if isinstance(one.answer, Lost)]
    (warning,) = warnings()
    assert "waiting: no more than 1 process becomes ready" in warning
    assert "--workers" in warning


def test_the_map_ends_where_it_is_stopped(engine: Engine) -> None:
    given: list[Done[Any, Any]] = []
    items = [*orders_of("square", range(4)), *orders_of("sleep", [600] * 8)]
    for part in engine.map(Work(build_orders, "waiting", together=1), items, stopped=lambda: len(given) >= 4):
        given.extend(part)
    assert sorted(one.answer for one in given) == [0, 1, 4, 9]


def test_what_is_under_way_is_not_waited_for_when_the_iterator_is_closed(engine: Engine) -> None:
    items = [*orders_of("square", range(4)), *orders_of("sleep", [600] * 8)]
    parts = engine.map(Work(build_orders, "waiting", together=1), items)
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    done = done_by(engine, Work(build_orders, "squaring"), orders_of("square", range(3)))
    assert [one.answer for one in done] == [0, 1, 4]


def test_progress_counts_items(engine: Engine) -> None:
    told: list[tuple[int, int | None, str]] = []

    def note(done: int, total: int | None, note: str = "") -> None:
        told.append((done, total, note))

    work = Work(build_orders, "squaring", together=4)
    list(engine.map(work, orders_of("square", range(10)), progress=note))
    assert told[-1] == (10, 10, "squaring")
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    list(engine.map(work, iter(orders_of("square", range(4))), total=4, progress=note))
    assert told[-1] == (4, 4, "squaring")
    list(engine.map(work, iter(orders_of("square", range(4))), progress=note))
    assert told[-1] == (4, None, "squaring")


def test_what_the_work_keeps_is_there_once_its_chunk_is_given(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    names = [f"{number}.txt" for number in range(12)]
    for part in engine.map(Work(build_orders, "writing", fills=folder, together=3), orders_of("write", names)):
        for done in part:
            assert (folder / done.item[1]).read_text() == done.item[1]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_work_that_keeps_nothing_has_a_folder_of_its_own(engine: Engine) -> None:
    work = Work(build_orders, "writing", together=1)
    folders = {one.answer for one in done_by(engine, work, orders_of("write", ["a", "b", "c"]))}
    assert folders
    assert all(isinstance(folder, str) for folder in folders)


def test_what_the_work_reads_comes_along(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("a model")
    work = Work(build_orders, "reading", files={"model": tmp_path / "model.txt"})
    assert [one.answer for one in done_by(engine, work, orders_of("read", ["model"]))] == ["a model"]


def test_large_items_and_large_answers_pass_each_other(engine: Engine) -> None:
    items = orders_of("large", [bytes([number]) * LARGE_BYTES for number in range(10)])
    done = done_by(engine, Work(build_orders, "carrying", together=2), items)
    assert [one.answer for one in done] == [value for _, value in items]


def test_work_is_built_once_in_each_process(engine: Engine) -> None:
    work = Work(build_orders, "looking", together=1)
    first = {one.answer for one in done_by(engine, work, orders_of("process", range(20)))}
    assert len(first) == len({process for process, _ in first}) <= engine.workers
