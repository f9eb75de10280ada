"""The maker of an app: a bundle as an API and a page, from the command line to the last request."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

from inference.plain import write_film, write_photo
from journeys.conftest import Rushes, run_rushes_here

TOKEN = "a-token-that-is-long-enough"


@dataclass
class Serving:
    """A server in a process of its own.

    Attributes:
        said: what it printed as JSON once it answered.
        status, out, err: once it ended.
    """

    process: subprocess.Popen[str]
    said: dict[str, Any]
    status: int | None = None
    out: str = ""
    err: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
        request = urllib.request.Request(self.said["address"].rstrip("/") + path, data, self.headers | headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return reply.status, _read(reply), reply.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error), error.headers

    def end(self, by: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(by)
        self.out, self.err = self.process.communicate(timeout=60)
        self.status = self.process.returncode


def _read(reply: IO[bytes]) -> Any:
    data = reply.read()
    try:
        return json.loads(data)
    except ValueError:
        return data


@contextmanager
def served(*words: object, folder: Path, port: int | None = 0, **environment: str) -> Iterator[Serving]:
    asked = [] if port is None else ["--port", port]
    with begun("serve", *words, *asked, "--decoders", 1, folder=folder, **environment) as server:
        yield server


@contextmanager
def begun(*words: object, folder: Path, **environment: str) -> Iterator[Serving]:
    """Give a verb that serves, once it has printed where."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rushes", *(str(word) for word in words), "--json"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = ""
        while not lines.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            lines += line
        yield Serving(process, json.loads(lines))
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder


def test_a_bundle_answers_until_the_server_is_told_to_end(colours: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", [("red", 30), ("green", 10)])
    with served(colours, folder=tmp_path) as server:
        assert server.said["bundles"] == ["colours"]
        assert server.said["page"] == server.said["address"], "no token is needed on this machine outside a project"
        assert server.ask("/ping")[:2] == (200, "Hello World")
        status, answer, _ = server.ask("/predict", write_photo(tmp_path / "a.jpg", "blue").read_bytes(),
                                       **{"Content-Type": "image/jpeg"})  # fmt: skip
        assert (status, answer["predicted_class"]) == (200, "blue")
        status, answer, _ = server.ask("/predict?every=0.5s", film.read_bytes(), **{"Content-Type": "video/mp4"})
        assert [one["predicted_class"] for one in answer["timeline"]] == ["red", "green"]
        assert server.ask("/predict", b"no picture", **{"Content-Type": "image/jpeg"})[0] == 415
        assert b"<title>rushes" in server.ask("/")[1]
        server.end()
    assert server.status == 0
    assert "Traceback" not in server.err


@pytest.mark.longer
def test_a_film_that_takes_longer_than_the_grace_is_told_that_the_server_stops(colours: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "long.mp4", [("red", 43_000)]).read_bytes()
    replies: list[tuple[int, Any, Mapping[str, str]]] = []
    with served(colours, folder=tmp_path) as server:
        asked = [threading.Thread(target=lambda: replies.append(server.ask("/predict?every_frame=true", film)))
                 for _ in range(4)]  # fmt: skip
        for one in asked:
            one.start()
        time.sleep(2)
        server.end()
        for one in asked:
            one.join(60)
    statuses = [status for status, _, _ in replies]
    assert len(statuses) == 4
    assert set(statuses) <= {200, 503}, "none is cut off without a word"
    assert 503 in statuses
    assert "Traceback" not in server.err


def test_ctrl_c_ends_it_as_well(colours: Path, tmp_path: Path) -> None:
    with served(colours, folder=tmp_path) as server:
        server.end(signal.SIGINT)
    assert (server.status, "Traceback" in server.err) == (0, False)


def test_inside_a_project_its_reviews_footage_and_runs_are_on_the_page(colours: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    run_rushes_here("init", project, "--task", "colour=red,green,blue", "--task", "light=dark,bright")
    write_photo(tmp_path / "shoot" / "a.jpg", "red")
    run_rushes_here("ingest", tmp_path / "shoot", "--project", project)
    with served(colours, folder=project) as server:
        assert server.ask("/app.json")[1]["tabs"] == ["predict"], "without the token nothing is said of the project"
        token = server.said["page"].partition("token=")[2]
        config = server.ask("/app.json", Authorization=f"Bearer {token}")[1]
        assert config["tabs"] == ["predict", "review", "footage", "runs"]
        review, other = config["reviews"]
        assert (review["count"], review["title"], other["title"]) == (1, "project, colour", "project, light")
        session = f"/reviews/{review['slug']}/session"
        for path in (session, "/footage", "/runs"):
            assert server.ask(path)[0] == 401, path
        server.headers = {"Authorization": f"Bearer {token}"}
        status, table, _ = server.ask(session)
        assert (status, table["schema"], table["count"]) == (200, "review/2", 1)
        assert (table["model"]["kind"], table["model"]["id"]) == ("bundle", config["bundles"][0]["id"])
        assert server.ask(f"/reviews/{other['slug']}/session")[1]["model"] is None, "the bundle is of another task"
        assert server.ask("/footage")[0] == 200
        assert server.ask("/runs")[0] == 200
        server.end()
    assert server.status == 0, server.err
    (kept,) = (project / ".rushes" / "review").iterdir()
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with served(colours, folder=project, port=None, RUSHES_TOKEN=TOKEN) as again:
        assert again.said["address"] == server.said["address"], "a tab that is open finds it again"
        server.headers = {"Authorization": f"Bearer {TOKEN}"}
        assert server.ask("/runs")[0] == 200
    port = int(server.said["address"].rstrip("/").rpartition(":")[2])
    assert json.loads(kept.read_text()) == {"port": port, "token": token}, "a token that was given is not kept"
    with begun("review", "--task", "colour", "--model", colours, "--no-open", folder=project) as review:
        address, _, token = review.said["address"].partition("?token=")
        review.said["address"] = address
        review.headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"}
        config = review.ask("/app.json")[1]
        assert (config["tabs"], config["opens_on"]) == (["predict", "review", "footage", "runs"], "review")
        answer = review.ask("/predict", write_photo(tmp_path / "b.jpg", "blue").read_bytes())[1]
        assert answer["predicted_class"] == "blue"
        assert review.ask("/predict", b"", Authorization="")[0] == 401, "a review lets nobody in without its token"
        review.end()
    assert review.status == 0, review.err


def test_a_token_of_the_environment_is_asked_for_everywhere(colours: Path, tmp_path: Path) -> None:
    with served(colours, folder=tmp_path, RUSHES_TOKEN=TOKEN) as server:
        assert TOKEN not in json.dumps(server.said)
        tasks = Path(f"/proc/{server.process.pid}/task")  # of Linux
        children = [one for task in tasks.glob("*") for one in (task / "children").read_text().split()]
        assert all(TOKEN.encode() not in Path(f"/proc/{one}/environ").read_bytes() for one in children)
        assert bool(children) is tasks.exists()
        assert server.ask("/bundles")[0] == 401
        assert server.ask("/health/ready")[0] == 200
        assert server.ask("/bundles", Authorization=f"Bearer {TOKEN}")[0] == 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere"),
        (["BUNDLE", "BUNDLE"], "another bundle is called 'colours' too"),
        (["BUNDLE", "--max-picture", "much"], "Allowed: 500K, 64M, 1.5G"),
        (["BUNDLE", "--max-duration", "long"], "--max-duration"),
        (["BUNDLE", "--token-file", "none.txt"], "--token-file none.txt: cannot be read"),
        (["BUNDLE", "--host", "no.such.host.invalid"], "--host no.such.host.invalid"),
        (["BUNDLE", "--runtime", "abacus"], "abacus"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(
    rushes: Rushes, colours: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    done = rushes("serve", *(str(colours) if word == "BUNDLE" else word for word in words), folder=tmp_path, status=2)
    assert said in done.err
    assert done.err.strip().count("\n") <= 1


def test_a_port_that_is_taken_is_told(rushes: Rushes, colours: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = rushes("serve", colours, "--port", taken.getsockname()[1], folder=tmp_path, status=2)
    assert "cannot be used" in done.err


def test_a_bundle_that_was_altered_is_not_served(rushes: Rushes, colours: Path, tmp_path: Path) -> None:
    import shutil

    altered = Path(shutil.copytree(colours, tmp_path / "altered"))
    classes = altered / "classes.json"
    classes.write_text(classes.read_text().replace("red", "rad"))
    assert "classes.json" in rushes("serve", altered, folder=tmp_path, status=2).err
