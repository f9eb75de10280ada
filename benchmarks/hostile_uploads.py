"""Hostile files sent to `rushes serve` again and again: what each is answered, and the memory of the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.harness import ROOT, Outcome, Say, Target, find_media

TARGET = Target("ratio", 0.9)
ROUTES = ("/predict", "/predict/batch", "/explain", "/jobs")
ALLOWED = frozenset((200, 202, 400, 413, 415, 422, 504))
_ROUNDS, _WARM, _CLIENTS = 12, 2, 4
_PROBLEM = "application/problem+json"
_JOB_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Process:
    """A server in a process of its own, and where it keeps what it is sent."""

    pid: int
    address: str
    spool: Path
    errors: Path

    def memory(self) -> dict[int, int]:
        """Return the resident bytes of the server and of every process below it."""
        return {pid: _resident(pid) for pid in (self.pid, *children_of(self.pid))}

    def leftovers(self) -> list[str]:
        """Return the names of files in the spool."""
        return sorted(path.name for path in self.spool.rglob("*") if path.is_file())


@contextmanager
def serve_apart(bundle: Path, folder: Path, *options: str) -> Iterator[Process]:
    """Give a server of one bundle, once it is ready."""
    spool, errors = folder / "spool", folder / "errors.txt"
    spool.mkdir(exist_ok=True)
    words = [sys.executable, "-m", "rushes.cli.main", "serve", str(bundle), "--port", "0", "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    with errors.open("w") as said:
        process = subprocess.Popen(
            [*words, "--spool", str(spool), *options], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=said,
            text=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        yield Process(process.pid, _address(process.stdout, errors), spool, errors)
    finally:
        process.stdout.close()
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(lines: Iterator[str], errors: Path) -> str:
    text = ""
    for line in lines:
        text += line
        with suppress(json.JSONDecodeError):
            return str(json.loads(text)["address"]).rstrip("/")
    raise RuntimeError(f"the server did not start: {errors.read_text()}")


def children_of(pid: int) -> list[int]:
    """Return every process below another, of Linux."""
    above = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                above[int(folder.name)] = int(_stat(int(folder.name))[1])
    found, left = [], [pid]
    while left:
        one = left.pop()
        some = [child for child, parent in above.items() if parent == one]
        found += some
        left += some
    return found


def zombies_of(pid: int) -> list[int]:
    """Return the processes below another that ended and that nobody asked after."""
    dead = []
    for child in children_of(pid):
        with suppress(OSError):
            if _stat(child)[0] == "Z":
                dead.append(child)
    return dead


def _stat(pid: int) -> list[str]:
    """Return what stands behind the name of a process: its state, its parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _resident(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
    return 0


@dataclass(slots=True)
class Answers:
    """What was answered: by file and route, how often each status; and what should not have been."""

    statuses: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def note(self, name: str, route: str, status: int, said: str) -> None:
        """Take note of one answer."""
        self.statuses.setdefault((name, route), Counter())[status] += 1
        if status not in ALLOWED:
            self.wrong.append(f"{name} at {route}: {status} {said[:300]}")


def send_all(
    client: httpx.Client,
    files: Mapping[str, bytes],
    answers: Answers,
    *,
    clients: int,
    routes: Sequence[str] = ROUTES,
) -> None:
    """Send every file to every route, so many requests at a time."""
    asked = [(name, route) for name in files for route in routes]
    with ThreadPoolExecutor(clients) as threads:
        for name, route, status, said in threads.map(lambda one: _send(client, files, *one), asked):
            answers.note(name, route, status, said)


def _send(client: httpx.Client, files: Mapping[str, bytes], name: str, route: str) -> tuple[str, str, int, str]:
    status, said = send(client, route, name, files[name])
    return name, route, status, said


def send(client: httpx.Client, route: str, name: str, data: bytes) -> tuple[int, str]:
    """Return the status of what a file is answered, of a batch or a job that of the file itself, and the reason."""
    try:
        reply = client.post(route, files={"file": (name, data)})
    except httpx.HTTPError as error:
        return 0, f"no answer: {error!r}"
    if reply.status_code >= 400:
        if reply.headers["content-type"] != _PROBLEM:
            return 0, f"{reply.status_code} without a problem: {reply.text[:200]}"
        return _of_problem(reply.json())
    if route == "/jobs":
        return _of_job(client, reply.headers["location"])
    if route == "/predict/batch":
        problem = reply.json()["results"][0].get("problem")
        return _of_problem(problem) if problem else (reply.status_code, "")
    return reply.status_code, ""


def _of_job(client: httpx.Client, href: str) -> tuple[int, str]:
    end = time.monotonic() + _JOB_SECONDS
    while time.monotonic() < end:
        table = client.get(href).json()
        if table["state"] == "done":
            return 200, ""
        if table["state"] in ("failed", "cancelled"):
            return _of_problem(table.get("problem", {"status": 0, "detail": table["state"]}))
        time.sleep(0.02)
    return 0, "the job did not end"


def _of_problem(table: Mapping[str, Any]) -> tuple[int, str]:
    return int(table["status"]), str(table["detail"])


def is_ready(client: httpx.Client) -> bool:
    """Return whether the server says that it answers."""
    return client.get("/health/ready").status_code == 200


def measure(say: Say) -> Outcome:
    from benchmarks.hostile_files import make_hostile_files, read_hostile_files

    files, media = make_hostile_files(), find_media()
    bombs = {name: data for name, data in make_hostile_files(large=True).items() if name not in files}
    if media is not None:
        files |= read_hostile_files(media)
    say(f"{len(files)} hostile files, to each of {', '.join(ROUTES)}, {_ROUNDS} rounds, {_CLIENTS} requests at a time, "
        f"behind one round of {len(bombs)} bombs that keep a decoder busy; the peer is the same server after "
        f"{_WARM} rounds")  # fmt: skip
    answers = Answers()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with serve_apart(make_bundle(place), place) as process, open_client(process) as client:
            send_all(client, bombs, answers, clients=_CLIENTS)
            own = in_rounds(process, client, files, answers, rounds=_ROUNDS, say=say)
            left, dead, ready = process.leftovers(), zombies_of(process.pid), is_ready(client)
    _say_statuses(answers, say)
    say(f"Left in the spool: {len(left)} files; processes that ended and were not asked after: {len(dead)}")
    good = ready and not answers.wrong and not left and not dead
    before, after = own[_WARM - 1], own[-1]
    say(f"The line below is the memory of the server itself after {_ROUNDS} rounds and after {_WARM}; it holds only "
        "where each answer was 200 or says what is wrong with the file, and nothing was left.")  # fmt: skip
    return Outcome("hostile_uploads", after / 1e6, before / 1e6, "MB", TARGET, good)


def make_bundle(folder: Path) -> Path:
    """Return a bundle of a MobileNetV2 of 224 pixels with random weights."""
    from benchmarks.runtime import _export, _network

    network, preprocessing = _network("mobilenetv2_100")
    noise = np.random.default_rng(0).integers(0, 256, (8, 224, 224, 3), np.uint8)
    return _export("mobilenetv2_100", network, preprocessing, noise, folder).folder


def open_client(process: Process) -> httpx.Client:
    """Return what asks a server, patiently."""
    return httpx.Client(base_url=process.address, timeout=300)


def in_rounds(
    process: Process, client: httpx.Client, files: Mapping[str, bytes], answers: Answers, *, rounds: int, say: Say
) -> list[int]:
    """Send files again and again, and return the resident bytes of the server itself after each round."""
    own = []
    for number in range(1, rounds + 1):
        begun = time.monotonic()
        send_all(client, files, answers, clients=_CLIENTS)
        memory = process.memory()
        own.append(memory[process.pid])
        workers = sorted(size for pid, size in memory.items() if pid != process.pid)
        say(f"  round {number}: {time.monotonic() - begun:.0f} s; server {own[-1] / 1e6:.0f} MB, below it "
            f"{', '.join(f'{size / 1e6:.0f}' for size in workers)} MB; {len(answers.wrong)} wrong answers")  # fmt: skip
    return own


def _say_statuses(answers: Answers, say: Say) -> None:
    names: Sequence[str] = list(dict.fromkeys(name for name, _ in answers.statuses))
    say(f"  {'file':36}{''.join(f'{route:>16}' for route in ROUTES)}")
    for name in names:
        cells = ["/".join(map(str, sorted(answers.statuses[name, route]))) for route in ROUTES]
        say(f"  {name:36}{''.join(f'{cell:>16}' for cell in cells)}")
    for line in dict.fromkeys(answers.wrong):
        say(f"  wrong: {line}")
