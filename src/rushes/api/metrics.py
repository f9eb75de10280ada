"""Metrics: what the server counts and times, for Prometheus to fetch."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from rushes.api.workers import ENDS

METRICS_PATH = "/metrics"
# What is under no route of ours: a page that is not there, or a request that the guard turned away.
ELSEWHERE = "elsewhere"
JOB_STATES = ("queued", "running", "done", "failed", "cancelled")
# The reason is that of the reply: anything finer (a file's name, a decoder's words) would have no end of values.
REFUSALS: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: "malformed",
        HTTPStatus.REQUEST_TIMEOUT: "slow_body",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unknown_kind",
        HTTPStatus.UNPROCESSABLE_ENTITY: "unreadable",
        HTTPStatus.TOO_MANY_REQUESTS: "queue_full",
        HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
        HTTPStatus.GATEWAY_TIMEOUT: "slow_decoding",
        HTTPStatus.INSUFFICIENT_STORAGE: "disk_full",
    }
)
OTHER_REFUSAL = "other"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_REPLY = "none"  # the caller went before there was one
# From an answer out of memory to an hour of film.
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_WORK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """What one server counts, in a registry of its own: two servers of one process do not add up.

    Every method may be called from any thread; none waits for anything.
    """

    def __init__(self) -> None:
        """Begin at nought."""
        mine = self._registry = CollectorRegistry()
        ProcessCollector(registry=mine)
        names = ("route", "method", "status")
        self._requests = Counter("rushes_requests", "Requests that were answered.", names, registry=mine)
        self._request_seconds = Histogram(
            "rushes_request_seconds",
            "From a request's head to the last byte of its reply.",
            ("route", "method"),
            buckets=_REQUEST_SECONDS,
            registry=mine,
        )
        self._under_way = Gauge("rushes_requests_under_way", "Requests that are being answered.", registry=mine)
        self._predictions = Counter(
            "rushes_predictions", "Answers, by what was answered.", ("bundle", "kind", "class"), registry=mine
        )
        self._batches = Histogram(
            "rushes_batch_pictures",
            "Pictures that one run of a graph took together.",
            buckets=_BATCH_SIZES,
            registry=mine,
        )
        self._queue = Gauge("rushes_queue_depth", "Requests that are in: waiting, or being answered.", registry=mine)
        self._decoding = Histogram(
            "rushes_decode_seconds", "Decoding of one upload.", buckets=_WORK_SECONDS, registry=mine
        )
        self._inference = Histogram(
            "rushes_inference_seconds", "One run of a graph, of a whole batch.", buckets=_WORK_SECONDS, registry=mine
        )
        self._refused = Counter("rushes_uploads_refused", "Uploads without an answer.", ("reason",), registry=mine)
        self._ended = Counter("rushes_workers_restarted", "Decoding processes begun anew.", ("reason",), registry=mine)
        self._jobs = Gauge("rushes_jobs", "Jobs that the server knows.", ("state",), registry=mine)
        self._build = Gauge("rushes_build_info", "What runs; always 1.", ("version", "python"), registry=mine)
        self._bundle = Gauge(
            "rushes_bundle_info", "A bundle that is served; always 1.", ("bundle", "id"), registry=mine
        )
        self._build.labels(_version(), platform.python_version()).set(1)
        for reason in ENDS:  # a rate can be alarmed on only where nought is seen first
            self._ended.labels(reason)
        for reason in (*REFUSALS.values(), OTHER_REFUSAL):
            self._refused.labels(reason)
        self.jobs({})

    def serving(self, *, bundle: str, id: str) -> None:
        """Note a bundle that is served."""
        self._bundle.labels(bundle, id).set(1)

    def asked(self) -> None:
        """Count a request that has come in; `replied` takes it off again."""
        self._under_way.inc()

    def replied(self, *, route: str, method: str, status: int | None, seconds: float) -> None:
        """Count a request that is over.

        Args:
            route: the template of its path, such as `/jobs/{id}`.
            status: None where the caller went before there was a reply.
        """
        known = method if method in _METHODS else "other"
        self._under_way.dec()
        self._requests.labels(route, known, _NO_REPLY if status is None else str(status)).inc()
        self._request_seconds.labels(route, known).observe(seconds)

    def answered(self, *, bundle: str, kind: str, predicted_class: str) -> None:
        """Count a prediction.

        Args:
            kind: photo, raw, video or shots.
            predicted_class: a class of the bundle, so that there are only as many as it has.
        """
        self._predictions.labels(bundle, kind, predicted_class).inc()

    def batch(self, *, size: int) -> None:
        """Note how many pictures went through a graph together."""
        self._batches.observe(size)

    def queue(self, *, depth: int) -> None:
        """State how many requests are in, waiting or being answered."""
        self._queue.set(depth)

    def decoded(self, seconds: float) -> None:
        """Note how long one upload took to decode."""
        self._decoding.observe(seconds)

    def inferred(self, seconds: float) -> None:
        """Note how long a graph took for one batch."""
        self._inference.observe(seconds)

    def refused(self, *, status: int) -> None:
        """Count an upload that got no prediction, by the status of its reply."""
        self._refused.labels(REFUSALS.get(status, OTHER_REFUSAL)).inc()

    def worker_ended(self, reason: str) -> None:
        """Count a decoding process that ended and is begun anew, by which of ENDS it was."""
        self._ended.labels(reason).inc()

    def jobs(self, counts: Mapping[str, int]) -> None:
        """State how many jobs are in each state; a state that is not named has none."""
        for state in JOB_STATES:
            self._jobs.labels(state).set(counts.get(state, 0))

    def as_text(self, accept: str = "") -> tuple[bytes, str]:
        """Return everything as Prometheus reads it, and its media type, by what a caller says that it takes."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


class Measured:
    """ASGI around an application: counts and times its requests by the templates of their paths."""

    def __init__(self, app: Any, metrics: Metrics) -> None:
        """Stand before an application, and before its guard too, so that those turned away are counted."""
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), None

        async def send_noted(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.asked()
        try:
            await self._app(scope, receive, send_noted)
        except Exception:
            status = status or HTTPStatus.INTERNAL_SERVER_ERROR
            raise
        finally:
            seconds = time.perf_counter() - started
            self._metrics.replied(
                route=route_of(scope),
                method=scope["method"],
                status=None if status is None else int(status),
                seconds=seconds,
            )


def route_of(scope: Mapping[str, Any]) -> str:
    """Return the template of the path that a request was answered under; ELSEWHERE where there is none.

    Never the path itself: whoever asks for a million paths would make as many time series.
    """
    template = getattr(scope.get("route"), "path", None)
    if template is None:
        return ELSEWHERE
    mounted = str(scope.get("root_path") or "").removeprefix(str(scope.get("app_root_path") or ""))
    if "app_root_path" not in scope or not mounted:
        return str(template)
    names = {str(value): name for name, value in scope.get("path_params", {}).items()}
    parts = (f"{{{names[part]}}}" if part in names else part for part in mounted.split("/"))
    return "/".join(parts) + str(template)


def metrics_router(metrics: Metrics) -> APIRouter:
    """Return the route from which Prometheus fetches."""
    router = APIRouter(include_in_schema=False)

    @router.get(METRICS_PATH)
    def shown(request: Request) -> Response:
        text, media_type = metrics.as_text(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    return router


def _version() -> str:
    try:
        return version("rushes")
    except PackageNotFoundError:  # run from a folder of sources
        return "unknown"
