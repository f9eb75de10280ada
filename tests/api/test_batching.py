from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.api.batching import Batcher


class Slow:
    """Replies to each batch once it may."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, questions: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(questions))
        self.begun.set()
        self.may_go_on.wait(30)
        return questions


@given(count=st.integers(0, 60), most=st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_each_question_gets_its_own_reply_in_batches_that_hold_no_more_than_they_may(count: int, most: int) -> None:
    sizes: list[int] = []

    def answer(questions: Sequence[int]) -> Sequence[int]:
        sizes.append(len(questions))
        return [one * one for one in questions]

    async def ask_all(executor: ThreadPoolExecutor) -> list[int]:
        batcher = Batcher(answer, executor, most=most)
        return await asyncio.gather(*(batcher.ask(one) for one in range(count)))

    with ThreadPoolExecutor(1) as executor:
        assert asyncio.run(ask_all(executor)) == [one * one for one in range(count)]
    assert sum(sizes) == count
    assert all(1 <= size <= most for size in sizes)


def test_what_comes_in_while_the_model_computes_is_its_next_batch() -> None:
    model = Slow()

    async def ask() -> None:
        batcher = Batcher(model, executor)
        first = asyncio.ensure_future(batcher.ask(0))
        await asyncio.get_running_loop().run_in_executor(None, model.begun.wait, 30)
        others = [asyncio.ensure_future(batcher.ask(one)) for one in range(1, 8)]
        await asyncio.sleep(0)
        model.may_go_on.set()
        assert await first == 0
        assert await asyncio.gather(*others) == list(range(1, 8))

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(ask())
    assert [len(batch) for batch in model.batches] == [1, 7]


def test_a_model_that_fails_fails_its_batch_and_answers_the_next() -> None:
    def answer(questions: Sequence[int]) -> Sequence[int]:
        if 0 in questions:
            raise ValueError("no such picture")
        return questions

    async def ask() -> None:
        batcher = Batcher(answer, executor, most=1)
        with pytest.raises(ValueError, match="no such picture"):
            await batcher.ask(0)
        assert await batcher.ask(1) == 1

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(ask())


def test_a_question_that_nobody_waits_for_any_more_is_not_asked() -> None:
    model = Slow()

    async def ask() -> None:
        batcher = Batcher(model, executor)
        first = asyncio.ensure_future(batcher.ask(0))
        await asyncio.get_running_loop().run_in_executor(None, model.begun.wait, 30)
        second, third = asyncio.ensure_future(batcher.ask(1)), asyncio.ensure_future(batcher.ask(2))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        model.may_go_on.set()
        assert (await first, await third) == (0, 2)

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(ask())
    assert model.batches == [[0], [2]]
