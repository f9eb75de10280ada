"""What processes of a Ray cluster tell, and ask, the one that wanted their work, while a task goes on there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from rushes.errors import EngineError
from rushes.scale.ray_cluster import joined_name, reached, require_connection

_LISTEN_SECONDS = 0.5
_LEAVE_SECONDS = 20.0  # that a task has to end in by itself


class _Post:
    """Letters to the driver, and its answers to those that ask; an actor."""

    def __init__(self) -> None:
        self._letters: asyncio.Queue[tuple[int | None, Any]] = asyncio.Queue()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._numbers = count()

    async def tell(self, said: Any) -> None:
        """Take a letter."""
        await self._letters.put((None, said))

    async def ask(self, question: Any) -> Any:
        """Return the driver's answer to a question."""
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        await self._letters.put((number, question))
        try:
            return await self._asked[number]
        finally:
            del self._asked[number]

    async def letters(self) -> list[tuple[int | None, Any]]:
        """Return what has come, with the number of each that waits for an answer; after a while, nothing."""
        try:
            found = [await asyncio.wait_for(self._letters.get(), _LISTEN_SECONDS)]
        except TimeoutError:
            return []
        while not self._letters.empty():
            found.append(self._letters.get_nowait())
        return found

    async def answer(self, number: int, said: Any) -> None:
        """Answer a question; whoever asked may be no more."""
        waiting = self._asked.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(said)


def carried_out(
    task: Callable[..., Any], heard: Callable[[Any], Any], *arguments: Any, look: Callable[[], None]
) -> Any:
    """Return what a task on the cluster returns that is called with (a post, *arguments).

    Processes of it say things by `post.tell.remote` and ask by `post.ask.remote`: each is heard here, in the order in
    which it came, and what hearing it gives is the answer. Whatever ends this ends the task, and all that it began.

    Args:
        look: called between letters, about twice a second.

    Raises:
        EngineError: the task failed, or the cluster is gone.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    with _asking():
        # Beside this process, or on the head of a cluster that is reached from outside: it falls with no other machine.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
        actor: Any = ray.remote(_Post)
        post = actor.options(num_cpus=0, scheduling_strategy=here).remote()
        once: Any = ray.remote(max_calls=1)(task)  # its process ends with it
        ending = once.options(num_cpus=0, max_retries=0, scheduling_strategy=here).remote(post, *arguments)

    def goes_on() -> bool:
        with _asking():
            return not ray.wait([ending], timeout=0)[0]

    def hear() -> bool:
        with _asking():
            letters = ray.get(post.letters.remote())
        for number, said in letters:
            answer = heard(said)
            if number is not None:
                with _asking():
                    post.answer.remote(number, answer)
        return bool(letters)

    try:
        while goes_on():
            hear()
            look()
        while hear():
            pass
        with _asking():
            return ray.get(ending)
    finally:
        _end(ending, post)


@contextmanager
def _asking() -> Iterator[None]:
    """Turn what Ray says where the work has ended, or the cluster is gone, into one error.

    Only around what is asked of Ray: an error of whoever hears letters is none of the cluster.
    """
    from ray.exceptions import RayError, RaySystemError, RayTaskError

    with reached(joined_name()):
        require_connection()
        try:
            yield
        except RayError as error:
            if isinstance(error, RaySystemError) and not isinstance(error, RayTaskError):
                raise
            cause = getattr(error, "cause", None) or error
            raise EngineError(f"the work on the cluster has ended before its time: {_last_line(cause)}") from error


def _end(ending: Any, post: Any) -> None:
    """End a task, all that it began, and its post, where the cluster is still there."""
    import ray

    with suppress(Exception):  # it would stand before what ended the work
        require_connection()
        if not ray.wait([ending], timeout=0)[0]:
            # Asked first, as by Ctrl-C: what Train and Tune hold of the cluster only they give back while our own
            # process goes on.
            ray.cancel(ending)
            ray.kill(post)
            ray.wait([ending], timeout=_LEAVE_SECONDS)
        ray.cancel(ending, force=True)
        ray.kill(post)


def _last_line(error: BaseException) -> str:
    """Return what an error says, without the stacks that Ray puts around it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
