"""Service: what is done for a request, once it was taken in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.api.admission import Room
from rushes.api.asked import Asked, AskedPreview, AskedReason
from rushes.api.batching import Batcher
from rushes.api.desk import Asker, Desk, OverdueError
from rushes.api.jobs import Job, Jobs
from rushes.api.limits import Limits
from rushes.api.metrics import Metrics
from rushes.api.orders import (
    FilmMaker,
    FilmOrder,
    FilmReply,
    FilmStep,
    PictureMaker,
    PictureOrder,
    PreviewOrder,
    ReadyPicture,
    Reason,
    ReasonOrder,
)
from rushes.api.refusals import Refused
from rushes.api.served import Served, find_served
from rushes.api.uploads import Upload
from rushes.api.workers import StartError, WorkerError
from rushes.bundles.bundle import Bundle
from rushes.bundles.runtimes import DEFAULT, choose_runtime
from rushes.datasets.measured_input import Prepared
from rushes.errors import MediaError
from rushes.inference.prediction import best_class, find_above, name_scores

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Strength:
    """With how much a server works.

    Attributes:
        decoders: processes that decode stills, each one at a time.
        films: films at a time.
        threads: that compute, in each process that does.
        runtime: name of what runs the graphs.
    """

    decoders: int
    films: int = 1
    threads: int = 1
    runtime: str = DEFAULT


class Service:
    """The bundles, the processes that decode, and what waits for them; used on one event loop."""

    def __init__(self, served: Mapping[str, Served], *, limits: Limits, strength: Strength, metrics: Metrics) -> None:
        """Load the graphs; start no process yet.

        Raises:
            BundleError: a graph cannot be run, or not by this runtime.
        """
        self.served, self.limits, self.metrics, self._strength = dict(served), limits, metrics, strength
        self._answering = ThreadPoolExecutor(1, "answers")  # graphs share the cores: one at a time is the fastest
        of_pictures = {name: one.folder for name, one in served.items() if not one.is_of_shots}
        self._batchers = {name: self._batcher(served[name].bundle) for name in of_pictures}
        self._pictures = Desk(
            PictureMaker(of_pictures),
            count=strength.decoders,
            memory_bytes=limits.memory_bytes,
            name="pictures",
            wait_seconds=limits.queue_seconds,
            kills=False,
            ended=metrics.worker_ended,
        )
        for one in served.values():
            if one.is_of_shots:  # answered in a process of its own, where nobody would read the refusal
                choose_runtime(one.bundle, strength.runtime)
        films = FilmMaker({name: one.folder for name, one in served.items()}, strength.runtime, strength.threads)
        self._films = Desk(
            films,
            count=strength.films,
            memory_bytes=2 * limits.memory_bytes,
            name="films",
            ended=metrics.worker_ended,
        )
        self._reasons = Desk(
            films,
            count=1,
            memory_bytes=limits.memory_bytes,
            name="reasons",
            wait_seconds=limits.queue_seconds,
            ended=metrics.worker_ended,
        )
        self.jobs = Jobs(
            waiting=limits.waiting_films,
            per_caller=limits.films_per_caller,
            kept=limits.kept_jobs,
            kept_bytes=limits.kept_bytes,
            kept_seconds=limits.kept_seconds,
            noted=metrics.jobs,
        )
        self.room = Room(all_callers=limits.spool_bytes, per_caller=limits.spool_bytes_per_caller)
        self._giving_up: asyncio.Task[None] | None = None  # held, so that it is not swept away half done
        self.state = "starting"  # then ready, leaving, stopping
        for one in served.values():
            metrics.serving(bundle=one.name, id=one.bundle.id)

    async def start(self) -> None:
        """Start the processes that decode stills, and answer one picture of noise with each graph."""
        await self._pictures.start()
        await asyncio.gather(*(self._batchers[name].ask(_noise(self.served[name].bundle)) for name in self._batchers))
        self.state = "ready"

    def leave(self) -> None:
        """Say to whoever asks that requests are better sent elsewhere; those that come are still answered."""
        if self.state == "ready":
            self.state = "leaving"

    def give_up(self) -> None:
        """Give up every film; whoever waits for one is told that the server stops."""
        self.state = "stopping"
        self._giving_up = asyncio.get_running_loop().create_task(self.jobs.close())

    async def close(self) -> None:
        """Give up what is not done, and end every process."""
        self.state = "stopping"
        await self.jobs.close()
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.run_in_executor(None, desk.close) for desk in (self._pictures, self._films, self._reasons))
        )
        self._answering.shutdown(wait=True, cancel_futures=True)

    @property
    def pids(self) -> list[int]:
        """Of the processes that decode."""
        return [*self._pictures.pids, *self._films.pids, *self._reasons.pids]

    @property
    def decoders(self) -> int:
        """How many stills are decoded at a time."""
        return self._strength.decoders

    def find(self, name: str | None) -> Served:
        """Return the bundle that a request names.

        Raises:
            Refused: there is none.
        """
        found = find_served(self.served, name)
        if isinstance(found, str):
            raise Refused(404, found)
        return found

    async def predict_picture(self, upload: Upload, served: Served, asker: Asker) -> dict[str, Any]:
        """Return a bundle's answer about a still.

        Raises:
            GoneError: whoever asks has gone while it waited.
            Refused: it cannot be read, the bundle is none of pictures, or the server cannot.
        """
        if served.is_of_shots:
            raise Refused(415, f"'{served.name}' answers about the shots of films, and this is a picture. Send a film, "
                               "or name a bundle of pictures")  # fmt: skip
        assert isinstance(served.bundle, Bundle)
        ready = await self._ready(upload, served, asker)
        row = await self._batchers[served.name].ask(ready.prepared)
        scores = name_scores(served.bundle.classes, row)
        best = best_class(scores)
        self.metrics.answered(bundle=served.name, kind=upload.kind, predicted_class=best)
        return _picture_table(upload.kind, scores, served)

    def begin_film(self, upload: Upload, asked: Asked, caller: str, *, is_kept: bool) -> Job:
        """Return a job that answers about a film; the upload is closed when it ends.

        Args:
            is_kept: as `Jobs.begin` takes it.

        Raises:
            Refused: too many wait.
        """
        served, share = self.find(asked.bundle), self.room.take(caller)

        async def work(job: Job) -> bytes:
            return await self._film(upload, served, asked, job)

        def ended() -> None:
            upload.close()
            share.close()

        job = self.jobs.begin(work, caller=caller, is_kept=is_kept, ended=ended)
        share.keep(upload.bytes)
        return job

    async def explain(self, upload: Upload, asked: AskedReason, asker: Asker) -> Reason:
        """Return the heat of an answer.

        Raises:
            Refused: it cannot be read, there is no such class, the bundle is none of pictures, or the server cannot.
        """
        served = self.find(asked.bundle)
        if not isinstance(served.bundle, Bundle):
            raise Refused(422, f"'{served.name}' answers about shots; heat is of pictures. Name a bundle of pictures")
        if asked.class_name is not None and asked.class_name not in served.bundle.classes:
            listed = ", ".join(served.bundle.classes[:20])
            raise Refused(422, f"'{served.name}' has no class '{asked.class_name[:80]}'. It has: {listed}")
        order = ReasonOrder(
            upload.path, served.name, asked.class_name, asked.at_seconds, asked.overlay, self.limits.bounds
        )
        found: Reason = await self._do(self._reasons, order, seconds=self.limits.explain_seconds, asker=asker)
        return found

    async def preview(self, upload: Upload, asked: AskedPreview, asker: Asker) -> bytes:
        """Return a still, or the frame of a film, as a JPEG.

        Raises:
            Refused: it cannot be read, or the server cannot.
        """
        order = PreviewOrder(upload.path, asked.at_seconds, asked.long_side, self.limits.bounds)
        found: bytes = await self._do(self._reasons, order, seconds=self.limits.explain_seconds, asker=asker)
        return found

    async def _ready(self, upload: Upload, served: Served, asker: Asker) -> ReadyPicture:
        order = PictureOrder(upload.path, served.name)
        found: ReadyPicture = await self._do(self._pictures, order, seconds=self.limits.decode_seconds, asker=asker)
        self.metrics.decoded(found.seconds)
        return found

    async def _film(self, upload: Upload, served: Served, asked: Asked, job: Job) -> bytes:
        def told(step: FilmStep) -> None:
            if job.state == "queued":
                job.move("running")
            job.told(step.done, step.total, step.note)

        task = next(iter(served.bundle.tasks)) if not isinstance(served.bundle, Bundle) else served.bundle.task
        beside = {"bundle": served.identity, "task": task}
        order = FilmOrder(upload.path, served.name, asked.sampling, self.limits.bounds, beside)
        reply: FilmReply = await self._do(
            self._films,
            order,
            seconds=self.limits.film_seconds,
            stall_seconds=self.limits.stall_seconds,
            told=told,
            asker=Asker(job.caller),
        )
        if reply.predicted_class is not None:
            kind = "shots" if served.is_of_shots else "video"
            self.metrics.answered(bundle=served.name, kind=kind, predicted_class=reply.predicted_class)
        return reply.encoded

    async def _do(self, desk: Desk, order: Any, **bounds: Any) -> Any:
        """Have a desk carry out an order; what goes wrong is refused in the words of HTTP."""
        if self.state == "stopping":
            raise Refused(503, "the server is stopping", retry_after_seconds=_RETRY_SECONDS)
        try:
            return await desk.do(order, **bounds)
        except OverdueError as error:
            said = f"this waited {self.limits.queue_seconds:.0f} s for its turn: the server has too much to do. Try " \
                   "again a little later"  # fmt: skip
            raise Refused(503, said, retry_after_seconds=_RETRY_SECONDS) from error
        except MediaError as error:
            raise Refused(422, f"the file {_without_paths(error.reason, order.path)}") from error
        except StartError as error:
            _log.error("%s", error)
            said = "the server cannot begin a process that decodes. Its log says more"
            raise Refused(503, said, retry_after_seconds=_RETRY_SECONDS) from error
        except WorkerError as error:
            raise _refusal_of(error, stopping=self.state == "stopping") from error

    def _batcher(self, bundle: Any) -> Batcher[Prepared, npt.NDArray[np.float32]]:
        from rushes.inference.predictor import Predictor

        predictor = Predictor(bundle, threads=self._strength.threads, runtime=self._strength.runtime)

        def noted(size: int, seconds: float) -> None:
            self.metrics.batch(size=size)
            self.metrics.inferred(seconds)

        def answer(prepared: Sequence[Prepared]) -> Sequence[npt.NDArray[np.float32]]:
            return list(predictor.probabilities_of_prepared(prepared))

        return Batcher(answer, self._answering, noted=noted)


def _picture_table(kind: str, scores: Mapping[str, float], served: Served) -> dict[str, Any]:
    assert isinstance(served.bundle, Bundle)
    thresholds = served.bundle.thresholds
    above = find_above(scores, thresholds)
    best = best_class(scores)
    table: dict[str, Any] = {
        "predicted_class": best,
        "confidence": scores[best],
        "kind": kind,
        "scores": dict(scores),
        "task": served.bundle.task,
        "bundle": served.identity,
    }
    if thresholds is not None:
        table |= {"above": list(above or ()), "thresholds": dict(thresholds)}
    return table


def _refusal_of(error: WorkerError, *, stopping: bool) -> Refused:
    if stopping or error.cause == "cancelled":
        return Refused(503, "the server is stopping", retry_after_seconds=_RETRY_SECONDS)
    said = f"the file {error}. Nothing else was harmed"
    return Refused({"time": 504, "fault": 500}.get(error.cause, 422), said)


def _without_paths(reason: str, path: Path) -> str:
    """Return a reason without where the server keeps what it was sent."""
    return reason.replace(str(path), "the file").replace(path.name, "the file").replace(path.stem, "the file")


def _noise(bundle: Any) -> Prepared:
    shown = bundle.preprocessing
    pixels = np.random.default_rng(0).integers(0, 256, (shown.height, shown.width, shown.channels), np.uint8)
    measures = None if bundle.measures is None else np.zeros(len(bundle.measures.names), np.float32)
    return Prepared(pixels, measures)
