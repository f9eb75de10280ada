"""The API as it is described: whatever is asked, what comes back is what the description says."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.serving import Served
from inference.plain import painted, write_film
from rushes.api.answers import FilmAnswer, JobAnswer, PictureAnswer, Problem, Segment

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
           response_schema_conformance, unsupported_method, ignored_auth]  # fmt: skip
_PROBLEM = "application/problem+json"


def _picture() -> bytes:
    data = io.BytesIO()
    Image.fromarray(painted("red")).save(data, "JPEG")
    return data.getvalue()


def _film() -> bytes:
    with TemporaryDirectory() as folder:
        return write_film(Path(folder) / "a.mp4", [("red", 5), ("blue", 5)]).read_bytes()


_FILES = (_picture(), _film(), _picture()[:300], _film()[:900], b"", b"#EXTM3U\n", b"\x89PNG\r\n\x1a\n")
schemathesis.openapi.format("binary", st.sampled_from(_FILES) | st.binary(max_size=64))


_OPERATIONS = {
    ("GET", "/ping"), ("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/bundles"), ("POST", "/predict"),
    ("POST", "/predict/batch"), ("POST", "/explain"), ("POST", "/preview"), ("POST", "/jobs"), ("GET", "/jobs/{id}"),
    ("DELETE", "/jobs/{id}"), ("GET", "/jobs/{id}/events"),
}  # fmt: skip


@pytest.fixture(scope="module")
def described(served: Served) -> Any:
    return schemathesis.openapi.from_url(f"{served.address}/openapi.json")


def _ask(described: Any, operation: tuple[str, str], mode: GenerationMode, examples: int) -> None:
    method, path = operation

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(described[path][method].as_strategy(mode))
    def asked(case: schemathesis.Case) -> None:
        reply = case.call_and_validate(checks=_CHECKS, timeout=120)
        if reply.status_code >= 400:
            assert reply.headers["content-type"] == [_PROBLEM]
            table = reply.json()
            assert table["status"] == reply.status_code
            assert table["detail"]

    asked()


def test_every_operation_is_asked(described: Any) -> None:
    found = {(one.ok().method.upper(), one.ok().path) for one in described.get_all_operations()}
    assert found == _OPERATIONS


@pytest.mark.parametrize("operation", sorted(_OPERATIONS), ids=" ".join)
def test_an_operation_answers_as_it_is_described(described: Any, operation: tuple[str, str]) -> None:
    _ask(described, operation, GenerationMode.POSITIVE, 6 if operation[0] == "POST" else 2)


@pytest.mark.longer
@pytest.mark.parametrize("operation", sorted(_OPERATIONS), ids=" ".join)
def test_an_operation_answers_many_questions_as_it_is_described(described: Any, operation: tuple[str, str]) -> None:
    _ask(described, operation, GenerationMode.POSITIVE, 60 if operation[0] == "POST" else 10)


@pytest.mark.longer
@pytest.mark.parametrize("operation", sorted(one for one in _OPERATIONS if one[0] == "POST"), ids=" ".join)
def test_an_operation_refuses_in_the_described_way_what_does_not_fit(
    described: Any, operation: tuple[str, str]
) -> None:
    _ask(described, operation, GenerationMode.NEGATIVE, 60)


def test_every_operation_is_told_of_in_words_and_so_is_each_of_its_replies(served: Served) -> None:
    table = served.client.get("/openapi.json").json()
    for path, operations in table["paths"].items():
        for method, operation in operations.items():
            name = f"{method} {path}"
            assert operation["summary"], name
            for status, reply in operation["responses"].items():
                assert len(reply["description"]) > 15, (name, status)
                if int(status) >= 400:
                    assert list(reply["content"]) == [_PROBLEM], (name, status)
                    assert reply["content"][_PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}
            if operation["responses"].get("401") is None:
                assert path in ("/ping", "/health/live", "/health/ready"), f"{name} needs the token"


def test_nothing_is_answered_that_is_not_described(served: Served) -> None:
    picture, film = (served.client.post("/predict", files={"file": one}).json() for one in (_picture(), _film()))
    assert set(picture) <= set(PictureAnswer.model_fields)
    assert set(film) <= set(FilmAnswer.model_fields)
    assert set(film["timeline"][0]) <= set(Segment.model_fields)
    begun = served.client.post("/jobs", files={"file": _film()})
    job = served.client.get(begun.headers["location"]).json()
    assert set(begun.json()) | set(job) <= set(JobAnswer.model_fields)
    refused = served.client.post("/predict", files={"file": b"nothing"})
    assert set(refused.json()) <= set(Problem.model_fields)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/predict"), ("TRACE", "/jobs"), ("PUT", "/ping"), ("POST", "/health/ready"), ("GET", "/jobs")],
)
def test_a_method_that_is_not_there_is_told_which_are(served: Served, method: str, path: str) -> None:
    reply: httpx.Response = served.client.request(method, path)
    assert (reply.status_code, reply.headers["content-type"]) == (405, _PROBLEM)
    assert reply.headers["allow"]
