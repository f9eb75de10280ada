"""Random kill -9 during an apply on 2,000 objects: after going on, what stands equals the plan, and nothing was lost.

The store is watched from within: at every change of it, each picture that is wanted before and after the relabel must
stand at some key. A kill counts only where it met a sync at work: its steps are written down and not all are done.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness import ROOT, Outcome, Say, Target
from benchmarks.loopback_s3 import Store, Stored, environment, s3_here
from rushes.storage.files import digest_of_bytes

TARGET = Target("ours", 0)
OBJECTS, KILLS = 2000, 100
_CLASSES = ("Junk", "Common", "Uncommon", "Rare", "Legendary")
_RELABELLED = 0.3
_GONE = 0.01
_LATENCY_SECONDS = 0.001
_PREFIX = "set/"


@dataclass
class Watched(Store):
    """A store that counts the moments at which a picture that is needed stands nowhere.

    Attributes:
        needed: ETags of the pictures that must stand at some key at every moment.
        lost: how often one did not.
    """

    needed: frozenset[str] = frozenset()
    lost: int = 0
    standing: Counter[str] = field(default_factory=Counter)

    def put(self, bucket: str, key: str, data: bytes, kind: str, etag: str | None = None) -> Stored:
        before = self.buckets[bucket].get(key)
        stored = super().put(bucket, key, data, kind, etag)
        self.standing[stored.etag] += 1
        self._left(before)
        return stored

    def remove(self, bucket: str, key: str) -> None:
        before = self.buckets[bucket].get(key)
        super().remove(bucket, key)
        self._left(before)

    def _left(self, before: Stored | None) -> None:
        if before is None:
            return
        self.standing[before.etag] -= 1
        if before.etag in self.needed and not self.standing[before.etag]:
            self.lost += 1


def picture(number: int) -> bytes:
    return f"picture {number} ".encode() * 40


def measure(say: Say, *, objects: int = OBJECTS, kills: int = KILLS, seed: int = 7) -> Outcome:
    say(f"kill -9 at a random moment of an apply on {objects:,} objects in S3 on this machine, {kills} times:")
    say(f"  each relabels {_RELABELLED:.0%}, takes {_GONE:.0%} away, brings as many back, and goes on after the kill.")
    dice = random.Random(seed)
    store = Watched({"studio": {}})
    wrong: list[str] = []
    met = tries = met_again = steps = steps_done = 0
    with (
        tempfile.TemporaryDirectory(prefix="rushes-kill-") as name,
        s3_here(store, latency_seconds=_LATENCY_SECONDS) as endpoint,
    ):
        root = Path(name)
        (root / "frames").mkdir()
        for number in range(objects):
            (root / "frames" / f"{number:05d}.jpg").write_bytes(picture(number))
        classes: dict[int, str | None] = {number: dice.choice(_CLASSES) for number in range(objects)}
        _finish(root, endpoint, classes)
        classes = _relabel(classes, dice)
        usual = _finish(root, endpoint, classes)
        while met < kills and tries < 5 * kills:
            tries += 1
            classes = _relabel(classes, dice)
            store.needed = _needed(store, classes)
            if _kill_during(root, endpoint, classes, after=dice.uniform(0, usual)) and _is_unfinished(store):
                met += 1
                of_these, done = _progress(store, classes)
                steps, steps_done = steps + of_these, steps_done + done
                # In a third of the cases another machine goes on, in half after the labels have changed again; and in
                # half the sync that goes on is killed as well.
                if dice.random() < 1 / 3:
                    shutil.rmtree(root / ".rushes")
                if dice.random() < 0.5:
                    classes = _relabel(classes, dice)
                    store.needed &= _needed(store, classes)
                again = dice.random() < 0.5 and _kill_during(root, endpoint, classes, after=dice.uniform(0, usual))
                met_again += again and _is_unfinished(store)
            _finish(root, endpoint, classes)
            wrong += _differences(store, classes)
    say(f"  {tries} relabels, {met} kills met a sync at work, {met_again} more met the one that went on;")
    say(f"  on average {steps_done / max(1, steps):.0%} of the objects had arrived by then (an apply: {usual:.1f} s)")
    say(f"  after going on: objects not as planned: {len(wrong)}; times that a picture stood nowhere: {store.lost}")
    for line in wrong[:5]:
        say(f"  {line}")
    return Outcome("relabel_kill", float(len(wrong) + store.lost), None, "objects", TARGET, condition=met >= kills)


def _relabel(classes: Mapping[int, str | None], dice: random.Random) -> dict[int, str | None]:
    now: dict[int, str | None] = {}
    for number, answer in classes.items():
        if answer is None:
            now[number] = dice.choice(_CLASSES)
        elif dice.random() < _GONE:
            now[number] = None
        else:
            now[number] = dice.choice(_CLASSES) if dice.random() < _RELABELLED else answer
    return now


def _needed(store: Store, classes: Mapping[int, str | None]) -> frozenset[str]:
    """Return the ETags of the pictures that stand there and are wanted."""
    wanted = {f"{number:05d}.jpg" for number, answer in classes.items() if answer is not None}
    return frozenset(stored.etag for key, stored in store.buckets["studio"].items() if key.rpartition("/")[2] in wanted)


def _write_wanted(root: Path, classes: Mapping[int, str | None]) -> Path:
    path = root / "wanted.json"
    rows = [[f"train/{answer}/{number:05d}.jpg", f"frames/{number:05d}.jpg", digest_of_bytes(picture(number))]
            for number, answer in classes.items() if answer is not None]  # fmt: skip
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def _sync(root: Path, endpoint: str, classes: Mapping[int, str | None]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.relabel_worker", str(root), str(_write_wanted(root, classes))]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment(endpoint), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def _kill_during(root: Path, endpoint: str, classes: Mapping[int, str | None], *, after: float) -> bool:
    """Kill a sync so many seconds after it has begun to change things; False where it had ended before."""
    with _sync(root, endpoint, classes) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "begins":
            return False
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
            return False
        process.send_signal(signal.SIGKILL)
        return True


def _finish(root: Path, endpoint: str, classes: Mapping[int, str | None]) -> float:
    """Let a sync come to its end; return the seconds from its first change on."""
    with _sync(root, endpoint, classes) as process:
        assert process.stdout is not None
        process.stdout.readline()
        begun = time.monotonic()
        _, said = process.communicate(timeout=300)
    if process.returncode:
        raise RuntimeError(f"a sync ended with {process.returncode}: {said[-500:]}")
    return time.monotonic() - begun


def _is_unfinished(store: Store) -> bool:
    return f"{_PREFIX}.rushes/steps.parquet" in store.buckets["studio"]


def _progress(store: Store, classes: Mapping[int, str | None]) -> tuple[int, int]:
    """Return how many pictures were to come to new keys, and how many of them stand there already."""
    keys, record = store.buckets["studio"].keys(), set(_record_keys(store))
    wanted = {f"{_PREFIX}train/{answer}/{number:05d}.jpg" for number, answer in classes.items() if answer is not None}
    new = wanted - record
    return len(new), len(new & keys)


def _record_keys(store: Store) -> list[str]:
    import io

    import polars as pl

    data = store.buckets["studio"][f"{_PREFIX}.rushes/record.parquet"].data
    return [f"{_PREFIX}{key}" for key in pl.read_parquet(io.BytesIO(data))["key"]]


def _differences(store: Store, classes: Mapping[int, str | None]) -> list[str]:
    """Return in what the store is not exactly what the classes say."""
    stands = {key: stored.data for key, stored in store.buckets["studio"].items() if key.startswith(f"{_PREFIX}train/")}
    wanted = {
        f"{_PREFIX}train/{answer}/{number:05d}.jpg": picture(number)
        for number, answer in classes.items()
        if answer is not None
    }
    return [key for key in sorted(stands.keys() | wanted.keys()) if stands.get(key) != wanted.get(key)]
