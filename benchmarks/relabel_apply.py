"""A relabel that moves objects in a bucket: `rushes sync apply`, beside a boto3 loop and `aws s3 mv` per object."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.harness import Outcome, Say, Target, time_call
from benchmarks.loopback_s3 import environment, s3_apart
from benchmarks.peers import ask_peer, peer_python
from rushes.datasets.sync import Options, Wanted, sync_dataset
from rushes.storage.files import digest_of_file
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.places import Remote

TARGET = Target("ratio", 10)
_BUCKET = "rushes-dataset"
_OPTIONS = Options(yes=True, parallel=32)
_PICTURE_BYTES = 20_000
_MOVED = {0: 4000, 20: 2000}  # objects, by the milliseconds that every answer waits
_MOVED_BY_LOOP = {0: 400, 20: 40}
_MOVED_BY_COMMAND = 3
_ROUNDS = 3
_HEADLINE_MS = 0


def measure(say: Say) -> Outcome:
    say("A move is a copy in the store, a look at the copy (size and ETag), and the removal of the original. rushes: a "
        "whole sync, with lock,")  # fmt: skip
    say(f"listing, plan, steps, journal and record, {_OPTIONS.parallel} requests at the same time, removals by the "
        "thousand; the peer: boto3 in a")  # fmt: skip
    say("loop, copy_object, head_object, delete_object, object by object, which is as safe, and has no journal. The "
        "store is benchmarks/")  # fmt: skip
    say("loopback_s3.py: in memory, in a process of its own.")
    python = peer_python(say)
    if python is None:
        return Outcome("relabel_apply", None, None, "ms", TARGET)
    found = {latency_ms: _compare(latency_ms, python, say) for latency_ms in _MOVED}
    say(f"The line below is of {_HEADLINE_MS} ms, milliseconds per object: there the threads cannot win by waiting at "
        "the same time, which")  # fmt: skip
    say("they do against every store that is not on this machine; what is left is what each side computes.")
    return Outcome("relabel_apply", *found[_HEADLINE_MS], "ms", TARGET)


def _compare(latency_ms: int, python: Path, say: Say) -> tuple[float, float]:
    """Return the milliseconds that one object takes us and the loop."""
    count, few = _MOVED[latency_ms], _MOVED_BY_LOOP[latency_ms]
    ours, cpu, peer, peer_cpu = [], [], [], []
    with (
        s3_apart([_BUCKET], latency_ms=latency_ms) as endpoint,
        _reached(environment(endpoint)),
        tempfile.TemporaryDirectory(prefix="rushes-moves-") as name,
    ):
        root = Path(name)
        folder = object_folder(Remote("s3", _BUCKET, "dataset/"))
        _make_pictures(root, count)
        wanted = {answer: _wanted(root, count, answer) for answer in ("Common", "Rare")}
        sync_dataset(folder, wanted["Common"], root=root, options=_OPTIONS)
        for turn in range(_ROUNDS):
            after = "Rare" if turn % 2 == 0 else "Common"
            timing = time_call(lambda: sync_dataset(folder, wanted[after], root=root, options=_OPTIONS))  # noqa: B023
            _check(folder, count, after)
            ours.append(1000 * timing.wall_seconds / count)
            cpu.append(1000 * timing.cpu_seconds / count)
            answer = ask_peer(python, "moves", endpoint, _BUCKET, f"dataset/train/{after}/", "dataset/loop/", str(few))
            ask_peer(python, "moves", endpoint, _BUCKET, "dataset/loop/", f"dataset/train/{after}/", str(few))
            peer.append(1000 * answer["wall_seconds"] / few)
            peer_cpu.append(1000 * answer["cpu_seconds"] / few)
        command = _by_command(python, folder, f"train/{after}/")
    one, other = median(ours), median(peer)
    say(f"At {latency_ms} ms per request, {count:,} pictures of {_PICTURE_BYTES:,} bytes:")
    say(f"  rushes {1000 / one:,.0f} objects/s, boto3 {answer['versions']['boto3']} in a loop {1000 / other:,.0f} "
        f"objects/s ({few} of them): {other / one:.1f} x on the wall, {median(peer_cpu) / median(cpu):.1f} x in "
        f"processor time of the client (medians of {_ROUNDS})")  # fmt: skip
    say(f"  aws s3 mv, once per object: {1000 / command:.2f} objects/s ({_MOVED_BY_COMMAND} of them): "
        f"{command / one:,.0f} x")  # fmt: skip
    return one, other


def _make_pictures(root: Path, count: int) -> None:
    noise = os.urandom(_PICTURE_BYTES)
    (root / "frames").mkdir()
    for name in _names(count):
        (root / "frames" / name).write_bytes(name.encode() + noise)


def _names(count: int) -> list[str]:
    return [f"TT_S01_E01_FRM-{number:08}.jpg" for number in range(count)]


def _wanted(root: Path, count: int, answer: str) -> Wanted:
    """Return the dataset in which every picture is of one class."""
    import polars as pl

    names = _names(count)
    columns = {
        "key": [f"train/{answer}/{name}" for name in names],
        "source": [f"frames/{name}" for name in names],
        "content": [digest_of_file(root / "frames" / name) for name in names],
        "frame": names,
        "class": [answer] * count,
        "part": ["train"] * count,
        "group": ["TT_S01_E01"] * count,
    }
    return Wanted(pl.DataFrame(columns), f"{answer}.jl", "grouped", lambda _: {})


def _check(folder: ObjectFolder, count: int, after: str) -> None:
    keys = [key for key, _ in folder.listing() if not key.startswith(".rushes/")]
    if len(keys) != count or not all(key.startswith(f"train/{after}/") for key in keys):
        raise ValueError("the moves did not end where they should")


def _by_command(python: Path, folder: ObjectFolder, prefix: str) -> float:
    """Return the milliseconds that one object takes `aws s3 mv`."""
    keys = [key for key, _ in folder.listing(prefix)][:_MOVED_BY_COMMAND]
    taken = []
    for key in keys:
        source, target = f"s3://{_BUCKET}/dataset/{key}", f"s3://{_BUCKET}/dataset/moved/{key}"
        words = [str(python.with_name("aws")), "s3", "mv", "--quiet", source, target]
        started = time.perf_counter()
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
        taken.append(time.perf_counter() - started)
        if folder.state(f"moved/{key}") is None or folder.state(key) is not None:
            raise ValueError("the command did not move what it should")
    return 1000 * median(taken)


@contextmanager
def _reached(variables: Mapping[str, str]) -> Iterator[None]:
    """Let the environment of this process and its children lead to a store."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ |= variables
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
