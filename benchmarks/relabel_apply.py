"""Moves within a bucket, through an ObjectFolder in threads, beside a boto3 loop and `aws s3 mv` per object."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.harness import Outcome, Say, Target, time_call
from benchmarks.loopback_s3 import environment, s3_apart
from benchmarks.peers import ask_peer, peer_python
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.places import Remote
from rushes.storage.stores import State

TARGET = Target("ratio", 10)
_BUCKET = "rushes-dataset"
_THREADS = 32
_PICTURE_BYTES = 20_000
_MOVED = {0: 4000, 20: 2000}  # objects, by the milliseconds that every answer waits
_MOVED_BY_LOOP = {0: 400, 20: 40}
_MOVED_BY_COMMAND = 3
_ROUNDS = 3
_HEADLINE_MS = 0


def measure(say: Say) -> Outcome:
    say(f"A move is a copy in the store, a look at the copy (size and ETag), and the removal of the original. rushes: "
        f"{_THREADS} threads over")  # fmt: skip
    say("obstore, removals by the thousand; the peer: boto3 in a loop, copy_object, head_object, delete_object, object "
        "by object, which")  # fmt: skip
    say("is as safe. The store is benchmarks/loopback_s3.py: in memory, in a process of its own.")
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
    with s3_apart([_BUCKET], latency_ms=latency_ms) as endpoint, _reached(environment(endpoint)):
        folder = object_folder(Remote("s3", _BUCKET, "dataset/"))
        _fill(folder, count)
        for turn in range(_ROUNDS):
            before, after = ("Common", "Rare") if turn % 2 == 0 else ("Rare", "Common")
            listed = dict(folder.listing(f"train/{before}/"))
            timing = time_call(lambda: _move(folder, listed, before, after))  # noqa: B023  # called at once
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


def _fill(folder: ObjectFolder, count: int) -> None:
    noise = os.urandom(_PICTURE_BYTES)
    with ThreadPoolExecutor(_THREADS) as pool:
        keys = [f"train/Common/TT_S01_E01_FRM-{number:08}.jpg" for number in range(count)]
        list(pool.map(lambda key: folder.write(key, key.encode() + noise), keys))


def _move(folder: ObjectFolder, listed: Mapping[str, State], before: str, after: str) -> None:
    def copy(key: str) -> str:
        folder.copy_within(key, key.replace(f"/{before}/", f"/{after}/"), known=listed[key])
        return key

    with ThreadPoolExecutor(_THREADS) as pool:
        copied: list[str] = []
        for key in pool.map(copy, listed):
            copied.append(key)
            if len(copied) == 1000:
                _remove(folder, copied)
                copied.clear()
        _remove(folder, copied)


def _remove(folder: ObjectFolder, keys: Sequence[str]) -> None:
    if failed := folder.delete(keys):
        raise ValueError(f"{len(failed)} objects were not removed")


def _check(folder: ObjectFolder, count: int, after: str) -> None:
    keys = [key for key, _ in folder.listing()]
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
