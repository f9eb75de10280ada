"""kill -9 of workers, of a node, of the driver, at random moments of an ingest, of features, of predictions.

After each, the command is run again until it ends by itself; what stands then is held, row for row and byte for byte,
against an unbroken run in one process. A kill counts only where it met the work before its end.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import ROOT, Outcome, Say, Target
from rushes.storage.files import digest_of_file

TARGET = Target("ours", 0)
KILLS = 50
_FILMS, _SECONDS, _PHOTOGRAPHS = 3, 40, 90
_BACKBONE = "test_efficientnet"  # small, of random weights: what counts here is that the same comes out
_GIVEN_UP_SECONDS = 300
_RUNS = 4  # of a command after a kill, until it is said not to end
_RECIPE = f"""schema = "recipe/2"
name = "seen"
split = "mixed"
[model]
kind = "features"
backbone = "{_BACKBONE}"
weights = "weights/small.safetensors"
"""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done on many items.

    Attributes:
        words: the command behind `rushes`, without engine.
        begin: brings the folder into the state before it.
        state: what stands after it, by name; two runs must have made the same.
    """

    name: str
    words: tuple[str, ...]
    begin: Callable[[], None]
    state: Callable[[], Mapping[str, Any]]


def measure(say: Say, *, kills: int = KILLS, seed: int = 11) -> Outcome:
    say(f"kill -9 at a random moment, {kills} times: of a worker of the pool here, of a worker of a cluster of two "
        "nodes on this machine, of a node of it, of the driver.")  # fmt: skip
    say(f"Acts: {_FILMS} films and {_PHOTOGRAPHS} photographs taken in; features of {_PHOTOGRAPHS} photographs and a "
        "head on them; predictions for all of it.")  # fmt: skip
    dice = random.Random(seed)
    met: Counter[str] = Counter()
    wrong: list[str] = []
    tries = 0
    with tempfile.TemporaryDirectory(prefix="rushes-kill-") as name, _cluster() as cluster:
        acts = _acts(Path(name))
        whole: dict[str, Mapping[str, Any]] = {}
        usual: dict[tuple[str, str], float] = {}
        for act in acts:
            act.begin()
            _finish(act, "here", cluster)
            whole[act.name] = act.state()
            for engine in _ENGINES:
                act.begin()
                started = time.monotonic()
                _finish(act, engine, cluster)
                usual[act.name, engine] = time.monotonic() - started
                wrong += [f"{act.name}, {engine}, unbroken: {one}" for one in _unlike(act, whole[act.name])]
        say(f"  unbroken, in one process, in the pool, on the cluster: {'the same' if not wrong else 'not the same'}")
        while met.total() < kills and tries < 4 * kills:
            tries += 1
            act, (engine, target) = dice.choice(acts), dice.choice(_TARGETS)
            act.begin()
            after = dice.uniform(0.2, 1.0) * usual[act.name, engine]
            ended = _killed(act, engine, target, cluster, dice, after=after)
            if ended is None:
                met[f"{target} ({'here' if engine == 'pool' else 'cluster'})"] += 1
            else:  # sooner than when it was timed: what comes after aims by this
                usual[act.name, engine] = ended
            _finish(act, engine, cluster)
            wrong += [f"{act.name}, {engine}, {target} killed: {one}" for one in _unlike(act, whole[act.name])]
    said = ", ".join(f"{count} of the {what}" for what, count in sorted(met.items()))
    say(f"  kills that met the work: {met.total()} of {tries}: {said}")
    say(f"  rows and files not as after an unbroken run: {len(wrong)}")
    for line in wrong[:8]:
        say(f"  {line}")
    return Outcome("scale_kill", float(len(wrong)), None, "rows and files", TARGET, condition=met.total() >= kills)


_ENGINES = ("pool", "ray")
_TARGETS = (("pool", "worker"), ("pool", "driver"), ("ray", "worker"), ("ray", "node"), ("ray", "driver"))


# Runs of the command.


def _command(act: Act, engine: str) -> list[str]:
    words = {"here": ["--workers", "1"], "pool": ["--workers", "2"], "ray": ["--engine", "ray", "--workers", "2"]}
    return [sys.executable, "-m", "rushes", *act.words, *words[engine]]


def _environment(cluster: Any) -> dict[str, str]:
    source = str(ROOT / "src")
    return os.environ | {"RAY_ADDRESS": cluster.address, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}


def _begun(act: Act, engine: str, cluster: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        _command(act, engine), env=_environment(cluster), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _finish(act: Act, engine: str, cluster: Any) -> None:
    """Run a command until it ends well."""
    said = ""
    for _ in range(_RUNS):
        with _begun(act, engine, cluster) as process:
            try:
                _, said = process.communicate(timeout=_GIVEN_UP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                said = "it did not end"
                continue
        if process.returncode == 0:
            return
    raise RuntimeError(f"rushes {act.words[0]} with {engine} does not end well:\n{said[-2000:]}")


def _killed(act: Act, engine: str, target: str, cluster: Any, dice: random.Random, *, after: float) -> float | None:
    """Kill something so long after a command began, and return None; where the end came first, after how many seconds.

    A worker is waited for: it is there only once the command has begun its work.
    """
    started = time.monotonic()
    with _begun(act, engine, cluster) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
            return time.monotonic() - started
        if target == "node":
            cluster.lose_one(dice)
        else:
            while not (pids := [process.pid] if target == "driver" else _workers_of(process, engine, cluster)):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
                    return time.monotonic() - started
            with suppress(ProcessLookupError):
                os.kill(dice.choice(pids), signal.SIGKILL)
        try:
            process.communicate(timeout=_GIVEN_UP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise RuntimeError(f"rushes {act.words[0]} hangs after the {target} was killed ({engine})") from None
        finally:
            if target == "node":
                cluster.gain_one()
        return None


def _workers_of(process: subprocess.Popen[str], engine: str, cluster: Any) -> list[int]:
    """Return the processes that work: of the pool, or on the cluster."""
    if engine == "pool":
        return [pid for pid in _children(process.pid) if "spawn" in _words_of(pid)]
    # A node's own agents are its children too, and a node ends with them.
    return [pid for raylet in cluster.raylets() for pid in _children(raylet) if "ray::Worker" in _words_of(pid)]


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry.name))
    return found


def _words_of(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


class _Cluster:
    """A head and two nodes of one core each on this machine."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        self._nodes = [self._new() for _ in range(2)]
        self.address = str(self._cluster.address)

    def _new(self) -> Any:
        return self._cluster.add_node(num_cpus=1, object_store_memory=150 << 20)

    def raylets(self) -> list[int]:
        return [node.all_processes["raylet"][0].process.pid for node in self._nodes]

    def lose_one(self, dice: random.Random) -> None:
        """Kill the raylet of a node, and with it all that runs there."""
        node = dice.choice(self._nodes)
        raylet = node.all_processes["raylet"][0].process.pid
        for pid in (*_children(raylet), raylet):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._nodes.remove(node)
        self._lost = node

    def gain_one(self) -> None:
        """Put another node in the place of the one that was killed."""
        with suppress(Exception):  # its processes are gone: what is left is to forget it
            self._cluster.remove_node(self._lost, allow_graceful=False)
        self._nodes.append(self._new())

    def close(self) -> None:
        self._cluster.shutdown()


@contextmanager
def _cluster() -> Iterator[_Cluster]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    cluster = _Cluster()
    try:
        yield cluster
    finally:
        cluster.close()


# What is done.


def _acts(root: Path) -> list[Act]:
    footage = root / "footage"
    _make_footage(footage)
    taken, learnt = root / "taken", root / "learnt"
    fresh, ready = root / "fresh", root / "ready"
    _rushes("init", str(fresh), "--task", "kind=Dark,Light")
    _rushes("init", str(ready), "--task", "kind=Dark,Light")
    for words in (
        ("ingest", str(footage / "photographs"), "--class-folders"),
        ("manifest", "build"),
        ("split", "make", "--kind", "mixed"),
    ):
        _rushes(*words, "--project", str(ready))
    _make_weights(ready / "weights" / "small.safetensors")
    (ready / "recipes" / "seen.toml").write_text(_RECIPE, encoding="utf-8")
    shutil.copytree(ready, learnt)
    _rushes("train", "seen", "--project", str(learnt))
    run = next(path for path in sorted((learnt / "runs").iterdir()) if path.is_dir())
    bundle = root / "bundle"
    _rushes("export", str(run), "--to", str(bundle), "--project", str(learnt))
    out = root / "out.csv"

    def anew(folder: Path, state: Path) -> Callable[[], None]:
        def begin() -> None:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(state, folder)

        return begin

    def forget() -> None:
        for path in root.glob("out.csv*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(fresh / ".rushes" / "cache", ignore_errors=True)

    return [
        Act(
            "ingest",
            (
                "ingest",
                str(footage / "films"),
                str(footage / "photographs"),
                "--every",
                "0.5s",
                "--project",
                str(taken),
            ),
            anew(taken, fresh),
            lambda: _catalog_state(taken),
        ),
        Act("features", ("train", "seen", "--project", str(learnt)), anew(learnt, ready), lambda: _run_state(learnt)),
        Act(
            "prediction",
            ("predict", str(bundle), str(footage), "--every", "0.5s", "--out", str(out), "--project", str(fresh)),
            forget,
            lambda: dict(enumerate(out.read_text(encoding="utf-8").splitlines())),
        ),
    ]


def _rushes(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "rushes", *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"rushes {' '.join(words)} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def _make_footage(folder: Path) -> None:
    import av
    import cv2

    dice = np.random.default_rng(5)
    (folder / "films").mkdir(parents=True)
    for number in range(_FILMS):
        with av.open(str(folder / "films" / f"film{number}.mp4"), "w") as file:
            stream = file.add_stream("libx264", rate=24)
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
            ground = cv2.resize(dice.integers(0, 256, (9, 16, 3), np.uint8), (480, 270), interpolation=cv2.INTER_CUBIC)
            for at in range(24 * _SECONDS):
                x = (at * (number + 1)) % 160
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(ground[40:220, x : x + 320]), format="rgb24")
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    for number in range(_PHOTOGRAPHS):
        name, low = ("Dark", 0) if number % 2 else ("Light", 120)
        small = dice.integers(low, low + 120, (12, 16, 3), np.uint8)
        pixels = cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)
        place = folder / "photographs" / name / f"p{number // 2:03d}.jpg"  # the same names in both: they collide
        place.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place), pixels)


def _make_weights(path: Path) -> None:
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(3)
    path.parent.mkdir(exist_ok=True)
    save_file(timm.create_model(_BACKBONE, pretrained=False).state_dict(), str(path))


# What stands.


def _catalog_state(root: Path) -> dict[str, Any]:
    """Return every row of a project's catalog, without when it was added, and every picture's digest."""
    import sqlite3

    state: dict[str, Any] = {}
    with sqlite3.connect(root / ".rushes" / "catalog.db") as catalog:
        catalog.row_factory = sqlite3.Row
        for table, key in (("files", "path"), ("sources", "digest"), ("frames", "id"), ("labels", "number")):
            for row in catalog.execute(f"SELECT * FROM {table}"):
                values = {name: value for name, value in dict(row).items() if name not in ("added_at", "stated_at")}
                state[f"{table} {row[key]}"] = values
    for path in sorted(root.rglob("*.jpg")):
        state[path.relative_to(root).as_posix()] = digest_of_file(path)
    return state


def _run_state(root: Path) -> dict[str, Any]:
    """Return the features that are kept, by the digest of the picture, and what the newest run's head answers."""
    from rushes.learning.predictions import read_predictions
    from rushes.learning.runs import read_run

    state: dict[str, Any] = {}
    for part in sorted((root / ".rushes" / "cache").rglob("part-*.npz")):
        with np.load(part, allow_pickle=False) as kept:
            for name, row in zip(kept["digests"].tolist(), kept["features"], strict=True):
                state[f"features {name}"] = row.tobytes()
    run = read_run(max(path for path in (root / "runs").iterdir() if path.is_dir()))
    for name in ("validation", "test"):
        state[name] = read_predictions(run.predictions_file(name)).probabilities.tobytes()
    return state


def _unlike(act: Act, whole: Mapping[str, Any]) -> list[str]:
    found = act.state()
    return [str(key) for key in [*whole, *(found.keys() - whole.keys())] if found.get(key) != whole.get(key)]
