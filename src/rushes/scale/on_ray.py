"""The engine of a cluster: one Ray actor per worker, given chunk after chunk."""

from __future__ import annotations

import errno
import logging
import pickle
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rushes.errors import EngineError, PlaceError, remedy_of, require_extra
from rushes.progress import Progress, silent
from rushes.scale.desk import Order, Reply, Wrong
from rushes.scale.edition import edition_here, teller, why_other
from rushes.scale.engine import BUILD_SECONDS, Answer, Done, Item, Work, count_of, never
from rushes.scale.luggage import bytes_of, digest_of, pieces_of, stamp_of
from rushes.scale.parts import Way, bucket_of, take_in, token_in, way_through
from rushes.scale.ray_cluster import (
    Cluster,
    Node,
    join,
    reached,
    require_connection,
    tells_of_death,
    tells_of_full_node,
    threads_for,
)
from rushes.scale.sent import ElsewhereError, died, few_ready, late
from rushes.storage.object_folder import ObjectFolder

_log = logging.getLogger(__name__)

_AHEAD = 2  # chunks that a worker has, the one it works on included
_WAIT_SECONDS = 0.2  # between two looks at whether the map was stopped
_CHUNK_SECONDS = 1.0  # that a chunk should take
_PATIENCE_SECONDS = 60.0  # without any node
_NOTE_SECONDS = 10.0  # without any worker, before it is said
_LOOK_SECONDS = 2.0  # between two looks at the nodes
_SILENT_SECONDS = 1.0  # after which a worker that is given something is asked whether it is still there
_SPARED = 3  # times that a chunk may be given to a worker that was gone before, until that counts as a death
_DEATHS = 2  # of processes that worked on an item, after which it is lost
_FAILED_STARTS = 4  # of workers that ended before they worked, one after another, until a node gets no more
_NO_ROOM_FOR_RAY = "no room in Ray's memory, nor on the disk of its temporary folder"
_LUGGAGE_BYTES = 4 << 20  # of what is sent along, for which a worker has a second more to become ready
_PAUSE_SECONDS = 60.0  # until a worker is started again where they failed on a node that nobody knows


class OnRay:
    """Does work on the nodes of a Ray cluster."""

    name = "ray"

    def __init__(
        self,
        address: str = "",
        *,
        workers: int = 0,
        threads: int = 0,
        store: str = "",
        build_seconds: float = BUILD_SECONDS,
    ) -> None:
        """Begin; the cluster is joined when there is work.

        Args:
            address: see `ray_cluster.join`.
            workers: actors at a time; 0 takes as many as the cluster's cores hold.
            threads: cores that each takes; 0 divides them among the workers that were asked for, or else takes one.
            store: folder of a bucket for what workers make; "" has their answers carry it.
            build_seconds: within which a worker that has room has to be ready, what is sent to it aside.

        Raises:
            MissingExtraError: the extra `ray` is not installed.
        """
        require_extra("ray", "ray", purpose="working on a cluster")
        self._address, self._workers, self._threads, self._store = address, workers, threads, store
        self._build_seconds = build_seconds
        self._cluster: Cluster | None = None

    @property
    def workers(self) -> int:
        """How many actors work at a time, where the cluster has room for them."""
        return self._shape(())[0]

    def _joined(self) -> Cluster:
        if self._cluster is None:
            self._cluster = join(self._address, cores=self._workers * max(1, self._threads))
        return self._cluster

    def _shape(self, gpus: Sequence[int]) -> tuple[int, int]:
        """Return how many workers there are, and the threads of each.

        Args:
            gpus: of the nodes that have some, where each worker takes one.
        """
        nodes = [node for node in self._joined().nodes() if node.gpus or not gpus]
        if not self._workers and not gpus:
            threads = self._threads or 1
            return max(1, sum(node.cores // threads for node in nodes)), threads
        most = sum(gpus)
        workers = min(self._workers, most) if self._workers and gpus else self._workers or most
        return workers, self._threads or threads_for(nodes, workers, on_gpu=bool(gpus))

    def map(
        self,
        work: Work[Item, Answer],
        items: Iterable[Item],
        *,
        total: int | None = None,
        progress: Progress = silent,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[list[Done[Item, Answer]]]:
        """Give what came of the items; see `Engine.map`."""
        cluster = self._joined()
        gpus = [node.gpus for node in cluster.nodes() if node.gpus] if work.takes_gpu else []
        workers, threads = self._shape(gpus)
        count = count_of(items, total)
        with ExitStack() as ends:
            bucket, fills, way = None, None, Way("")
            if work.fills is not None:
                name, word = ends.enter_context(token_in(work.fills))
                fills, bucket = (str(work.fills.absolute()), name, word), bucket_of(self._store)
                if bucket is not None:
                    way = ends.enter_context(way_through(bucket, work.fills, self._store))
            files = {name: (str(path.absolute()), stamp_of(path)) for name, path in work.files.items()}
            order = pickle.dumps(Order(work.build, threads, files, fills, self._store, way.prefix))
            crew = _Crew(workers, threads, on_gpu=bool(gpus), build_seconds=self._build_seconds)
            going = _Map(cluster, work, iter(items), count, order, bucket, way, crew)
            ends.callback(going.end)
            done = 0
            while not stopped() and not going.is_over():
                with reached(cluster.address):
                    part = going.step()
                if part:
                    done += len(part)
                    progress(done, count, work.what)
                    yield part

    def close(self) -> None:
        """End the cluster that was started here, or leave that of others as it is."""
        if self._cluster is not None:
            self._cluster.leave()
            self._cluster = None


@dataclass(slots=True)
class _Crew:
    """How many workers there are at a time, the cores of each, whether each has a GPU, and when it must be ready."""

    workers: int
    threads: int
    on_gpu: bool
    build_seconds: float


@dataclass
class _Chunk:
    """Some items, counted from the beginning of the map."""

    start: int
    items: list[Any]
    deaths: int = 0  # of processes that worked on it
    spared: int = 0  # times that it was given to a process that was gone before
    is_again: bool = False  # after it was late, or its process ended


@dataclass(frozen=True, slots=True)
class _Given:
    """A chunk that a worker was given."""

    answer: Any  # to come
    chunk: _Chunk
    asked: Any = None  # the answer to whether it is still there, which comes before it begins; None where that is known


@dataclass
class _Hand:
    """An actor, and what it was given; at work once `node` is known and nothing is awaited of its beginning."""

    actor: Any
    awaited: Any  # the answer to what it was asked last before it works; None once it works
    stage: str = "edition"
    node: str = ""
    where: str = ""
    given: deque[_Given] = field(default_factory=deque)
    heard: float = 0.0  # when it was there for sure
    since: float = 0.0  # when the first of `given` was begun, or else it was asked what it awaits; as seen from here


class _Map:
    """One map over the cluster: step by step, until nothing is left."""

    def __init__(
        self,
        cluster: Cluster,
        work: Work[Any, Any],
        items: Iterator[Any],
        count: int | None,
        order: bytes,
        bucket: ObjectFolder | None,
        way: Way,
        crew: _Crew,
    ) -> None:
        self._cluster, self._work, self._items, self._count = cluster, work, items, count
        self._order, self._bucket, self._way = order, bucket, way
        self._crew = crew
        self._ours = edition_here()
        self._actors = _worker_class()  # one for all workers: each new one is sent to the cluster
        self._hands: list[_Hand] = []
        self._again: deque[_Chunk] = deque()  # to be given once more
        self._taken = 0  # of the items
        self._peeked: list[Any] = []
        self._is_dry = False
        self._size = 1  # items of a chunk
        self._least = work.at_once
        self._out: dict[str, str] = {}  # nodes that get no more work, and why
        self._packed: dict[str, tuple[str, str, list[Any]]] = {}
        self._failed_starts: Counter[str] = Counter()  # by node, "" for one that is not known
        self._hires_from = 0.0
        self._idle_since = time.monotonic()  # without any worker
        self._nodeless_since: float | None = None
        self._looked, self._noted = 0.0, False
        self._waited = time.monotonic()  # when answers were looked for last: what is found later came after that

    def is_over(self) -> bool:
        """Return whether every item was answered."""
        return not self._has_more() and not any(hand.given for hand in self._hands)

    def end(self) -> None:
        """End all workers."""
        while self._hands:
            self._dismiss(self._hands[-1])

    def step(self) -> list[Done[Any, Any]]:
        """Give out what there is to do, wait a moment, and return what came of it."""
        import ray

        require_connection()
        self._hire()
        self._give()
        self._mind_the_nodes()
        awaited = {ref: hand for hand in self._hands for ref in _first_of(hand)}
        if not awaited:
            time.sleep(_WAIT_SECONDS)
            return []
        ready, _ = ray.wait(list(awaited), num_returns=1, timeout=_WAIT_SECONDS)
        if ready:
            ready, _ = ray.wait(list(awaited), num_returns=len(awaited), timeout=0)
        before, self._waited = self._waited, time.monotonic()
        done: list[Done[Any, Any]] = []
        for ref in ready:
            hand = awaited[ref]
            if hand not in self._hands:  # dismissed a moment ago
                continue
            try:
                answer = ray.get(ref)
            except ray.exceptions.RayTaskError as error:
                if tells_of_full_node(error):
                    self._give_up(hand, _NO_ROOM_FOR_RAY)
                    continue
                raise RuntimeError(f"the work cannot begin:\n{error}") from error
            except ray.exceptions.RayError as error:
                if not tells_of_death(error):
                    raise
                done += self._died(hand, error)
            else:
                hand.heard = before
                done += self._begun(hand, answer) if hand.awaited is not None else self._done(hand, answer)
        self._mind_the_beginners()
        return done + self._given_up()

    # What is to be done.

    def _has_more(self) -> bool:
        if not self._again and not self._peeked and not self._is_dry:
            self._peeked = list(islice(self._items, 1))
            self._is_dry = not self._peeked
        return bool(self._again or self._peeked)

    def _next(self) -> _Chunk | None:
        if self._again:
            return self._again.popleft()
        if not self._has_more():
            return None
        chunk = self._peeked + list(islice(self._items, self._next_size() - 1))
        self._peeked = []
        self._taken += len(chunk)
        return _Chunk(self._taken - len(chunk), chunk)

    def _next_size(self) -> int:
        least, size = self._least, self._size
        if self._count is not None:
            left = max(1, self._count - self._taken)
            size = min(size, -(-left // (2 * max(1, len(self._hands)))))
        return max(least, size // least * least)

    def _give(self) -> None:
        for ahead in range(1, _AHEAD + 1):  # one for each before anyone has a second
            for hand in self._hands:
                # Behind a chunk that was there at a death, nothing: its answer could be lost in another's sudden end.
                is_alone = bool(hand.given) and hand.given[-1].chunk.deaths > 0
                if hand.awaited is None and len(hand.given) < ahead and not is_alone:
                    chunk = self._next()
                    if chunk is None:
                        return
                    now = time.monotonic()
                    if not hand.given:
                        hand.since = now
                    asked = hand.actor.present.remote() if now - hand.heard > _SILENT_SECONDS else None
                    hand.given.append(_Given(hand.actor.do.remote(pickle.dumps(chunk.items)), chunk, asked))

    # Workers.

    def _hire(self) -> None:
        if time.monotonic() < self._hires_from:
            return
        given = sum(len(hand.given) for hand in self._hands)
        left = None if self._count is None else self._count - self._taken + len(self._again) + given
        while len(self._hands) < self._crew.workers and self._has_more() and (left is None or len(self._hands) < left):
            how: dict[str, Any] = {
                "num_cpus": self._crew.threads,
                "num_gpus": int(self._crew.on_gpu),
                "max_restarts": 0,
            }
            if self._out:
                how["label_selector"] = {"ray.io/node-id": f"!in({','.join(self._out)})"}
            actor = self._actors.options(**how).remote()
            self._hands.append(_Hand(actor, actor.introduced.remote()))

    def _dismiss(self, hand: _Hand) -> None:
        """End a worker; what it was given is to be given again."""
        import ray

        self._hands.remove(hand)
        self._way.stays_open |= bool(hand.given)  # nobody waits for its end, and it may be handing on what it made
        self._again.extendleft(given.chunk for given in reversed(hand.given))
        hand.given.clear()
        with suppress(Exception):  # it may be gone, and so may the cluster
            require_connection()
            ray.kill(hand.actor)
        if not any(one.awaited is None for one in self._hands):
            self._idle_since, self._noted = time.monotonic(), False

    def _begun(self, hand: _Hand, answer: Any) -> list[Done[Any, Any]]:
        """Take the next step in setting up a worker: is it ours, what does it lack, build."""
        if hand.stage == "edition":
            hand.node, hand.where = answer["node"], _called(answer["address"], answer["node"])
            wrong = why_other(answer, self._ours)
            if wrong:
                raise EngineError(f"{hand.where} {wrong}")
            if hand.node in self._out:
                self._dismiss(hand)
            else:
                hand.stage, hand.since = "files", time.monotonic()
                hand.awaited = hand.actor.unseen.remote(self._order, hide_gpus=not self._crew.on_gpu)
        elif hand.stage == "files":
            luggage = {name: self._pack(name) for name in answer}
            on_the_way = sum(bytes_of(Path(self._work.files[name])) for name in answer) / _LUGGAGE_BYTES
            hand.stage, hand.since = "building", time.monotonic() + on_the_way
            hand.awaited = hand.actor.sit.remote(luggage)
        elif answer:
            self._refuse(hand, pickle.loads(answer))
        else:
            hand.awaited, self._nodeless_since = None, None
            del self._failed_starts[hand.node]
        return []

    def _pack(self, name: str) -> tuple[str, str, list[Any]]:
        """Return a file or folder as it lies in the cluster's memory: its name, its digest, its pieces."""
        import ray

        if name not in self._packed:
            path = Path(self._work.files[name])
            _log.info("%s is sent to the cluster", path)
            self._packed[name] = (path.name, digest_of(path), [ray.put(piece) for piece in pieces_of(path)])
        return self._packed[name]

    def _refuse(self, hand: _Hand, wrong: Wrong) -> None:
        if tells_of_full_node(wrong.error):
            self._give_up(hand, _NO_ROOM_FOR_RAY)
            return
        if wrong.no_room is None:
            if len(self._cluster.nodes()) > 1:
                _log.warning("%s ends the work, for what is said next", hand.where)
            raise wrong.error from ElsewhereError(wrong.trace)
        if wrong.is_of_all:
            reason = f"there is no room ({wrong.no_room.left}), says {hand.where}. {remedy_of(errno.ENOSPC)}"
            raise PlaceError(wrong.no_room.folder, reason) from ElsewhereError(wrong.trace)
        self._give_up(hand, str(wrong.no_room))

    def _give_up(self, hand: _Hand, why: str) -> None:
        """Give the node of a worker no more work, and what it had to others."""
        self._out[hand.node] = f"{hand.where}: {why}"
        _log.warning("%s. It gets no more work; the others go on", self._out[hand.node])
        for other in [one for one in self._hands if one.node == hand.node]:
            self._dismiss(other)

    # What comes of it.

    def _done(self, hand: _Hand, packed: bytes) -> list[Done[Any, Any]]:
        reply: Reply | Wrong = pickle.loads(packed)
        if isinstance(reply, Wrong):
            self._refuse(hand, reply)
            return []
        chunk = hand.given.popleft().chunk
        hand.since = time.monotonic()
        if reply.parts and self._work.fills is not None:
            take_in(reply.parts, self._work.fills, self._bucket, self._way.prefix)
        if not chunk.is_again:
            fitting = int(_CHUNK_SECONDS / max(1e-9, reply.seconds / len(chunk.items)))
            self._size = max(1, min(self._work.together, 2 * self._size, fitting))
        return _answered(chunk, reply.answers)

    def _died(self, hand: _Hand, error: Exception) -> list[Done[Any, Any]]:
        """Take back what a worker was given that ended: a chunk that was begun is tried once more in ones."""
        if hand.awaited is not None:
            if not hand.node:
                found = self._cluster.node_of(hand.actor, error)
                if found is not None:
                    hand.node, hand.where = found.id, _called(found.address, found.id)
            self._note_failed_start(hand, "ended")
        _log.info("%s: a worker ended, and another takes its place", hand.where or self._cluster.address)
        if hand.given and not _was_there(hand.given[0]) and hand.given[0].chunk.spared < _SPARED:
            hand.given[0].chunk.spared += 1
            self._dismiss(hand)
            return []
        chunk = self._first_taken_from(hand)
        if chunk is None:
            return []
        deaths = chunk.deaths + 1
        if len(chunk.items) == 1 and deaths >= _DEATHS:
            return _answered(chunk, [died()])
        self._try_in_ones(chunk, deaths)
        return []

    def _mind_the_beginners(self) -> None:
        """End workers that have room and do not become ready: what hangs there would hang all."""
        now, most = time.monotonic(), self._crew.build_seconds
        for hand in list(self._hands):
            if hand.awaited is not None and hand.stage != "edition" and now - hand.since > most:
                self._note_failed_start(hand, f"took longer than {most:g} s")
                self._dismiss(hand)

    def _note_failed_start(self, hand: _Hand, how: str) -> None:
        """See to it that a node on which no worker begins, for whatever reason, costs the others nothing.

        Args:
            how: it failed.

        Raises:
            EngineError: there are no others.
        """
        self._failed_starts[hand.node] += 1
        count = self._failed_starts[hand.node]
        if count < _FAILED_STARTS:
            return
        why = f"{count} workers in turn {how} before they could begin {self._work.what}"
        working = sum(one.awaited is None for one in self._hands)
        look = "Look into the logs of Ray on that node, and at its memory and its disk"
        if hand.node and any(node.id != hand.node for node in self._fit()):
            self._out[hand.node] = f"{hand.where}: {why}"
            _log.warning("%s. %s. It gets no more work; the others go on", self._out[hand.node], look)
        elif not hand.node and any(other.node for other in self._hands):
            self._failed_starts[""], self._hires_from = 0, time.monotonic() + _PAUSE_SECONDS
            _log.warning("%s: %s. %s. The others go on", self._cluster.address, why, look)
        elif working:
            self._crew.workers, self._failed_starts[hand.node] = working, 0
            _log.warning("%s: %s. %s. %s", hand.where, why, look, few_ready(self._work.what, working))
        else:
            raise EngineError(f"{hand.where or self._cluster.address}: {why}. {look}")

    def _given_up(self) -> list[Done[Any, Any]]:
        """End workers whose chunk takes too long."""
        done: list[Done[Any, Any]] = []
        for hand in list(self._hands):
            limit = self._work.limit_of(len(hand.given[0].chunk.items)) if hand.given else 0.0
            if limit and time.monotonic() - hand.since > limit:
                chunk = self._first_taken_from(hand)
                if chunk is not None and len(chunk.items) == 1:
                    done += _answered(chunk, [late(limit)])
                elif chunk is not None:
                    self._try_in_ones(chunk, chunk.deaths)
                    self._least, self._size = min(self._least, len(chunk.items) // 2), 1  # the next may be as slow
        return done

    def _first_taken_from(self, hand: _Hand) -> _Chunk | None:
        """Dismiss a worker, and return the chunk that it had begun."""
        first = hand.given[0].chunk if hand.given else None
        self._dismiss(hand)
        if first is not None:
            self._again.popleft()  # where it was put as the first of all
        return first

    def _try_in_ones(self, chunk: _Chunk, deaths: int) -> None:
        ones = [_Chunk(chunk.start + at, [item], deaths, is_again=True) for at, item in enumerate(chunk.items)]
        self._again.extendleft(reversed(ones))

    # Nodes.

    def _fit(self) -> list[Node]:
        """Return the nodes that could work."""
        threads, on_gpu = self._crew.threads, self._crew.on_gpu
        return [
            node
            for node in self._cluster.nodes()
            if node.cores >= threads and (node.gpus or not on_gpu) and node.id not in self._out
        ]

    def _mind_the_nodes(self) -> None:
        """See to it that somebody waits no longer than there is hope.

        Raises:
            EngineError: no node is left.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS or any(hand.awaited is None for hand in self._hands):
            return
        self._looked = now
        threads, on_gpu = self._crew.threads, self._crew.on_gpu
        if self._fit():
            self._nodeless_since = None
            if now - self._idle_since > _NOTE_SECONDS and not self._noted:
                self._noted = True
                _log.warning("%s: waiting for a worker; the cluster's cores are busy, or it starts", self._work.what)
            return
        out = [self._out[node.id] for node in self._cluster.nodes() if node.id in self._out]
        if out:
            raise EngineError(
                f"no node that could work goes on. {'; '.join(out)}. "
                "Make room there, then run this again: it goes on from where it was"
            )
        what = f"{threads} {'core' if threads == 1 else 'cores'}{' and a GPU' if on_gpu else ''}"
        if self._nodeless_since is None:
            self._nodeless_since = now
            _log.warning("%s: no node with %s is left; waiting for one", self._work.what, what)
        elif now - self._nodeless_since > _PATIENCE_SECONDS:
            raise EngineError(
                f"{self._cluster.address}: no node with {what} is left in the cluster. Start one "
                "(ray start --address), or ask for fewer threads; then run this again: it goes on from where it was"
            )


def _called(address: str, node: str) -> str:
    """Return how a node is called, for a person."""
    return f"node {address} ({node[:12]})"


def _first_of(hand: _Hand) -> list[Any]:
    """Return what is awaited of a worker next."""
    return [hand.awaited] if hand.awaited is not None else [given.answer for given in islice(hand.given, 1)]


def _was_there(given: _Given) -> bool:
    """Return whether a worker that is gone was still there when it was to begin a chunk."""
    import ray

    if given.asked is None:
        return True
    answered, _ = ray.wait([given.asked], timeout=_WAIT_SECONDS)
    try:
        ray.get(answered)
    except ray.exceptions.RayError:  # its end
        return False
    return bool(answered)


def _answered(chunk: _Chunk, answers: Iterable[Any]) -> list[Done[Any, Any]]:
    return [
        Done(chunk.start + at, item, answer) for at, (item, answer) in enumerate(zip(chunk.items, answers, strict=True))
    ]


def _worker_class() -> Any:
    """Return the class of an actor.

    It is defined in here so that Ray sends it as it stands, and it can say what a node has where that is no rushes, or
    another one. All else is done by the node's own rushes, once it is known to be the same.
    """
    import ray

    tell_edition = teller()

    class Worker:
        def introduced(self) -> dict[str, str]:
            import ray

            here = ray.get_runtime_context().get_node_id()
            address = next(node["NodeManagerAddress"] for node in ray.nodes() if node["NodeID"] == here)  # type: ignore[no-untyped-call]
            return tell_edition() | {"node": here, "address": address}

        def unseen(self, order: bytes, *, hide_gpus: bool) -> list[str]:
            if hide_gpus:  # before anything looks for one: Ray itself hides none where it is told to leave them alone
                import os

                os.environ["CUDA_VISIBLE_DEVICES"] = ""
            from rushes.scale.desk import Desk

            self.desk = Desk(order)
            return self.desk.unseen()

        def sit(self, luggage: Any) -> bytes:
            import ray

            from rushes.scale.desk import Packed

            return self.desk.sit(
                {
                    name: Packed(packed, digest, (ray.get(ref) for ref in refs))
                    for name, (packed, digest, refs) in luggage.items()
                }
            )

        def present(self) -> None:
            pass

        def do(self, chunk: bytes) -> bytes:
            return self.desk.do(chunk)

    return ray.remote(Worker)
