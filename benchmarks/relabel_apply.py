"""Moves within a bucket, as a sync makes them, beside a boto3 loop and `aws s3 mv` per object."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.harness import Outcome, Say, Target, time_call
from benchmarks.loopback_s3 import environment, s3_apart
from benchmarks.peers import ask_peer, peer_python
from rushes.datasets.sync_apply import PARALLEL, apply_steps
from rushes.datasets.sync_journal import open_journal
from rushes.datasets.sync_lock import hold_lock
from rushes.storage.object_folder import ObjectFolder, object_folder
from rushes.storage.places import Remote
from rushes.storage.stores import State

TARGET = Target("ratio", 10)
_BUCKET = "rushes-dataset"
_PICTURE_BYTES = 20_000
_MOVED = {0: 4000, 20: 2000}  # objects, by the milliseconds that every answer waits
_MOVED_BY_LOOP = {0: 400, 20: 40}
_MOVED_BY_COMMAND = 3
_ROUNDS = 3
_HEADLINE_MS = 0


def measure(say: Say) -> Outcome:
    say("A move is a copy in the store, a look at the copy (size and ETag), and the removal of the original.")
    say(f"rushes: sync_apply with lock and journal, {PARALLEL} threads over obstore, removals by the thousand.")
    say("The peer: boto3 in a loop, copy_object, head_object, delete_object, object by object: as safe, if not killed.")
    say("The store is benchmarks/loopback_s3.py: in memory, in a process of its own.")
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
        tempfile.TemporaryDirectory() as root,
    ):
        folder = object_folder(Remote("s3", _BUCKET, "dataset/"))
        _fill(folder, count)
        for turn in range(_ROUNDS):
            before, after = ("Common", "Rare") if turn % 2 == 0 else ("Rare", "Common")
            listed = dict(folder.listing(f"train/{before}/"))
            steps = _steps(listed, before, after)
            timing = time_call(lambda: _apply(folder, steps, Path(root)))  # noqa: B023  # called at once
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
    with ThreadPoolExecutor(PARALLEL) as pool:
        keys = [f"train/Common/TT_S01_E01_FRM-{number:08}.jpg" for number in range(count)]
        list(pool.map(lambda key: folder.write(key, key.encode() + noise), keys))


def _steps(listed: Mapping[str, State], before: str, after: str) -> pl.DataFrame:
    """Return the steps that move every object from one class to another."""
    rows = [
        (step, "move", key.replace(f"/{before}/", f"/{after}/"), key, "", "", state.size_bytes, state.stamp)
        for step, (key, state) in enumerate(sorted(listed.items()))
    ]
    names = ["step", "kind", "key", "key_from", "source", "content", "size_bytes", "etag"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _apply(folder: ObjectFolder, steps: pl.DataFrame, root: Path) -> None:
    built = steps.select(pl.col("key_from").alias("key"), "content", "size_bytes", "etag")
    with hold_lock(folder) as lock, open_journal(root / f"{secrets.token_hex(8)}.tsv") as journal:
        applied = apply_steps(folder, steps, built, journal, root=root, lock=lock)
    if applied.failures:
        raise ValueError(f"{len(applied.failures)} objects were not moved: {applied.failures[0]}")


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
