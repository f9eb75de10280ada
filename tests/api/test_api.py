"""The API as a program meets it, over HTTP."""

from __future__ import annotations

import io
import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from api.serving import Served, serving
from footage.stills import write_raw
from inference.plain import PAINT, painted, write_film
from rushes.api.limits import Limits
from rushes.api.metrics import Metrics
from rushes.api.served import open_served
from rushes.api.service import Service, Strength
from rushes.errors import BundleError

PROBLEM = "application/problem+json"


def _picture(colour: str, kind: str = "PNG", size: tuple[int, int] = (64, 48)) -> bytes:
    data = io.BytesIO()
    Image.fromarray(painted(colour, size)).save(data, kind)
    return data.getvalue()


def _heic(colour: str) -> bytes:
    from pillow_heif import from_pillow

    data = io.BytesIO()
    from_pillow(Image.fromarray(painted(colour, (64, 64)))).save(data, quality=90)
    return data.getvalue()


def _problem(reply: httpx.Response) -> dict:
    assert reply.headers["content-type"] == PROBLEM, reply.text
    table = reply.json()
    assert table["status"] == reply.status_code
    assert set(table) >= {"type", "title", "status", "detail"}
    return table


def _events(text: str) -> list[tuple[str, dict]]:
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_ping_says_hello(served: Served) -> None:
    assert served.client.get("/ping").json() == "Hello World"


def test_the_server_says_that_it_lives_and_is_ready(served: Served) -> None:
    assert served.client.get("/health/live").json() == {"status": "live"}
    assert served.client.get("/health/ready").json() == {"status": "ready"}


def test_a_server_that_leaves_is_not_ready_and_still_answers(served: Served) -> None:
    served.service.leave()
    try:
        refused = served.client.get("/health/ready")
        assert (_problem(refused)["detail"], refused.headers["retry-after"]) == ("the server is stopping", "2")
        assert served.client.get("/health/live").status_code == 200
        assert served.predict(_picture("red")).json()["predicted_class"] == "red"
    finally:
        served.service.state = "ready"


def test_who_asks_for_a_head_alone_gets_it(served: Served) -> None:
    for path in ("/", "/ping", "/health/live", "/health/ready"):
        reply = served.client.head(path)
        assert (reply.status_code, reply.content) == (200, b""), path


def test_bundles_are_named_with_their_classes(served: Served) -> None:
    first, second = served.client.get("/bundles").json()["bundles"]
    assert (first["name"], second["name"]) == ("colours", "colours-again")
    assert (first["classes"], first["kind"], first["task"], first["size"]) == (
        ["red", "green", "blue"], "pictures", "colour", [20, 12],
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_a_picture_of_any_kind_is_answered(served: Served, kind: str) -> None:
    answer = served.predict(_picture("green", kind)).json()
    assert (answer["predicted_class"], answer["kind"], answer["task"]) == ("green", "photo", "colour")
    assert answer["confidence"] == max(answer["scores"].values())
    assert sum(answer["scores"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["bundle"]["name"] == "colours"
    assert len(answer["bundle"]["id"]) == 64


def test_a_heic_and_a_raw_are_answered_by_their_content(served: Served, tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    assert served.predict(_heic("blue")).json()["predicted_class"] == "blue"
    raw = write_raw(tmp_path / "a.dng", sensor=(600, 400), preview_width=320)
    assert served.predict(raw).json()["kind"] == "raw"


def test_an_answer_is_that_of_the_predictor(served: Served, colours: Path) -> None:
    from rushes.bundles.bundle import open_bundle
    from rushes.inference.predictor import Predictor

    random = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(random).save(data, "PNG")
    found = served.predict(data.getvalue()).json()["scores"]
    expected = Predictor(open_bundle(colours), threads=1).probabilities([random])[0]
    assert list(found.values()) == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_bare_body_is_a_file_too(served: Served) -> None:
    reply = served.client.post("/predict", content=_picture("red"), headers={"Content-Type": "image/png"})
    assert reply.json()["predicted_class"] == "red"
    named = served.client.post("/predict?bundle=colours-again", content=_picture("red"))
    assert named.json()["bundle"]["name"] == "colours-again"


def test_a_bundle_is_asked_by_name(served: Served) -> None:
    assert served.predict(_picture("red"), bundle="colours-again").json()["bundle"]["name"] == "colours-again"
    refused = served.predict(_picture("red"), bundle="colour")
    assert refused.status_code == 404
    assert "Did you mean 'colours'" in _problem(refused)["detail"]


def test_a_film_has_a_verdict_sums_and_a_timeline(served: Served, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 30), ("green", 20)])
    answer = served.predict(film, every="0.5s").json()
    assert (answer["predicted_class"], answer["kind"], answer["sampled_frames"]) == ("red", "video", 10)
    assert [(one["predicted_class"], one["start"], one["stop"]) for one in answer["timeline"]] == [
        ("red", 0, 30), ("green", 30, 50),
    ]  # fmt: skip
    assert answer["timeline"][0]["stop_timecode"] == "00:00:03:00"
    sums = answer["confidence_sums"]
    assert max(sums, key=sums.get) == "red"
    assert sum(sums.values()) == pytest.approx(10, abs=1e-4)
    assert sums["red"] / 10 == pytest.approx(answer["scores"]["red"], abs=1e-6)
    assert "file" not in answer
    assert str(served.spool) not in json.dumps(answer)


@pytest.mark.parametrize(
    ("fields", "count"), [({"fps": "2"}, 10), ({"every_frame": "true"}, 50), ({"per_shot": "1"}, 2)]
)
def test_a_film_is_sampled_as_it_is_asked(served: Served, tmp_path: Path, fields: dict[str, str], count: int) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 30), ("green", 20)])
    if "per_shot" in fields:  # what shows one even colour stands for no shot
        film = _two_shots(tmp_path / "b.mp4")
    answer = served.predict(film, **fields).json()
    assert answer["sampled_frames"] == count
    if "per_shot" in fields:
        shots = [(one["start"], one["stop"], one["predicted_class"]) for one in answer["timeline"]]
        assert shots == [(0, 20, "red"), (20, 40, "blue")], "the cuts themselves"


def _two_shots(path: Path) -> Path:
    from fractions import Fraction

    import av

    random = np.random.default_rng(3)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 160, 96, "yuv420p", Fraction(1, 10)
        for colour in ("red", "blue"):
            texture = random.integers(-60, 60, (96, 160, 1))
            for step in range(20):
                pixels = np.clip(np.roll(texture, step, axis=1) + np.array(PAINT[colour]), 0, 255).astype(np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_film_is_told_of_by_events(served: Served, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 30)])
    reply = served.client.post("/predict", files={"file": film.read_bytes()}, headers={"Accept": "text/event-stream"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = _events(reply.text)
    assert [name for name, _ in events][-1] == "result"
    assert events[-1][1]["predicted_class"] == "red"
    assert {name for name, _ in events[:-1]} == {"progress"}
    still = served.client.post("/predict", files={"file": _picture("red")}, headers={"Accept": "text/event-stream"})
    assert [name for name, _ in _events(still.text)] == ["result"]


def test_a_job_is_begun_looked_after_and_fetched(served: Served, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("blue", 20)])
    begun = served.predict(film, path="/jobs", every="0.5s")
    assert begun.status_code == 202
    assert begun.headers["location"] == begun.json()["href"] == f"/jobs/{begun.json()['id']}"
    events = _events(served.client.get(f"{begun.headers['location']}/events").text)
    assert events[-1][0] == "result"
    done = served.client.get(begun.headers["location"]).json()
    assert (done["state"], done["result"]["predicted_class"]) == ("done", "blue")
    assert _is_empty(served.spool)


def test_a_job_that_is_given_up_ends_and_leaves_nothing(served: Served, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("blue", 3000)])
    begun = served.predict(film, path="/jobs", every_frame="true")
    while served.client.get(begun.headers["location"]).json()["state"] == "queued":
        time.sleep(0.005)
    gone = served.client.delete(begun.headers["location"])
    assert gone.json()["state"] == "cancelled"
    assert served.client.get(begun.headers["location"]).json()["state"] == "cancelled"
    assert _is_empty(served.spool)
    assert served.predict(write_film(tmp_path / "b.mp4", [("red", 5)])).json()["predicted_class"] == "red"
    counted = served.client.get("/metrics").text.partition('rushes_workers_restarted_total{reason="cancelled"} ')[2]
    assert float(counted.partition("\n")[0]) >= 1, "its process was ended"


def test_a_picture_is_no_job_and_an_unknown_job_is_not_found(served: Served) -> None:
    assert "Send it to /predict" in _problem(served.predict(_picture("red"), path="/jobs"))["detail"]
    for ask in (served.client.get, served.client.delete):
        assert _problem(ask("/jobs/nothing"))["status"] == 404


def test_a_batch_answers_each_file_and_says_which_failed(served: Served, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("green", 5)])
    cut_off = _picture("blue", "JPEG", (640, 480))[:900]
    files = [("file", _picture("red")), ("file", cut_off), ("file", film.read_bytes()), ("file", _picture("blue"))]
    table = served.client.post("/predict/batch", files=files).json()
    assert table["failed"] == 1
    assert [one["index"] for one in table["results"]] == [0, 1, 2, 3]
    assert [one.get("predicted_class") for one in table["results"]] == ["red", None, "green", "blue"]
    assert table["results"][1]["problem"]["status"] == 422
    assert "cut off" in table["results"][1]["problem"]["detail"]


def test_a_file_of_a_batch_that_is_not_taken_in_has_its_problem_beside_the_others(served: Served) -> None:
    texts = b"root:x:0:0:" * 5000
    files = [("file", ("a", one)) for one in (texts, _picture("red"), b"", _picture("blue"))]
    reply = served.client.post("/predict/batch", files=files)
    assert reply.status_code == 200
    table = reply.json()
    assert [one.get("predicted_class") for one in table["results"]] == [None, "red", None, "blue"]
    assert [one["problem"]["status"] for one in table["results"] if "problem" in one] == [415, 422]
    assert table["failed"] == 2
    assert _is_empty(served.spool)


def test_heat_comes_as_a_png_over_the_picture_or_alone(served: Served, tmp_path: Path) -> None:
    whole = served.predict(_picture("red", size=(200, 120)), path="/explain")
    assert (whole.headers["content-type"], whole.headers["rushes-class"]) == ("image/png", "red")
    assert Image.open(io.BytesIO(whole.content)).size == (200, 120)
    alone = served.predict(_picture("red", size=(200, 120)), path="/explain", overlay="false", **{"class": "blue"})
    assert alone.headers["rushes-class"] == "blue"
    assert Image.open(io.BytesIO(alone.content)).mode == "RGBA"
    film = write_film(tmp_path / "a.mp4", [("red", 10), ("green", 10)])
    assert served.predict(film, path="/explain", at_seconds="1.5").headers["rushes-class"] == "green"
    assert (
        "has no class 'mauve'"
        in _problem(served.predict(_picture("red"), path="/explain", **{"class": "mauve"}))["detail"]
    )


def test_a_picture_a_raw_and_a_frame_of_a_film_come_as_a_jpeg_to_look_at(served: Served, tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "a.dng", sensor=(600, 400), preview_width=320)
    film = write_film(tmp_path / "a.mp4", [("red", 10), ("green", 10)])
    for data, fields in (
        (raw, {}),
        (_picture("red", size=(900, 600)), {"long_side": "300"}),
        (film, {"at_seconds": "1.5"}),
    ):
        reply = served.predict(data, path="/preview", **fields)
        assert reply.headers["content-type"] == "image/jpeg"
        assert max(Image.open(io.BytesIO(reply.content)).size) <= int(fields.get("long_side", 1280))
    red, green, blue = Image.open(io.BytesIO(reply.content)).getpixel((30, 20))
    assert green > max(red, blue), "the frame at that time"
    assert _problem(served.predict(_picture("red"), path="/preview", long_side="0"))["status"] == 422


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"evry": "1s"}, "Did you mean 'every'"),
        ({"every": "0s"}, "every: "),
        ({"every": "1s", "fps": "2"}, "exclude one another"),
        ({"fps": "1e99999999"}, "fps: "),
        ({"per_shot": "0"}, "per_shot: "),
        ({"per_shot": "١"}, "per_shot: "),
        ({"every_frame": "perhaps"}, "neither true nor false"),
    ],
)
def test_a_field_that_says_what_cannot_be_is_refused(served: Served, fields: dict[str, str], said: str) -> None:
    reply = served.predict(_picture("red"), **fields)
    assert reply.status_code == 422
    assert said in _problem(reply)["detail"]


def test_a_field_that_is_given_twice_is_refused_wherever_it_stands(served: Served) -> None:
    for path, fields in (
        ("/predict?bundle=nope&bundle=colours", {}),
        ("/predict?bundle=colours", {"bundle": "colours"}),
        ("/preview?long_side=20&long_side=20", {}),
    ):
        reply = served.predict(_picture("red"), path=path, **fields)
        assert reply.status_code == 422, path
        assert "Give it once" in _problem(reply)["detail"]


@pytest.mark.parametrize("path", ["/predict", "/jobs", "/explain", "/preview"])
def test_a_form_with_a_large_picture_is_refused_at_its_head(served: Served, path: str) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + _picture("red", "BMP")
    asked = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {1 << 30}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.client.base_url.port), timeout=60) as connection:
        connection.sendall(asked.encode() + head)
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_slow_caller_is_no_fault_of_the_server(
    colours: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving([colours], tmp_path / "spool", limits=Limits(body_seconds=0.2)) as served:
        asked = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf"
        with socket.create_connection(("127.0.0.1", served.client.base_url.port), timeout=60) as connection:
            connection.sendall(asked)
            assert connection.recv(64).startswith(b"HTTP/1.1 408 ")
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_what_is_no_footage_is_refused_and_no_name_of_the_callers_comes_back(served: Served) -> None:
    reply = served.client.post("/predict", files={"file": ("/etc/passwd.jpg", b"root:x:0:0:" * 100)})
    assert reply.status_code == 415
    assert "passwd" not in _problem(reply)["detail"]
    assert served.client.post("/predict", data={"bundle": "colours"}).status_code in (415, 422)
    two = served.client.post("/predict", files=[("file", _picture("red")), ("file", _picture("red"))])
    assert "/predict/batch" in _problem(two)["detail"]


def test_what_is_cut_off_is_refused_with_the_reason_and_without_our_paths(served: Served) -> None:
    reply = served.predict(_picture("red", "JPEG", (640, 480))[:1200])
    assert reply.status_code == 422
    detail = _problem(reply)["detail"]
    assert "cut off" in detail
    assert str(served.spool) not in detail


def test_paths_and_methods_that_are_not_there_are_problems(served: Served) -> None:
    assert _problem(served.client.get("/nowhere"))["status"] == 404
    assert _problem(served.client.get("/predict"))["status"] == 405


def test_a_page_of_another_site_cannot_ask(served: Served) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
        reply = served.client.post("/predict", files={"file": _picture("red")}, headers=headers)
        assert _problem(reply)["status"] == 403


def test_a_token_is_asked_for_where_one_was_set(colours: Path, tmp_path: Path) -> None:
    token = "a-token-of-sixteen-or-more"
    with serving([colours], tmp_path, token=token) as served:
        _check_described(served)
        assert served.client.get("/ping").status_code == 200
        assert served.client.get("/health/ready").status_code == 200
        refused = served.predict(_picture("red"))
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        for path in ("/bundles", "/metrics", "/app.json", "/"):
            assert served.client.get(path).status_code == 401, path
        served.client.headers["Authorization"] = f"Bearer {token}"
        assert served.predict(_picture("red")).json()["predicted_class"] == "red"
        del served.client.headers["Authorization"]
        page = served.client.get(f"/?token={token}")
        assert "HttpOnly; SameSite=Strict" in page.headers["set-cookie"]
        assert served.predict(_picture("red")).status_code == 200, "by the cookie"


def _check_described(served: Served) -> None:
    """The description says what needs the token, and no route takes an address that none is fetched from."""
    table = served.client.get("/openapi.json").json()
    assert table["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, operations in table["paths"].items():
        free = path == "/ping" or path.startswith("/health/")
        assert all(("security" in operation) is not free for operation in operations.values()), path
    predict = table["paths"]["/predict"]["post"]
    assert list(predict["requestBody"]["content"]) == [
        "multipart/form-data", "application/octet-stream", "image/*", "video/*",
    ]  # fmt: skip
    fields = [one["name"] for one in predict["parameters"]]
    assert fields == ["bundle", "every", "fps", "per_shot", "every_frame"]


def test_on_another_address_everything_but_its_health_and_docs_needs_the_token() -> None:
    from rushes.studio.access import access_for

    access = access_for("0.0.0.0", command="rushes serve")
    assert len(access.token) >= 32
    asked = ("/", "/predict", "/metrics", "/page/app.js", "/docs", "/ping")
    assert [path for path in asked if access.is_free(path)] == ["/docs", "/ping"]
    proxied = access_for("127.0.0.1", names=["Studio.example"], command="rushes serve")
    assert "studio.example" in (proxied.hosts or ())
    assert not proxied.is_free("/predict"), "whoever reaches the proxy would ask without a token"
    here = access_for("127.0.0.1", command="rushes serve")
    assert here.is_free("/predict")
    assert not here.is_free("/reviews/4f0a/session"), "what changes a project needs it here too"
    assert not here.is_free("/footage")
    assert not here.is_free("/runs/x")


def test_more_requests_than_wait_are_told_when_to_come_again(colours: Path, tmp_path: Path) -> None:
    import threading

    film = write_film(tmp_path / "long.mp4", [("red", 4000)])
    limits = Limits(waiting=1, per_caller=1, waiting_films=1)
    with serving([colours], tmp_path / "spool", limits=limits) as served:
        replies: list[httpx.Response] = []

        def wait() -> None:
            replies.append(served.predict(film, every_frame="true"))

        thread = threading.Thread(target=wait)
        thread.start()
        end = time.monotonic() + 60
        while not sum(served.service.jobs.states.values()) and time.monotonic() < end:
            time.sleep(0.01)
        refused = served.predict(_picture("red"))
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert served.client.get("/ping").status_code == 200
        thread.join(120)
        assert replies[0].status_code == 200
        with _begun_upload(served, "/predict") as slow:
            assert served.predict(_picture("red")).status_code == 200, "what comes in slowly holds nobody up"
            slow.shutdown(socket.SHUT_RDWR)


@contextmanager
def _begun_upload(served: Served, path: str) -> Iterator[socket.socket]:
    """Send the beginning of a large picture."""
    with socket.create_connection(("127.0.0.1", httpx.URL(served.address).port), timeout=20) as connection:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: 100000000\r\n\r\n"
        )
        connection.sendall(head.encode() + _picture("red"))
        yield connection


@pytest.mark.parametrize(
    ("path", "status"),
    [("/predict?evry=1s", b"422"), ("/jobs?every=0s", b"422"), ("/predict/batch?bundle=x", b"404"),
     ("/explain?at_seconds=x", b"422"), ("/preview?long_side=0", b"422")],
)  # fmt: skip
def test_fields_of_the_address_are_judged_before_the_body_has_come(served: Served, path: str, status: bytes) -> None:
    with _begun_upload(served, path) as connection:
        reply = connection.recv(4096)
        assert reply.startswith(b"HTTP/1.1 " + status)
        assert b"connection: close" in reply.lower()


def test_a_film_beyond_its_bounds_is_refused_in_words(colours: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 50)])
    with serving([colours], tmp_path / "spool", limits=Limits(duration_seconds=2, frames=3)) as served:
        assert "lasts 5 s; 2 s are taken" in _problem(served.predict(film))["detail"]
    with serving([colours], tmp_path / "spool2", limits=Limits(frames=3)) as served:
        assert "50 frames; 3 are the most" in _problem(served.predict(film, every_frame="true"))["detail"]


def test_a_server_that_ends_leaves_no_process_and_no_file(colours: Path, tmp_path: Path) -> None:
    import os

    film = write_film(tmp_path / "a.mp4", [("red", 3000)])
    with serving([colours], tmp_path / "spool") as served:
        served.predict(_picture("red"))
        served.predict(film, path="/jobs", every_frame="true")
        pids = served.service.pids
        assert pids
    assert _is_empty(tmp_path / "spool")
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_metrics_count_what_was_answered(served: Served) -> None:
    served.predict(_picture("red"))
    served.predict(b"nothing")
    text = served.client.get("/metrics").text
    assert 'rushes_predictions_total{bundle="colours",class="red",kind="photo"}' in text
    assert 'rushes_requests_total{method="POST",route="/predict",status="415"}' in text
    assert 'rushes_jobs{state="done"}' in text


def test_the_page_and_its_configuration_are_served(served: Served) -> None:
    assert "<title>rushes" in served.client.get("/").text
    table = served.client.get("/app.json").json()
    assert (table["schema"], table["tabs"], table["opens_on"]) == ("app/1", ["predict"], "predict")
    assert [one["name"] for one in table["bundles"]] == ["colours", "colours-again"]


def _is_empty(folder: Path) -> bool:
    end = time.monotonic() + 20
    while any(folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(folder.iterdir())


def test_a_runtime_that_a_bundle_of_shots_has_not_is_refused_at_the_start(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from bundles.shot_tiny import MOTION_ALONE, tiny_shot_bundle

    bundle = tiny_shot_bundle(tmp_path / "shots", MOTION_ALONE)
    with pytest.raises(BundleError, match="the runtime int8 cannot be taken: bundles of shots are not judged in it"):
        Service(open_served([bundle.folder]), limits=Limits(), strength=Strength(1, runtime="int8"), metrics=Metrics())
