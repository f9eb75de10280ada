"""What the server counts, and under which names."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

pytest.importorskip("prometheus_client")

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from rushes.api.metrics import ELSEWHERE, JOB_STATES, REFUSALS, Measured, Metrics, metrics_router
from rushes.api.workers import ENDS
from rushes.web.guard import Access, Guard


def read(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return one value as Prometheus reads it."""
    for family in text_string_to_metric_families(metrics.as_text()[0].decode()):
        for sample in family.samples:
            if sample.name == name and all(sample.labels.get(key) == value for key, value in labels.items()):
                return float(sample.value)
    return None


def routes_of(metrics: Metrics) -> set[tuple[str, str, str]]:
    return {
        (sample.labels["route"], sample.labels["method"], sample.labels["status"])
        for family in text_string_to_metric_families(metrics.as_text()[0].decode())
        for sample in family.samples
        if sample.name == "rushes_requests_total"
    }


def measured(metrics: Metrics) -> Any:
    app, below, routes = FastAPI(), FastAPI(), APIRouter()

    @routes.get("/jobs/{id}")
    def job(id: str) -> str:
        return id

    @routes.get("/files/{name:path}")
    def file(name: str) -> str:
        raise HTTPException(418, name)

    @routes.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError

    @below.get("/items/{id}")
    def item(id: str) -> str:
        return id

    app.include_router(routes)
    app.include_router(metrics_router(metrics))
    app.mount("/reviews/{slug}", below)
    return Measured(app, metrics)


def test_requests_are_counted_by_the_template_of_their_path() -> None:
    metrics = Metrics()
    client = TestClient(measured(metrics))
    for path in ("/jobs/1", "/jobs/2", "/files/a/b/c", "/nowhere/1", "/nowhere/2", "/reviews/ab12/items/9"):
        client.get(path)
    client.delete("/jobs/1")
    assert routes_of(metrics) == {
        ("/jobs/{id}", "GET", "200"),
        ("/files/{name:path}", "GET", "418"),
        (ELSEWHERE, "GET", "404"),
        ("/reviews/{slug}/items/{id}", "GET", "200"),
        ("/jobs/{id}", "DELETE", "405"),
    }
    assert read(metrics, "rushes_requests_total", route="/jobs/{id}", status="200") == 2
    assert read(metrics, "rushes_request_seconds_count", route="/jobs/{id}", method="GET") == 2
    assert read(metrics, "rushes_requests_under_way") == 0


def test_a_thousand_paths_and_methods_of_a_callers_own_make_no_more_series() -> None:
    metrics = Metrics()
    client = TestClient(measured(metrics))
    client.get("/jobs/0")
    client.request("FROB0", "/x/0")
    before = len(metrics.as_text()[0].splitlines())
    for number in range(1, 100):
        client.get(f"/jobs/{number}")
        client.request(f"FROB{number}", f"/x/{number}")
    assert len(metrics.as_text()[0].splitlines()) == before


def test_a_fault_is_counted_as_a_500_and_goes_on_up() -> None:
    metrics = Metrics()
    with pytest.raises(ZeroDivisionError):
        TestClient(measured(metrics)).get("/broken")
    assert ("/broken", "GET", "500") in routes_of(metrics)
    assert read(metrics, "rushes_requests_under_way") == 0


def test_who_goes_before_the_reply_is_counted_too() -> None:
    metrics = Metrics()

    async def leaves(scope: Any, receive: Any, send: Any) -> None:
        return

    async def nothing(message: Any = None) -> Any:
        return {"type": "http.disconnect"}

    asyncio.run(Measured(leaves, metrics)({"type": "http", "method": "GET", "path": "/"}, nothing, nothing))
    assert routes_of(metrics) == {(ELSEWHERE, "GET", "none")}


def test_what_the_guard_turns_away_is_counted() -> None:
    metrics = Metrics()
    app = FastAPI()
    guarded = Measured(Guard(app, Access("secret", "cookie", hosts=None)), metrics)
    assert TestClient(guarded).get("/").status_code == 401
    assert routes_of(metrics) == {(ELSEWHERE, "GET", "401")}


def test_what_the_service_says_is_what_prometheus_reads() -> None:
    metrics = Metrics()
    metrics.serving(bundle="scale", id="ab12")
    metrics.answered(bundle="scale", kind="photo", predicted_class='close "up"\n')
    metrics.batch(size=8)
    metrics.queue(depth=3)
    metrics.decoded(0.02)
    metrics.inferred(0.004)
    metrics.refused(status=415)
    metrics.refused(status=599)
    metrics.refused(status=507)
    metrics.worker_ended("memory")
    metrics.jobs({"running": 2})
    said = {"bundle": "scale", "kind": "photo", "class": 'close "up"\n'}
    assert read(metrics, "rushes_predictions_total", **said) == 1
    assert read(metrics, "rushes_batch_pictures_sum") == 8
    assert read(metrics, "rushes_queue_depth") == 3
    assert read(metrics, "rushes_decode_seconds_sum") == pytest.approx(0.02)
    assert read(metrics, "rushes_inference_seconds_bucket", le="0.005") == 1
    assert read(metrics, "rushes_uploads_refused_total", reason="unknown_kind") == 1
    assert read(metrics, "rushes_uploads_refused_total", reason="other") == 1
    assert read(metrics, "rushes_workers_restarted_total", reason="memory") == 1
    assert read(metrics, "rushes_uploads_refused_total", reason="disk_full") == 1
    assert read(metrics, "rushes_jobs", state="running") == 2
    assert read(metrics, "rushes_bundle_info", bundle="scale", id="ab12") == 1
    metrics.jobs({"done": 2})
    assert read(metrics, "rushes_jobs", state="running") == 0


def test_a_reason_is_there_before_it_ever_happened() -> None:
    metrics = Metrics()
    assert all(read(metrics, "rushes_uploads_refused_total", reason=reason) == 0 for reason in REFUSALS.values())
    assert all(read(metrics, "rushes_workers_restarted_total", reason=reason) == 0 for reason in ENDS)
    assert all(read(metrics, "rushes_jobs", state=state) == 0 for state in JOB_STATES)


def test_two_servers_of_one_process_do_not_add_up() -> None:
    ours, theirs = Metrics(), Metrics()
    ours.batch(size=2)
    assert read(theirs, "rushes_batch_pictures_count") == 0


def test_threads_lose_no_count() -> None:
    metrics = Metrics()
    threads = [threading.Thread(target=lambda: [metrics.batch(size=1) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(metrics, "rushes_batch_pictures_count") == 2000


@pytest.mark.parametrize("accept", ["", "text/plain", "application/openmetrics-text; version=1.0.0"])
def test_the_route_answers_as_it_was_asked(accept: str) -> None:
    metrics = Metrics()
    reply = TestClient(measured(metrics)).get("/metrics", headers={"Accept": accept})
    wanted = "application/openmetrics-text" if "openmetrics" in accept else "text/plain"
    assert reply.headers["content-type"].startswith(wanted)
    assert reply.headers["cache-control"] == "no-store"
    assert "rushes_build_info" in reply.text
